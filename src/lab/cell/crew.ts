/**
 * One worker as its supervisor sees it: messages folded into a status, its end, its failure.
 *
 * Promises: the newest progress per task of the current life; `failure` names a life that ended when nobody
 * wanted it to. Does not: decide to restart; the cell does.
 */
import { LabError, type ErrorCode } from '../../core/errors.ts'
import type {
  CrashOrder,
  FromWorker,
  WorkerExit,
  WorkerHandle,
  Workers,
  WorkerSpec,
} from '../../core/ports/workers.ts'
import { within } from '../wait.ts'

export interface TaskStatus {
  recovered: boolean
  /** Next input offset committed by this life; undefined until its first commit. */
  next: number | undefined
  /** Fetch position at which the lag was last zero, undefined while it is not. */
  zeroAt: number | undefined
  records: number
}

const unstarted = (): TaskStatus => ({ recovered: false, next: undefined, zeroAt: undefined, records: 0 })

export interface SnapshotDone {
  readonly task: number
  readonly snapshotId: string
  readonly bytes: number
  readonly ms: number
}

/** Counts how often each point is reached, and kills nowhere. */
export const COUNT_ALL: CrashOrder = { point: '*', hit: 0, task: -1 }

type ArmListener = (request: Extract<FromWorker, { type: 'arm' }>) => void

export class CrewMember {
  readonly spec: WorkerSpec
  readonly handle: WorkerHandle
  readonly tasks = new Map<number, TaskStatus>()
  journalFile: string | undefined
  exit: WorkerExit | undefined
  /** CLOCK_MONOTONIC: spawned, or the last time it was told to take over tasks. */
  livesSince: number
  /** Its tasks were taken over: it is not waited for, and not asked to stop. */
  retired = false
  #failed: Extract<FromWorker, { type: 'failed' }> | undefined
  #expectEnd = false
  #crashAccepted = false
  #pausing = false
  readonly #snapshots: SnapshotDone[] = []
  readonly #lines: string[] = []
  readonly #ends = new Map<number, number>()
  readonly #onArm: ArmListener
  readonly #onLine: (line: string) => void

  constructor(
    workers: Workers,
    spec: WorkerSpec,
    listeners: { onArm?: ArmListener; onLine?: (line: string) => void } = {},
  ) {
    this.spec = spec
    this.#onArm = listeners.onArm ?? (() => {})
    this.#onLine = listeners.onLine ?? (() => {})
    for (const task of spec.tasks) this.tasks.set(task, unstarted())
    this.handle = workers.spawn(spec)
    this.livesSince = this.handle.spawnedAt
    this.handle.onMessage((message) => this.#receive(message))
    void this.handle.exited.then((exit) => (this.exit = exit))
  }

  get name(): string {
    return `${this.spec.operator}.${this.spec.instance}`
  }

  get crashAccepted(): boolean {
    return this.#crashAccepted
  }

  /** It said that it is about to stop itself, or was stopped. */
  get pausing(): boolean {
    return this.#pausing
  }

  /** Stops it where it is. */
  halt(): void {
    this.#pausing = true
    this.handle.kill('SIGSTOP')
  }

  wake(): void {
    this.#pausing = false
    this.handle.kill('SIGCONT')
  }

  get snapshots(): readonly SnapshotDone[] {
    return this.#snapshots
  }

  get lines(): readonly string[] {
    return this.#lines
  }

  /** Tells a living worker to take over tasks; their recovery is counted from `now`. */
  own(tasks: readonly number[], now: number): void {
    for (const task of tasks) this.tasks.set(task, unstarted())
    this.livesSince = now
    this.handle.send({ type: 'own', tasks })
  }

  /** From here on the end of the process is no failure. */
  expectEnd(): void {
    this.#expectEnd = true
  }

  crash(order: CrashOrder): void {
    this.#crashAccepted = false
    this.expectEnd()
    this.handle.send({ type: 'crash', order })
  }

  /** From now on it counts how often each point is reached, and dies nowhere. */
  count(): void {
    this.#crashAccepted = false
    this.handle.send({ type: 'crash', order: COUNT_ALL })
  }

  /** Names the end of a task's input for now, once per end. */
  inputEnd(task: number, offset: number): void {
    if (this.#ends.get(task) === offset) return
    this.#ends.set(task, offset)
    this.handle.send({ type: 'input-end', task, offset })
  }

  /** The error of a life that failed by itself, once it is known. */
  failure(): LabError | undefined {
    if (this.#failed) {
      const { code, message, hint } = this.#failed
      return new LabError(code as ErrorCode, `${this.name}: ${message}`, hint === undefined ? {} : { hint })
    }
    if (this.exit === undefined || this.#expectEnd) return undefined
    const how = this.exit.signal ?? `exit code ${this.exit.code}`
    return new LabError(
      'WORKER_DIED',
      `${this.name} (pid ${this.handle.pid}) ended with ${how} when it should not have`,
      {
        hint: `see ${this.spec.stateDir}/logs/${this.name}.log and its journal ${this.journalFile ?? ''}`,
      },
    )
  }

  /** Asks it to stop after the transaction in hand; resolves with its exit. */
  async stop(boundMs = 4000): Promise<WorkerExit> {
    this.expectEnd()
    this.handle.send({ type: 'stop' })
    try {
      return await within(this.handle.exited, { what: `${this.name} to stop`, ms: boundMs })
    } catch {
      this.handle.kill('SIGKILL')
      return this.handle.exited
    }
  }

  #receive(message: FromWorker): void {
    if (message.type === 'ready') this.journalFile = message.journal
    else if (message.type === 'failed') this.#failed = message
    else if (message.type === 'crash-accepted') this.#crashAccepted = true
    else if (message.type === 'pausing') this.#pausing = true
    else if (message.type === 'snapshot-done') this.#snapshots.push(message)
    else if (message.type === 'arm') this.#onArm(message)
    else if (message.type === 'log-line') {
      this.#lines.push(message.line)
      this.#onLine(message.line)
    } else this.#updateTask(message)
  }

  #updateTask(message: Extract<FromWorker, { task: number }>): void {
    const status = this.tasks.get(message.task)
    if (!status) return
    if (message.type === 'recovered') status.recovered = true
    else if (message.type === 'lag-zero') status.zeroAt = message.position
    else if (message.type === 'progress') {
      status.next = message.next
      status.zeroAt = undefined
      status.records += message.records
    }
  }
}
