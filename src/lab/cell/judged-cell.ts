/**
 * One planned cell from its topics to its verdict: prepare, run, wait until nothing is open, judge.
 *
 * Promises: a cell that fails to run to its end is judged all the same, as not cleanly ended, and carries
 * the reason; its prefix is its own, and what lay under it before is removed first.
 */
import { rmSync } from 'node:fs'
import path from 'node:path'
import { openJournal, readJournals } from '../../adapters/files/journal.ts'
import { openTruth, truthFile } from '../../adapters/files/truth.ts'
import { hostClock } from '../../adapters/host/clock.ts'
import { processWorkers } from '../../adapters/process/workers.ts'
import { startWireProxy } from '../../adapters/proxy/wire-proxy.ts'
import type { RawLog } from '../../adapters/raw-log/platformatic.ts'
import { dumpStates } from '../../adapters/sqlite-dump/dump.ts'
import { prefixDirectory, topicNames, type TopicNames } from '../../core/contracts/names.ts'
import { reach } from '../broker/broker-start.ts'
import { pipelineTopics } from '../workload/topics.ts'
import { LabError, messageOf } from '../../core/errors.ts'
import type { CellResult } from '../../core/matrix/result.ts'
import type { OracleInput } from '../../core/oracle/input.ts'
import { judge } from '../../core/oracle/judge.ts'
import type { MetricSink } from '../../core/metrics/definitions.ts'
import type { FrameSeen } from '../../core/ports/proxy.ts'
import type { LogPort } from '../../core/ports/log.ts'
import type { TopicAdmin } from '../../core/ports/topics.ts'
import type { OrderSource } from '../../core/workload/source.ts'
import type { Kill } from '../../core/crash/plan.ts'
import type { AfterHalt, CellDeps } from './cell-deps.ts'
import type { FaultBroker } from '../fault/fault-broker.ts'
import { Cell } from './cell.ts'
import { measuredCell } from './cell-flow.ts'
import { cellOutcome } from './cell-outcome.ts'
import type { CellPlan, CellRun, StateFound } from './cell-plan.ts'
import { collect } from './collect.ts'
import { forceCompaction } from '../recovery/compaction.ts'
import type { CrewMember } from './crew.ts'
import { openFeeder } from './feeder.ts'
import { until } from '../wait.ts'

export interface CellPlace {
  /** The cell's own broker, where something is done to it. */
  readonly broker?: FaultBroker | undefined
  readonly brokers: string
  readonly admin: TopicAdmin
  readonly log: LogPort
  readonly rawLog: RawLog
  /** Root of all state. */
  readonly stateRoot: string
  readonly prefix: string
  readonly command: string
  readonly source: OrderSource
  readonly say: (what: string) => void
  readonly onMember: (member: CrewMember) => void
  /** Keeps what the oracle is given. */
  readonly onInput: (input: OracleInput) => Promise<void>
  readonly metrics?: MetricSink
  /** Where the plan halts. */
  readonly halt?: HaltDesk | undefined
}

/** A life that stands at its point. */
export interface Halted {
  readonly plan: CellPlan
  readonly kill: Kill
  readonly member: CrewMember
  /** What the wire has seen so far. */
  frames(): readonly FrameSeen[]
  /** What lies there now: everything that the oracle would be given. */
  look(): Promise<OracleInput>
}

/** Who decides what becomes of it. INTERRUPTED ends the cell, unjudged. */
export interface HaltDesk {
  halted(at: Halted): Promise<AfterHalt>
  /** Everything is processed; what is now judged. */
  ended(input: OracleInput): Promise<void>
}

const STABLE_MS = 20_000

/** Where a cell keeps its state, logs and journals. */
export const cellDirectory = (place: Pick<CellPlace, 'stateRoot' | 'prefix'>): string =>
  path.join(place.stateRoot, prefixDirectory(place.prefix))

async function prepare(place: CellPlace, names: TopicNames, partitions: number): Promise<void> {
  rmSync(cellDirectory(place), { recursive: true, force: true })
  const old = await place.admin.list(place.prefix)
  const ours = new Set(Object.values(names))
  const stale = old.filter((topic) => ours.has(topic))
  if (stale.length > 0) await place.admin.remove(stale)
  await place.admin.create(pipelineTopics(names, partitions))
  // An elected leader may not know it yet and refuse the first orders; this asks until it answers.
  await Promise.all(Array.from({ length: partitions }, (_, p) => place.log.offsets(names.orders, p)))
}

/** Resolves true when no transaction is open in any topic, false at the bound: the oracle then names it. */
async function nothingOpen(place: CellPlace, names: TopicNames, partitions: number): Promise<boolean> {
  const settled = async (): Promise<boolean> => {
    for (const topic of Object.values(names)) {
      for (let p = 0; p < partitions; p++) {
        const { lastStableOffset, highWatermark } = await place.log.offsets(topic, p)
        if (lastStableOffset < highWatermark) return false
      }
    }
    return true
  }
  try {
    return await until(settled, { what: 'every transaction to end', ms: STABLE_MS, everyMs: 5 })
  } catch {
    return false
  }
}

/** The local state's positions, from a copy: the files themselves stay as the kill left them. */
async function stateFound(stateDir: string, task: number): Promise<StateFound | undefined> {
  try {
    return (await dumpStates(stateDir)).find((dump) => dump.partition === task)
  } catch {
    return undefined
  }
}

/** A cell that failed is judged; not one whose broker is gone: there is nothing left to judge it by. */
async function refuseWithoutBroker(brokers: string, what: string, problem: LabError): Promise<void> {
  try {
    await reach(brokers, '')
  } catch (error) {
    throw new LabError(
      'BROKER_LOST',
      `the broker at ${brokers} stopped answering during ${what}: ${problem.message}`,
      {
        hint: 'Nothing was judged. See: eoslab broker status, or the log of the broker; then run it again.',
        cause: error,
      },
    )
  }
}

const unfinished = (cell: Cell, problem: LabError, fed: number): CellRun => ({
  names: cell.names,
  stateDir: cell.stateDir,
  deaths: [],
  nextIncarnation: undefined,
  respawnedAt: undefined,
  ordersFed: fed,
  frames: [],
  snapshots: [],
  clean: false,
  problem,
})

async function runToEnd(cell: Cell, fed: () => number): Promise<CellRun> {
  try {
    return await cell.run()
  } catch (error) {
    // Nobody wants to know any more.
    if (error instanceof LabError && error.code === 'INTERRUPTED') throw error
    const problem =
      error instanceof LabError ? error : new LabError('INTERNAL', messageOf(error), { cause: error })
    return { ...unfinished(cell, problem, fed()), ...cell.soFar() }
  }
}

export async function judgedCell(plan: CellPlan, place: CellPlace): Promise<CellResult> {
  const started = hostClock.monotonicMs()
  const names = topicNames(place.prefix)
  place.say('making topics')
  await prepare(place, names, plan.partitions)
  const stateDir = cellDirectory(place)
  const journal = openJournal({
    dir: path.join(stateDir, 'journals'),
    who: 'supervisor',
    instance: 'a',
    clock: hostClock,
  })
  const truth = openTruth(truthFile(place.stateRoot, place.prefix), names.orders, plan.partitions)
  const proxy = await startWireProxy({ monotonicMs: () => hostClock.monotonicMs() })
  const feeder = openFeeder({
    admin: place.admin,
    topic: names.orders,
    partitions: plan.partitions,
    source: place.source,
    ...(plan.tuning?.rate ? { rate: plan.tuning.rate } : {}),
    truth,
  })
  const { brokers, log, stateRoot, prefix, say, onMember } = place
  const deps: CellDeps = {
    brokers,
    broker: place.broker,
    workers: processWorkers(hostClock),
    log,
    proxy,
    clock: hostClock,
    journal,
    feeder,
    readState: stateFound,
    compact: () => forceCompaction({ log, admin: place.admin, rawLog: place.rawLog }, names.changelog),
    stateRoot,
    prefix,
    say,
    onMember,
  }
  const look = (cleanEnd: boolean): Promise<OracleInput> => {
    const { window, pipeline } = plan
    return collect({ brokers, prefix, stateRoot, window, pipeline, cleanEnd, log: place.rawLog })
  }
  const { halt } = place
  const onHalt = (member: CrewMember, kill: Kill): Promise<AfterHalt> =>
    halt!.halted({ plan, kill, member, frames: () => proxy.frames(), look: () => look(false) })
  const cell = new Cell(plan, halt ? { ...deps, onHalt } : deps)
  try {
    const run = await runToEnd(cell, () => feeder.totals.orders)
    if (run.problem) await refuseWithoutBroker(brokers, `cell ${plan.cell}`, run.problem)
    say('judging')
    // What is still open after that is the oracle's to name, at a clean end above all.
    await nothingOpen(place, names, plan.partitions)
    const input = await look(run.clean)
    const events = readJournals(path.join(stateDir, 'journals'))
    await place.onInput(input)
    await halt?.ended(input)
    const judgement = judge(input)
    const wallMs = hostClock.monotonicMs() - started
    const { command, metrics: sink } = place
    const outcome = cellOutcome({ plan, run, prefix, input, judgement, events, wallMs, command })
    return measuredCell(outcome, { input, events, sink })
  } finally {
    journal.close()
    truth.close()
    await proxy.close()
  }
}
