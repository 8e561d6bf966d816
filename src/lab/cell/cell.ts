/**
 * One cell: a pipeline of its own prefix as real processes, a kill (or several in a row, kill-chain.ts) while
 * load flows, a restart by the supervisor, drain. What happened is handed on as facts; judging is somebody else's (cell-outcome.ts).
 *
 * Promises: every wait is bounded and says what it waited for; whatever happens, no worker of the cell is
 * left behind. Does not: repeat a cell, or decide whether it passed.
 */
import path from 'node:path'
import { prefixDirectory, topicNames, type Operator, type TopicNames } from '../../core/contracts/names.ts'
import { ordersFirst } from '../../core/crash/plan.ts'
import type { LabError } from '../../core/errors.ts'
import type { WorkerSpec } from '../../core/ports/workers.ts'
import { SAFE_WORKER, type WorkerOptions } from '../../core/scenario/mutants.ts'
import { CrewMember, type SnapshotDone } from './crew.ts'
import type { CellDeps } from './cell-deps.ts'
import type { CellPlan, CellRun } from './cell-plan.ts'
import { BrokerFault } from '../fault/broker-fault.ts'
import { DISK_FULL, DiskFault } from '../fault/disk-fault.ts'
import { KillChain } from './kill-chain.ts'
import { drained, tellEnds, type Scope } from './observe.ts'
import { cellSpec } from '../matrix/spec.ts'
import { BOOT_MS, FLOW_MS } from './bounds.ts'
import { until } from '../wait.ts'

const FEED_CHUNK = 200

export class Cell {
  readonly plan: CellPlan
  readonly deps: CellDeps
  readonly names: TopicNames
  readonly stateDir: string
  readonly #crew: CrewMember[] = []
  #fed = 0
  #feeding = false
  #snapshots: readonly SnapshotDone[] = []
  #chain: KillChain | BrokerFault | DiskFault | undefined

  constructor(plan: CellPlan, deps: CellDeps) {
    this.plan = plan
    this.deps = deps
    this.names = topicNames(deps.prefix)
    this.stateDir = path.join(deps.stateRoot, prefixDirectory(deps.prefix))
  }

  /** What is known so far, for a cell that could not run to its end. */
  soFar(): Partial<CellRun> {
    return { ...this.#facts(), snapshots: this.#snapshots, ordersFed: this.#fed, ...this.#chain?.soFar() }
  }

  async run(): Promise<CellRun> {
    const plan = this.plan
    const deps = this.deps
    try {
      deps.say('starting')
      for (const operator of ['opa', 'opb'] as const) this.#spawnAll(operator)
      deps.say('feeding')
      await this.feed(ordersFirst(plan.orders))
      await this.settled('the first 40 % to be processed')
      const snapshots = await this.#snapshot()
      this.#snapshots = snapshots
      this.#chain = this.#newChain()
      const chain = await this.#chain.run()
      deps.say('draining')
      await this.settled('all orders to be processed after the restart')
      const clean = await this.#stopAll()
      return { ...this.#facts(), ...chain, snapshots, clean, problem: undefined, ordersFed: this.#fed }
    } finally {
      await this.#killAll()
    }
  }

  #newChain(): KillChain | BrokerFault | DiskFault {
    if (this.deps.broker) return new BrokerFault(this, this.deps.broker)
    return this.plan.point === DISK_FULL ? new DiskFault(this) : new KillChain(this)
  }

  #facts() {
    return { names: this.names, stateDir: this.stateDir, frames: this.deps.proxy.frames() }
  }

  #optionsOf(operator: Operator): WorkerOptions {
    return this.plan.workers?.[operator] ?? SAFE_WORKER
  }

  #spec(operator: Operator, instance: number): WorkerSpec {
    const { brokers, proxy, prefix } = this.deps
    return cellSpec(this.plan, {
      operator,
      instance,
      brokers,
      prefix,
      proxy: proxy.address,
      stateDir: this.stateDir,
    })
  }

  #spawnAll(operator: Operator): void {
    for (let i = 0; i < this.#optionsOf(operator).instances; i++) this.spawn(this.#spec(operator, i))
  }

  readonly spawn = (spec: WorkerSpec): CrewMember => {
    const deps = this.deps
    const member = new CrewMember(deps.workers, spec, {
      onArm: (request) => {
        const halts = this.#chain?.halting === true
        deps.proxy.arm({
          transactionalId: request.transactionalId,
          moment: request.moment,
          ...(halts ? { parks: true } : {}),
          fire: (frame) => {
            member.expectEnd()
            deps.journal.append({ f: 'frame', type: 'info', ...frame })
            if (this.#chain instanceof BrokerFault) {
              this.#chain.struck()
              return
            }
            if (halts) {
              member.halt()
              return
            }
            deps.journal.append({
              f: 'sigkill',
              type: 'invoke',
              worker: member.name,
              why: request.point,
              hit: request.hit,
            })
            member.handle.kill('SIGKILL')
          },
        })
        member.handle.send({ type: 'armed' })
      },
    })
    deps.journal.append({ f: 'spawn', type: 'info', worker: member.name, pid: member.handle.pid })
    void member.handle.exited.then((exit) =>
      deps.journal.append({
        f: 'exit',
        type: 'info',
        worker: member.name,
        life: member.handle.incarnation,
        ...exit,
      }),
    )
    this.#crew.push(member)
    deps.onMember(member)
    return member
  }

  /** The living members of an operator: the newest life per instance. */
  readonly members = (operator: Operator): CrewMember[] => {
    const newest = new Map<string, CrewMember>()
    for (const member of this.#crew)
      if (member.spec.operator === operator) newest.set(member.spec.instance, member)
    return [...newest.values()].filter((member) => !member.retired)
  }

  readonly failure = (): LabError | undefined => {
    for (const operator of ['opa', 'opb'] as const) {
      for (const member of this.members(operator)) {
        const failure = member.failure()
        if (failure) return failure
      }
    }
    return undefined
  }

  readonly fed = (): number => this.#fed

  readonly feed = async (count: number): Promise<void> => {
    let left = count
    this.#feeding = true
    while (left > 0) {
      const fed = await this.deps.feeder.feed(Math.min(left, FEED_CHUNK))
      if (fed === 0) break
      left -= fed
      this.#fed += fed
    }
    this.#feeding = false
    this.deps.journal.append({ f: 'feed', type: 'info', orders: count, upTo: this.#fed })
  }

  readonly settled = async (what: string): Promise<void> => {
    const deps = this.deps
    await until(this.drained, {
      what,
      ms: FLOW_MS,
      failed: this.failure,
      everyMs: 4,
      state: () => this.describe(),
    })
    deps.journal.append({ f: 'drained', type: 'info', fed: this.#fed })
  }

  /** Everything that was fed is processed. Tells the workers where their input ends, if they wait for that. */
  readonly drained = async (): Promise<boolean> => {
    const [opa, opb] = [this.members('opa'), this.members('opb')]
    if (this.plan.fixedBatches && !this.#feeding) await tellEnds(this.scope(), opa, opb)
    return drained(this.scope(), opa, opb)
  }

  readonly scope = (): Scope => {
    return { log: this.deps.log, names: this.names, partitions: this.plan.partitions }
  }

  readonly describe = (): string => {
    const lives = [...this.members('opa'), ...this.members('opb')]
    return lives
      .flatMap((m) =>
        [...m.tasks].map(([task, s]) => `${m.name}/${task} next ${s.next ?? '-'} zero at ${s.zeroAt ?? '-'}`),
      )
      .join(', ')
  }

  async #snapshot(): Promise<SnapshotDone[]> {
    if (this.plan.pipeline === 'reference-stateless') return []
    const members = this.members('opb')
    for (const member of members)
      for (const task of member.tasks.keys()) member.handle.send({ type: 'snapshot', task, request: 1 })
    await until(() => members.every((m) => m.snapshots.length >= m.tasks.size), {
      what: 'a manifest of every OpB task',
      ms: BOOT_MS,
      failed: this.failure,
    })
    return members.flatMap((m) => [...m.snapshots])
  }

  /** Asks everyone to stop; false if one did not end with code 0. OpA first, so that OpB sees all of it. */
  async #stopAll(): Promise<boolean> {
    let clean = true
    for (const operator of ['opa', 'opb'] as const) {
      const exits = await Promise.all(this.members(operator).map((member) => member.stop()))
      clean &&= exits.every((exit) => exit.code === 0)
    }
    return clean
  }

  async #killAll(): Promise<void> {
    for (const member of this.#crew) {
      if (member.exit !== undefined) continue
      member.expectEnd()
      member.handle.kill('SIGKILL')
      await member.handle.exited
    }
  }
}
