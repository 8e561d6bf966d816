/**
 * One cell: a pipeline of its own prefix as real processes, one kill while load flows, a restart by the
 * supervisor, drain. What happened is handed on as facts; judging is somebody else's (cell-result.ts).
 *
 * Promises: every wait is bounded and says what it waited for; whatever happens, no worker of the cell is
 * left behind. Does not: repeat a cell, or decide whether it passed.
 */
import { rmSync } from 'node:fs'
import path from 'node:path'
import { prefixDirectory, topicNames, type Operator, type TopicNames } from '../core/contracts/names.ts'
import type { LabError } from '../core/errors.ts'
import type { Clock } from '../core/ports/clock.ts'
import type { Journal } from '../core/ports/journal.ts'
import type { LogPort } from '../core/ports/log.ts'
import type { WireProxy } from '../core/ports/proxy.ts'
import type { Workers, WorkerSpec } from '../core/ports/workers.ts'
import { SAFE_WORKER, type WorkerOptions } from '../core/scenario/mutants.ts'
import { CrewMember, type SnapshotDone } from './crew.ts'
import type { CellPlan, CellRun } from './cell-plan.ts'
import { countDangling, drained, type Scope } from './observe.ts'
import { restartVictims } from './restart.ts'
import { cellSpec } from './spec.ts'
import { tailJournal } from './tail.ts'
import { until } from './wait.ts'

/** Appends orders to the cell's topic; the iterator behind it stays open between calls. */
export interface Feeder {
  /** Feeds up to `count` more; resolves with how many there were. */
  feed(count: number): Promise<number>
}

export interface CellDeps {
  readonly brokers: string
  readonly workers: Workers
  readonly log: LogPort
  readonly proxy: WireProxy
  readonly clock: Clock
  readonly journal: Journal
  readonly feeder: Feeder
  /** Next input offset in a task's local state, read from a copy. */
  readonly readState: (stateDir: string, task: number) => Promise<number | undefined>
  /** Root of all state: `<stateRoot>/<prefix>`. */
  readonly stateRoot: string
  readonly prefix: string
  readonly say: (what: string) => void
  readonly onMember: (member: CrewMember) => void
}

const BOOT_MS = 30_000
const FLOW_MS = 120_000
const FEED_SHARE = 0.4
const FEED_CHUNK = 200

export class Cell {
  readonly #plan: CellPlan
  readonly #deps: CellDeps
  readonly names: TopicNames
  readonly stateDir: string
  readonly #crew: CrewMember[] = []
  #fed = 0
  #snapshots: readonly SnapshotDone[] = []
  #outcome: Partial<CellRun> = {}

  constructor(plan: CellPlan, deps: CellDeps) {
    this.#plan = plan
    this.#deps = deps
    this.names = topicNames(deps.prefix)
    this.stateDir = path.join(deps.stateRoot, prefixDirectory(deps.prefix))
  }

  /** What is known so far, for a cell that could not run to its end. */
  soFar(): Partial<CellRun> {
    return { ...this.#facts(), snapshots: this.#snapshots, ordersFed: this.#fed, ...this.#outcome }
  }

  async run(): Promise<CellRun> {
    const plan = this.#plan
    const deps = this.#deps
    try {
      deps.say('starting')
      for (const operator of ['opa', 'opb'] as const) this.#spawnAll(operator)
      const first = Math.floor(plan.orders * FEED_SHARE)
      await this.#feed(first)
      await this.#settled('the first 40 % to be processed')
      const snapshots = await this.#snapshot()
      this.#snapshots = snapshots
      const victims = this.#victims()
      await this.#order(victims)
      const outcome = await this.#killWhileFlowing(victims)
      deps.say('draining')
      await this.#settled('all orders to be processed after the restart')
      const clean = await this.#stopAll()
      return { ...this.#facts(), ...outcome, snapshots, clean, problem: undefined, ordersFed: this.#fed }
    } finally {
      await this.#killAll()
    }
  }

  #facts() {
    return { names: this.names, stateDir: this.stateDir, frames: this.#deps.proxy.frames() }
  }

  #optionsOf(operator: Operator): WorkerOptions {
    return this.#plan.workers?.[operator] ?? SAFE_WORKER
  }

  #spec(operator: Operator, instance: number): WorkerSpec {
    const { brokers, proxy, prefix } = this.#deps
    return cellSpec(this.#plan, {
      operator,
      instance,
      brokers,
      prefix,
      proxy: proxy.address,
      stateDir: this.stateDir,
    })
  }

  #spawnAll(operator: Operator): void {
    for (let i = 0; i < this.#optionsOf(operator).instances; i++) this.#spawn(this.#spec(operator, i))
  }

  #spawn(spec: WorkerSpec): CrewMember {
    const deps = this.#deps
    const member = new CrewMember(deps.workers, spec, {
      onArm: (request) => {
        deps.proxy.arm({
          transactionalId: request.transactionalId,
          moment: request.moment,
          fire: (frame) => {
            member.expectEnd()
            deps.journal.append({ f: 'frame', type: 'info', ...frame })
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
  #members(operator: Operator): CrewMember[] {
    const newest = new Map<string, CrewMember>()
    for (const member of this.#crew)
      if (member.spec.operator === operator) newest.set(member.spec.instance, member)
    return [...newest.values()]
  }

  #failure = (): LabError | undefined => {
    for (const operator of ['opa', 'opb'] as const) {
      for (const member of this.#members(operator)) {
        const failure = member.failure()
        if (failure) return failure
      }
    }
    return undefined
  }

  async #feed(count: number): Promise<void> {
    let left = count
    while (left > 0) {
      const fed = await this.#deps.feeder.feed(Math.min(left, FEED_CHUNK))
      if (fed === 0) return
      left -= fed
      this.#fed += fed
    }
    this.#deps.journal.append({ f: 'feed', type: 'info', orders: count, upTo: this.#fed })
  }

  async #settled(what: string): Promise<void> {
    const deps = this.#deps
    await until(() => drained(this.#scope(), this.#members('opa'), this.#members('opb')), {
      what,
      ms: FLOW_MS,
      failed: this.#failure,
      everyMs: 4,
      state: () => this.#describe(),
    })
    deps.journal.append({ f: 'drained', type: 'info', fed: this.#fed })
  }

  #scope(): Scope {
    return { log: this.#deps.log, names: this.names, partitions: this.#plan.partitions }
  }

  #describe(): string {
    const lives = [...this.#members('opa'), ...this.#members('opb')]
    return lives
      .flatMap((m) =>
        [...m.tasks].map(([task, s]) => `${m.name}/${task} next ${s.next ?? '-'} zero at ${s.zeroAt ?? '-'}`),
      )
      .join(', ')
  }

  async #snapshot(): Promise<SnapshotDone[]> {
    if (this.#plan.pipeline === 'reference-stateless') return []
    const members = this.#members('opb')
    for (const member of members)
      for (const task of member.tasks.keys()) member.handle.send({ type: 'snapshot', task, request: 1 })
    await until(() => members.every((m) => m.snapshots.length >= m.tasks.size), {
      what: 'a manifest of every OpB task',
      ms: BOOT_MS,
      failed: this.#failure,
    })
    return members.flatMap((m) => [...m.snapshots])
  }

  #victims(): CrewMember[] {
    const members = this.#members(this.#plan.operator)
    if (this.#plan.restart === 'interleaved-two-instances') return members
    return members.filter((m) => m.tasks.has(this.#plan.task))
  }

  async #order(victims: readonly CrewMember[]): Promise<void> {
    if (this.#plan.point.endsWith('.random')) return
    for (const victim of victims) {
      const task = victim.tasks.has(this.#plan.task) ? this.#plan.task : [...victim.tasks.keys()][0]!
      victim.crash({ point: this.#plan.point, hit: this.#plan.hit, task })
    }
    await until(() => victims.every((v) => v.crashAccepted), {
      what: 'the crash order to be accepted',
      ms: BOOT_MS,
      failed: this.#failure,
    })
  }

  async #killWhileFlowing(victims: CrewMember[]) {
    const plan = this.#plan
    const deps = this.#deps
    deps.say(`${plan.point}, waiting for hit ${plan.hit}`)
    const random = plan.point.endsWith('.random') ? this.#killAtEvent(victims[0]!) : undefined
    const rest = plan.orders - this.#fed
    const flowing = this.#feed(rest)
    flowing.catch(() => {})
    const allDead = (): boolean => victims.every((v) => v.exit !== undefined)
    await until(() => allDead() || this.#survived(), {
      what: `the kill at ${plan.point} hit ${plan.hit}`,
      ms: FLOW_MS,
      failed: this.#failure,
      everyMs: 1,
      state: () => this.#describe(),
    })
    random?.stop()
    // An end of its own, by an error, is no kill.
    const failure = this.#failure()
    if (failure) throw failure
    const ordersAtKill = this.#fed
    const killed = allDead()
    if (!killed) {
      await flowing
      return { ...NO_KILL, ordersAtKill }
    }
    const dead = victims[0]!
    const lsoAtKill = await this.#inputEnds(dead.spec)
    const dangling = await countDangling(deps.log, this.names, plan.partitions)
    const stateAtKill =
      dead.spec.operator === 'opb' ? await deps.readState(this.stateDir, plan.task) : undefined
    if (plan.mode === 'cold') this.#loseState(victims)
    const member = await restartVictims(victims, {
      restart: plan.restart ?? 'at-once',
      scope: this.#scope(),
      opb: () => this.#members('opb'),
      spawn: (spec) => this.#spawn(spec),
      failed: this.#failure,
    })
    await flowing
    await until(() => [...member.tasks.values()].every((t) => t.recovered), {
      what: `${member.name} to recover`,
      ms: BOOT_MS,
      failed: this.#failure,
    })
    const outcome = {
      killed,
      exit: dead.exit,
      killedIncarnation: dead.handle.incarnation,
      nextIncarnation: member.handle.incarnation,
      ordersAtKill,
      dangling,
      lsoAtKill,
      stateAtKill,
      respawnedAt: member.handle.spawnedAt,
      randomEvent: random?.event(),
    }
    this.#outcome = outcome
    return outcome
  }

  /** True when the victim lives on though everything has been processed: the point was not reached. */
  async #survived(): Promise<boolean> {
    if (this.#fed < this.#plan.orders) return false
    return drained(this.#scope(), this.#members('opa'), this.#members('opb'))
  }

  async #inputEnds(spec: WorkerSpec): Promise<number[]> {
    const topic = spec.operator === 'opa' ? this.names.orders : this.names.enriched
    const ends = await Promise.all(
      Array.from({ length: this.#plan.partitions }, (_, p) => this.#deps.log.offsets(topic, p)),
    )
    return ends.map((end) => end.lastStableOffset)
  }

  #killAtEvent(victim: CrewMember) {
    victim.expectEnd()
    return tailJournal(
      { file: victim.journalFile ?? '', task: this.#plan.task, nth: this.#plan.hit },
      (event) => {
        this.#deps.journal.append({
          f: 'sigkill',
          type: 'invoke',
          worker: victim.name,
          why: this.#plan.point,
          event: event.i,
        })
        victim.handle.kill('SIGKILL')
      },
    )
  }

  #loseState(victims: readonly CrewMember[]): void {
    for (const victim of victims) {
      for (const task of victim.tasks.keys()) {
        rmSync(path.join(this.stateDir, `${victim.spec.operator}-${task}`), { recursive: true, force: true })
      }
    }
  }

  /** Asks everyone to stop; false if one did not end with code 0. OpA first, so that OpB sees all of it. */
  async #stopAll(): Promise<boolean> {
    let clean = true
    for (const operator of ['opa', 'opb'] as const) {
      const exits = await Promise.all(this.#members(operator).map((member) => member.stop()))
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

const NO_KILL = {
  killed: false,
  exit: undefined,
  killedIncarnation: undefined,
  nextIncarnation: undefined,
  dangling: {},
  lsoAtKill: [],
  stateAtKill: undefined,
  respawnedAt: undefined,
  randomEvent: undefined,
} as const
