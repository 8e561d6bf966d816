/**
 * The world of one schedule: log, disks, workers and their supervisor, feeder and faults, under one scheduler.
 *
 * Promises: everything that happens is a function of the plan; it ends when all orders are processed, all
 * faults are over and every worker has stopped on its own, or says why it did not get there.
 * Does not: judge.
 */
import { partitionOf } from '../contracts/murmur2.ts'
import type { Operator } from '../contracts/names.ts'
import { LabError, messageOf } from '../errors.ts'
import type { EventName, HistoryEvent } from '../history/event.ts'
import { mutationOf } from '../mutations/index.ts'
import type { Clock } from '../ports/clock.ts'
import { MemoryCluster } from '../ports/memory-log.ts'
import type { Mutant } from '../scenario/mutants.ts'
import { generateOrders } from '../workload/generator.ts'
import { DEFAULT_PROFILE } from '../workload/profile.ts'
import { TaskDisk } from './disk.ts'
import { Faults } from './faults.ts'
import { simLog } from './network.ts'
import type { FaultKind, SimFault } from './mix.ts'
import type { SimPlan } from './plan.ts'
import { SimProcess } from './process.ts'
import { type Random, random } from './random.ts'
import { Scheduler, type Settle } from './scheduler.ts'
import { type Slot, slotsOf } from './slots.ts'
import { NAMES, PREFIX, simSpec } from './specs.ts'
import { runWorker, type SimRun } from './worker.ts'

/** 2025-09-12T10:00:00Z: a fixed beginning of virtual time. */
const EPOCH_MS = 1_757_671_200_000
const MAX_STEPS = 30_000
/** Lives in a row that end by themselves without having committed anything; a fault may end one, and what is
 *  left of it on the wire another. */
const MAX_FAILURES = 5
const RESTART_MS = 20

export interface Ended {
  /** Why it did not come to its end; undefined if it did. */
  readonly stuck: { readonly name: 'stuck-recovery' | 'no-progress'; readonly message: string } | undefined
  /** Errors of lives that no fault explains. */
  readonly unexplained: readonly string[]
}

export interface Coverage {
  readonly reached: Set<string>
  readonly killedAt: Set<string>
  /** Fault and what the worker's journal said last. */
  readonly situations: Set<string>
  /** What the journals of OpA and OpB said last, together. */
  readonly states: Set<string>
}

/** How a life may end when something else has happened: these are answers, not faults of the code. */
const EXPLAINED: ReadonlySet<string> = new Set([
  'FENCED',
  'COMMIT_UNKNOWN',
  'OWNER_CHANGED',
  'BROKER_LOST',
  'STATE_UNUSABLE',
])

/** What the supervisor's journal calls a fault; the others are things of the network and the disk. */
const EVENT_OF: Partial<Record<FaultKind, EventName>> = {
  kill: 'sigkill',
  'kill-in-recovery': 'sigkill',
  'kill-at-point': 'sigkill',
  pause: 'pause',
}

export class World {
  readonly cluster: MemoryCluster
  readonly disks: readonly TaskDisk[]
  readonly journals: HistoryEvent[] = []
  readonly steps: string[] = []
  readonly coverage: Coverage = {
    reached: new Set(),
    killedAt: new Set(),
    situations: new Set(),
    states: new Set(),
  }
  readonly clock: Clock
  readonly #plan: SimPlan
  readonly #mutant: Mutant | undefined
  readonly #scheduler: Scheduler
  readonly #faults: Faults
  readonly #slots: Slot[]
  readonly #runs = new Map<SimProcess, SimRun>()
  /** Virtual time at which an open transaction began, by transactional id. */
  readonly #open = new Map<string, { readonly since: number; readonly timeoutMs: number }>()
  readonly #unexplained: string[] = []
  /** How late something arrives whose sender is gone, given when its next life starts. */
  readonly #late: (delayMs: number) => number
  readonly #network: Random
  #stuck: Ended['stuck']
  #fed = 0
  #stopping = false
  readonly #asked = new Set<SimProcess>()

  constructor(plan: SimPlan, mutant: Mutant | undefined, settle: Settle) {
    this.#plan = plan
    this.#mutant = mutant
    const network = random(plan.scheduleSeed, 'network')
    this.#network = network
    this.#late = (delayMs) => lateness(network, plan.lateMs, delayMs)
    this.#scheduler = new Scheduler({
      draw: random(plan.scheduleSeed, 'schedule'),
      settle,
      calm: plan.calm,
      fate: (process, what) => this.#faults.fate(process as SimProcess | undefined, what),
      onStep: (line) => this.steps.push(line),
    })
    const scheduler = this.#scheduler
    this.clock = { monotonicMs: () => scheduler.now, wallMs: () => EPOCH_MS + scheduler.now }
    this.cluster = new MemoryCluster({ clusterId: 'simulated', wallMs: () => this.clock.wallMs() })
    for (const topic of Object.values(NAMES)) this.cluster.createTopic(topic, plan.partitions)
    const tasks = Array.from({ length: plan.partitions }, (_, partition) => partition)
    this.disks = tasks.map((partition) => new TaskDisk(partition))
    this.#slots = slotsOf(plan, tasks)
    this.#faults = new Faults(plan.faults, network, {
      step: () => scheduler.step,
      newest: (worker, task) => this.#slot(worker, task).newest,
      kill: (process, fault) => this.#kill(process, fault),
      late: (fault) => this.#late(fault.delayMs),
      pause: (process, fault) => this.#pause(process, fault),
      expire: (worker, task) => this.#expire(`${PREFIX}${worker}-${task}`),
      compact: () => this.#compact(),
      snapshot: (process, task) => this.#askSnapshot(process, task),
      took: (fault, process, what) => this.#took(fault, process, what),
    })
  }

  async run(): Promise<Ended> {
    this.#feed()
    for (const slot of this.#slots) this.#start(slot)
    let alive = true
    while (alive && !this.#over() && this.#scheduler.step < MAX_STEPS) {
      this.#faults.act()
      this.#timeouts()
      alive = await this.#scheduler.next()
      this.coverage.states.add(this.#slots.map((slot) => slot.newest?.place ?? '').join(' | '))
      if (this.#scheduler.step % 8 === 0 && this.#quiet()) this.#stopAll()
    }
    if (!this.#over()) this.#stuck ??= { name: 'no-progress', message: this.#where(alive) }
    for (const process of this.#runs.keys()) if (process.alive) process.state = 'dead'
    return { stuck: this.#stuck, unexplained: this.#unexplained }
  }

  #slot(worker: Operator, task: number): Slot {
    return this.#slots.find((slot) => slot.operator === worker && slot.tasks.includes(task))!
  }

  #where(alive: boolean): string {
    const places = this.#slots.map(
      ({ newest }) => `${newest?.incarnation} ${newest?.state} at ${newest?.place}`,
    )
    return `${alive ? `${MAX_STEPS} steps were not enough` : 'nothing can go on'}: ${places.join('; ')}`
  }

  #over(): boolean {
    return (
      this.#stuck !== undefined || (this.#stopping && this.#slots.every((s) => s.newest?.state === 'ended'))
    )
  }

  /** Everything fed is processed, nothing is about to happen, and every worker knows it. */
  #quiet(): boolean {
    if (this.#fed < this.#plan.orders || this.#scheduler.timersPending) return false
    return this.#slots.every(
      ({ newest, operator, tasks }) =>
        (this.#stopping && newest?.state === 'ended') ||
        tasks.every((task) => {
          const { highWatermark } = this.cluster
            .partition(operator === 'opa' ? NAMES.orders : NAMES.enriched, task)
            .offsets()
          return newest?.state === 'running' && (newest.idleAt.get(task)?.() ?? -1) >= highWatermark
        }),
    )
  }

  #stopAll(): void {
    this.#stopping = true
    this.#faults.end()
    for (const process of this.#runs.keys()) {
      if (!process.alive || this.#asked.has(process)) continue
      this.#asked.add(process)
      process.stop()
    }
  }

  #feed(): void {
    const { orders, seed, stores, products, portions, dirty, partitions, without } = this.#plan
    const shape = { orders, seed, stores, products, dirty, duplicateIds: 0.1, spanSeconds: 90 }
    const all = [...generateOrders({ ...DEFAULT_PROFILE, ...shape })]
    const size = Math.ceil(orders / portions)
    for (let i = 0; i < portions; i++) {
      this.#scheduler.after(i * 60, () => {
        for (const [j, { key, value, headers }] of all.slice(i * size, (i + 1) * size).entries()) {
          this.#fed += 1
          if (without.includes(i * size + j)) continue
          const partition = partitionOf(key, partitions)
          this.cluster.append({ topic: NAMES.orders, partition, key, value, headers: headers ?? {} })
        }
        this.#scheduler.changed()
      })
    }
  }

  #start(slot: Slot): void {
    const { operator, instance, tasks } = slot
    if (slot.newest) slot.newest.superseded = true
    slot.lives += 1
    const process = new SimProcess(
      {
        scheduler: this.#scheduler,
        clock: this.clock,
        record: (event) => this.journals.push(event),
        died: (one) => this.#diedAtPoint(one),
        reached: (_one, point) => this.coverage.reached.add(point),
      },
      { operator, instance, life: slot.lives, tasks },
    )
    slot.newest = process
    this.#faults.born(process)
    const spec = simSpec(this.#plan, slot, this.#mutant)
    const mutation = mutationOf(spec, `${operator}.${instance}.${slot.lives}`)
    const log = simLog({
      process,
      client: this.cluster.client(),
      fetchBytes: this.#plan.fetchBytes,
      touched: (id, how) => this.#touched(id, how),
    })
    const run: SimRun = {
      spec,
      process,
      journal: process.journal,
      points: process.points,
      clock: this.clock,
      mutation,
      log: mutation.log(log),
      disks: this.disks,
      write: (task, when) => this.#faults.write(process, task, when),
      copying: (task) => this.#faults.copying(process, task),
      loops: [],
      keepers: new Map(),
    }
    this.#runs.set(process, run)
    runWorker(run).then(
      () => this.#ended(slot, process, undefined),
      (error: unknown) => this.#ended(slot, process, error),
    )
  }

  #ended(slot: Slot, process: SimProcess, error: unknown): void {
    if (!process.alive) return
    if (error === undefined) {
      process.state = 'ended'
      if (!this.#stopping && slot.newest === process) this.#again(slot, RESTART_MS)
      return
    }
    const code = error instanceof LabError ? error.code : 'INTERNAL'
    const message = messageOf(error)
    process.journal.append({ f: 'error', type: 'info', code, message })
    process.state = 'dead'
    this.#bury(process, RESTART_MS)
    // One that was overtaken may see the log change under its recovery; it must end, and it did.
    if (!EXPLAINED.has(code) && !process.superseded)
      this.#unexplained.push(`${process.incarnation}: ${code}: ${message}`)
    if (slot.newest !== process) return
    slot.failures += 1
    if (slot.failures >= MAX_FAILURES + 2 * this.#plan.faults.length) {
      this.#stuck = {
        name: 'stuck-recovery',
        message: `${slot.failures} lives in a row ended without a commit, the last with ${code}: ${message}`,
      }
    }
    this.#again(slot, RESTART_MS)
  }

  #again(slot: Slot, delayMs: number): void {
    this.#scheduler.after(delayMs, () => this.#start(slot))
  }

  #diedAtPoint(process: SimProcess): void {
    const fault = this.#faults.orderOf(process)
    if (fault) {
      this.coverage.killedAt.add(fault.point)
      this.#took(fault, process, fault.point)
    }
    this.#kill(process, fault)
  }

  #kill(process: SimProcess, fault: SimFault | undefined): void {
    if (!process.alive) return
    const slot = this.#slot(process.operator, process.tasks[0]!)
    process.state = 'dead'
    this.#bury(process, fault?.delayMs ?? RESTART_MS)
    // Of one that was overtaken the directory is in use.
    if (slot.newest !== process) return
    if (fault?.cold && process.operator === 'opb') for (const task of process.tasks) this.disks[task]!.lose()
    this.#again(slot, fault?.delayMs ?? RESTART_MS)
  }

  #bury(process: SimProcess, delayMs: number): void {
    this.#scheduler.bury(process, () => (this.#network.chance(50) ? this.#late(delayMs) : undefined))
  }

  #pause(process: SimProcess, fault: SimFault): void {
    process.state = 'paused'
    this.#scheduler.after(fault.delayMs + 1, () => {
      if (process.state === 'paused') process.state = 'running'
    })
    const slot = this.#slot(process.operator, process.tasks[0]!)
    if (fault.extra) this.#again(slot, Math.floor(fault.delayMs / 3))
  }

  #expire(id: string): boolean {
    if (!this.#open.delete(id)) return false
    this.cluster.expire(id)
    this.#scheduler.changed()
    return true
  }

  #touched(id: string, how: { openFor: number } | 'committed' | 'ended'): void {
    if (typeof how === 'object') {
      if (!this.#open.has(id)) this.#open.set(id, { since: this.#scheduler.now, timeoutMs: how.openFor })
      return
    }
    this.#open.delete(id)
    if (how === 'ended') return
    const slot = this.#slots.find((s) => s.tasks.some((task) => id === `${PREFIX}${s.operator}-${task}`))
    if (slot) slot.failures = 0
  }

  #timeouts(): void {
    for (const [id, { since, timeoutMs }] of this.#open) {
      if (this.#scheduler.now - since >= timeoutMs) this.#expire(id)
    }
  }

  #compact(): void {
    if (this.#plan.changelog === 'delta-only') return
    for (const { partition } of this.disks) {
      this.cluster.partition(NAMES.changelog, partition).compact()
      this.cluster.partition(NAMES.snapshots, partition).compact()
    }
  }

  #askSnapshot(process: SimProcess, task: number): boolean {
    const keeper = this.#runs.get(process)?.keepers.get(task)
    if (!keeper) return false
    // Whether it was taken is in the journal; a life that ends first simply does not answer.
    keeper.request().catch(() => {})
    return true
  }

  #took(fault: SimFault, process: SimProcess | undefined, what: string): void {
    if (fault.kind === 'kill-at-point') this.coverage.killedAt.add(fault.point)
    this.coverage.situations.add(`${fault.kind} ${process?.operator ?? ''} ${process?.place ?? ''}`)
    const about = [fault.kind, what].filter((part) => part !== '').join(' ')
    this.steps.push(`fault ${about} ${process?.incarnation ?? ''}`)
    this.#supervisor(EVENT_OF[fault.kind] ?? 'frame', { worker: process?.incarnation, fault: about })
  }

  #supervisor(f: EventName, fields: Readonly<Record<string, unknown>>): void {
    this.journals.push({
      f,
      type: 'info',
      ...fields,
      t: this.clock.monotonicMs(),
      at: this.clock.wallMs(),
      who: 'supervisor',
      incarnation: 'supervisor.1',
      i: this.journals.length,
    })
  }
}

/** The moment of the next life's first requests is the one that matters. */
function lateness(draw: Random, mostMs: number, delayMs: number): number {
  if (mostMs === 0) return 0
  return draw.chance(60) ? delayMs + draw.below(12) : draw.below(mostMs)
}
