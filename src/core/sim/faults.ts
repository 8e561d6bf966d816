/**
 * The faults of a schedule: each waits from its step on for an occasion, takes it once, and is written down.
 *
 * Promises: what a fault does is what the world it stands for can do: a lost answer is one to a request that
 * took effect or never arrived, a repeated request is one that the protocol allows to be sent again.
 * Does not: know the workers' code; it sees requests, writes and processes.
 */
import type { Operator } from '../contracts/names.ts'
import { LabError } from '../errors.ts'
import type { FaultKind, SimFault } from './mix.ts'
import type { SimProcess } from './process.ts'
import type { Random } from './random.ts'
import type { RequestFate } from './scheduler.ts'

export interface FaultHands {
  readonly step: () => number
  readonly newest: (worker: Operator, task: number) => SimProcess | undefined
  readonly kill: (process: SimProcess, fault: SimFault) => void
  /** Milliseconds until a request that is held back is let go. */
  readonly late: (fault: SimFault) => number
  readonly pause: (process: SimProcess, fault: SimFault) => void
  /** Ends the open transaction of a task's id as the coordinator does; false if none is open. */
  readonly expire: (worker: Operator, task: number) => boolean
  readonly compact: () => void
  /** Asks for a snapshot; false if nobody could take one now. */
  readonly snapshot: (process: SimProcess, task: number) => boolean
  readonly took: (fault: SimFault, process: SimProcess | undefined, what: string) => void
}

/** Requests that a client sends again when an answer is late, and that the broker takes twice without harm. */
const REPEATABLE = /^(commit|add-offsets) /

export class Faults {
  readonly #hands: FaultHands
  readonly #draw: Random
  #waiting: readonly SimFault[]
  #inRecovery: readonly SimFault[] = []
  /** Fault that ordered a process to die at a point. */
  readonly #orders = new Map<SimProcess, SimFault>()

  constructor(faults: readonly SimFault[], draw: Random, hands: FaultHands) {
    this.#waiting = faults
    this.#draw = draw
    this.#hands = hands
  }

  /** No fault happens any more. */
  end(): void {
    this.#waiting = []
    this.#inRecovery = []
  }

  orderOf(process: SimProcess): SimFault | undefined {
    return this.#orders.get(process)
  }

  /** A life begins: it may have been told where to die in its recovery. */
  born(process: SimProcess): void {
    const fault = this.#inRecovery.find(
      (f) => f.worker === process.operator && process.tasks.includes(f.task),
    )
    if (!fault) return
    this.#inRecovery = this.#inRecovery.filter((one) => one !== fault)
    process.points.order({ point: fault.point, hit: 1, task: fault.task })
    this.#orders.set(process, { ...fault, cold: false })
  }

  /** Before a step: what can happen at any time. */
  act(): void {
    for (const fault of this.#waiting) {
      if (fault.step <= this.#hands.step() && this.#happens(fault)) this.#done(fault)
    }
  }

  fate(process: SimProcess | undefined, what: string): RequestFate {
    const plain = {
      together: this.#draw.chance(60),
      twice: false,
      lost: undefined,
      dropped: false,
      held: false,
      late: 0,
    }
    if (process === undefined) return plain
    if (process.wire !== undefined && what.startsWith('commit ')) return this.#onTheWire(process, what)
    const never = what.startsWith('commit ') ? this.#take('lost-commit', process, what) : undefined
    if (never) {
      this.#killSoon(never)
      return { ...plain, lost: lostAnswer(what), dropped: true }
    }
    const lost = this.#take('lost-answer', process, what)
    if (lost) return { ...plain, lost: lostAnswer(what), dropped: !lost.extra }
    return {
      ...plain,
      twice: REPEATABLE.test(what) && this.#take('repeated-request', process, what) !== undefined,
    }
  }

  write(process: SimProcess, task: number, when: 'before' | 'after'): void {
    const fault = this.#due('store-error', process).find(
      (f) => f.task === task && f.extra === (when === 'after'),
    )
    if (!fault) return
    this.#done(fault)
    this.#hands.took(fault, process, `write ${when}`)
    throw new LabError('STATE_UNUSABLE', `the write of opb-${task} failed (simulated)`)
  }

  copying(process: SimProcess, task: number): void {
    const fault = this.#due('snapshot-error', process).find((f) => f.task === task)
    if (!fault) return
    this.#done(fault)
    this.#hands.took(fault, process, 'copy')
    throw new LabError('STATE_UNUSABLE', `the copy of opb-${task} failed (simulated)`)
  }

  #happens(fault: SimFault): boolean {
    const { kind, worker, task } = fault
    const hands = this.#hands
    if (kind === 'compaction') {
      hands.compact()
      hands.took(fault, undefined, 'changelog and snapshots')
      return true
    }
    const process = hands.newest(worker, task)
    if (kind === 'expiry') {
      if (!hands.expire(worker, task)) return false
      hands.took(fault, process, `${worker}-${task}`)
      return true
    }
    if (process?.state !== 'running') return false
    if (kind === 'kill-at-point') {
      process.points.order({ point: fault.point, hit: fault.hit, task })
      this.#orders.set(process, fault)
      return true
    }
    if (kind === 'snapshot-request') {
      if (!hands.snapshot(process, task)) return false
    } else if (kind === 'kill' || kind === 'kill-in-recovery') {
      if (kind === 'kill-in-recovery') this.#inRecovery = [...this.#inRecovery, fault]
      hands.kill(process, fault)
    } else if (kind === 'pause') hands.pause(process, fault)
    else return false
    hands.took(fault, process, '')
    return true
  }

  /** The worker was told to die in its commit: the request goes through or is held back, the client dies. */
  #onTheWire(process: SimProcess, what: string): RequestFate {
    const held = process.wire === 'held'
    const fault = this.#orders.get(process)
    process.wire = undefined
    if (fault) {
      this.#hands.took(fault, process, what)
      this.#hands.kill(process, fault)
    }
    const late = held && fault ? this.#hands.late(fault) : 0
    return { together: false, twice: false, lost: undefined, dropped: false, held, late }
  }

  #take(kind: FaultKind, process: SimProcess, what: string): SimFault | undefined {
    const [fault] = this.#due(kind, process)
    if (!fault) return undefined
    this.#done(fault)
    this.#hands.took(fault, process, what)
    return fault
  }

  #due(kind: FaultKind, process: SimProcess): SimFault[] {
    return this.#waiting.filter(
      (fault) => fault.kind === kind && fault.worker === process.operator && fault.step <= this.#hands.step(),
    )
  }

  /** Before the client can have made good what it lost. */
  #killSoon(fault: SimFault): void {
    if (!fault.extra) return
    const step = this.#hands.step() + 1 + (fault.delayMs % 12)
    this.#waiting = [...this.#waiting, { ...fault, kind: 'kill', step }]
  }

  #done(fault: SimFault): void {
    this.#waiting = this.#waiting.filter((one) => one !== fault)
  }
}

const lostAnswer = (what: string): LabError =>
  what.startsWith('commit ')
    ? new LabError('COMMIT_UNKNOWN', `no answer to ${what} (simulated)`)
    : new LabError('BROKER_LOST', `no answer to ${what} (simulated)`)
