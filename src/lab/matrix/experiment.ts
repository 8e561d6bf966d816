/**
 * An experiment: every cell of a scenario on one broker, then verdict, expectations and results.
 *
 * Promises: the plan is a pure function of scenario and seed; results are written also when a cell could not
 * run to its end; the last OpB cell is kept for `eoslab recover`, its broker data included; whatever is not
 * kept is removed, topics only under our own prefixes. Ctrl-C: see stopped.ts.
 */
import { rmSync } from 'node:fs'
import { openTopicAdmin } from '../../adapters/kafka/topic-admin.ts'
import { connectLog } from '../../adapters/kafka/log.ts'
import { checkOrders } from '../../adapters/files/orders-file.ts'
import { openMetrics, type Metrics } from '../../adapters/prometheus/registry.ts'
import { packLines } from '../../adapters/files/stored-input.ts'
import { hostClock } from '../../adapters/host/clock.ts'
import { provenance } from '../../adapters/host/provenance.ts'
import { KAFKA_VERSION } from '../../adapters/process/kafka-files.ts'
import { openRawLog } from '../../adapters/raw-log/platformatic.ts'
import { PRAGMAS, sqliteVersion } from '../../adapters/sqlite/store.ts'
import { matrixProgress, type MatrixProgress } from '../../adapters/terminal/matrix-progress.ts'
import { topicNames } from '../../core/contracts/names.ts'
import type { HitName } from '../../core/crash/hits.ts'
import type { PlannedCell } from '../../core/crash/plan.ts'
import { LabError } from '../../core/errors.ts'
import { coverageOf } from '../../core/matrix/coverage.ts'
import type { CellResult, RunResult } from '../../core/matrix/result.ts'
import type { OracleInput } from '../../core/oracle/input.ts'
import { encodeInput } from '../../core/oracle/stored.ts'
import { ORACLE_VERSION } from '../../core/oracle/judge.ts'
import { number } from '../../core/report/numbers.ts'
import { evaluate } from '../../core/scenario/expect.ts'
import { mutantOf, type MutantName } from '../../core/scenario/mutants.ts'
import { SCENARIO_DEFAULTS, type Scenario } from '../../core/scenario/resolve.ts'
import { formatDuration } from '../../core/scenario/units.ts'
import { withBroker, type LentBroker } from '../broker/broker.ts'
import { countHits } from '../cell/clean-run.ts'
import type { CrewMember } from '../cell/crew.ts'
import { cellOnItsBroker, hasOwnBroker } from '../fault/own-broker.ts'
import { onInterrupt, wasInterrupted } from '../interrupt.ts'
import { cellDirectory, type CellPlace, type HaltDesk } from '../cell/judged-cell.ts'
import { keepCell } from './kept.ts'
import { knownScore } from '../report/report.ts'
import { cellPlan, planRun, sourceOf, type PlannedRun } from './plan-cells.ts'
import { completeRun, startRun, type ResultsFolder } from './results.ts'
import { stopMatrix } from './stopped.ts'

export interface ExperimentOptions {
  readonly scenario: Scenario
  readonly brokers: string | undefined
  readonly stateDir: string
  readonly quiet: boolean
  /** Every step of every cell as a line. */
  readonly verbose?: boolean | undefined
  readonly argv: readonly string[]
  /** Kill at these hits of each point, as runs that count them say. */
  readonly hitNames?: readonly HitName[] | undefined
  /** What has been measured so far, at http://127.0.0.1:<port>/metrics while the run lasts. */
  readonly metricsPort?: number | undefined
  /** Halt at the last kill of each cell, and let this decide what then becomes of it. */
  readonly halt?: HaltDesk | undefined
}

interface Stage extends ExperimentOptions, PlannedRun {
  readonly orders: number
  readonly fixedBatches: boolean
  readonly progress: MatrixProgress
  readonly folder: ResultsFolder
  readonly prefix: string
  readonly startedMs: number
  readonly metrics: Metrics
}

/** Runs on the broker that the options lead to, an own one if there is no other. */
export async function runExperiment(options: ExperimentOptions): Promise<RunResult> {
  return withExperimentBroker(options, [options.scenario], (broker) => runExperimentOn(broker, options))
}

/** Lends one broker to several experiments; it stays where one of them wants its topics kept. */
export async function withExperimentBroker<T>(
  options: Omit<ExperimentOptions, 'scenario'>,
  scenarios: readonly Scenario[],
  use: (broker: LentBroker) => Promise<T>,
): Promise<T> {
  const { brokers, stateDir, quiet } = options
  const say = (text: string): void => {
    if (!quiet) process.stderr.write(`${text}\n`)
  }
  return withBroker({ brokers, stateDir, say, leaveRunning: scenarios.some((s) => s.keep) }, use)
}

export async function runExperimentOn(broker: LentBroker, options: ExperimentOptions): Promise<RunResult> {
  const { scenario, quiet } = options
  const orders = scenario.from === null ? scenario.orders : await ordersIn(scenario)
  const plan = await planRun(scenario, orders)
  const startedMs = hostClock.wallMs()
  const folder = await startRun({ experiment: scenario.name, seed: scenario.seed, startedMs })
  const progress = await matrixProgress({ quiet, verbose: options.verbose })
  const unique = startedMs.toString(36).slice(-6) + process.pid.toString(36)
  const prefix = scenario.prefix ?? `${initials(scenario.name)}-${unique}.`
  const metrics = await openMetrics()
  const endpoint = options.metricsPort === undefined ? undefined : await metrics.serve(options.metricsPort)
  if (scenario.mutant !== null) progress.say(announced(scenario.mutant))
  if (endpoint) progress.say(`metrics: http://127.0.0.1:${endpoint.port}/metrics`)
  const fixedBatches = options.hitNames !== undefined
  const common = { orders, fixedBatches, progress, folder, startedMs, prefix, metrics }
  const stage = { ...options, ...plan, ...common }
  try {
    return await onBroker(stage, broker)
  } finally {
    await endpoint?.close()
    await progress.close()
  }
}

const announced = (mutant: MutantName): string => {
  const { wrong, primary } = mutantOf(mutant)
  return `${mutant} is broken on purpose: ${wrong}. The judge, who is not told, must find ${primary}.`
}

/** crash-matrix -> cm: names on the broker are read by people. */
const initials = (name: string): string =>
  name
    .split(/[-_.]/)
    .map((part) => part.charAt(0))
    .join('')

async function ordersIn(scenario: Scenario): Promise<number> {
  const { orders } = await checkOrders(scenario.from!)
  return scenario.orders === 0 ? orders : Math.min(orders, scenario.orders)
}

async function onBroker(stage: Stage, broker: LentBroker): Promise<RunResult> {
  const { brokers } = broker
  const admin = openTopicAdmin({ brokers, clientId: 'eoslab-supervisor' })
  // The oracle's client takes a while to load; it does so while the first cell runs.
  const opening = openRawLog({ brokers })
  opening.catch(() => {})
  const log = await connectLog({ brokers, clientId: 'eoslab-supervisor' })
  const crew: CrewMember[] = []
  const cells: CellResult[] = []
  const places: CellPlace[] = []
  /** A run that may be left in the middle of its only cell leaves nothing behind then. */
  let doomed: (() => Promise<void>) | undefined
  const forget = onInterrupt(async () => {
    const run = cells.length > 0 ? await resultOf(stage, cells, broker) : undefined
    await stopMatrix({ ...stage, crew, places, run })
    await doomed?.()
  })
  const onMember = (member: CrewMember): void => {
    crew.push(member)
    // The cell takes the kill of a stopped matrix for one of its own, and would go on.
    if (wasInterrupted()) member.handle.kill('SIGKILL')
  }
  try {
    const rawLog = await opening
    const common = { brokers, admin, log, rawLog, onMember }
    const { planned: all, places: counted } = await atCountedHits(stage, common)
    for (const [index, planned] of all.entries()) {
      stage.progress.cell(planned.cell, all.length)
      const place = {
        ...placeOf(stage, planned, index),
        ...common,
        metrics: stage.metrics.sink,
        onInput: (input: OracleInput) => stage.folder.addInput(planned.cell, packLines(encodeInput(input))),
        halt: stage.halt,
      }
      if (stage.halt) doomed = () => dropCell(place, stage.folder.dir)
      const plan = { ...cellPlan(stage, planned), halts: stage.halt !== undefined }
      places.push(place)
      const cell = await cellOnItsBroker(plan, place)
      // What a stopped cell comes to is no result; the signal's handler ends the process.
      if (wasInterrupted()) await new Promise(() => undefined)
      await record(stage, cell, place)
      cells.push(cell)
      stage.progress.done(wordFor(stage.scenario, cell), summaryOf(cell))
    }
    const result = await complete(stage, cells, broker)
    await tidy(stage, { cells, places, broker, result })
    // Not before: a client that has known a topic can't do without it any more.
    if (!stage.scenario.keep) for (const left of counted) await dropCell(left)
    return result
  } catch (error) {
    if (error instanceof LabError && error.code === 'INTERRUPTED') await doomed?.()
    throw error
  } finally {
    forget()
    await Promise.allSettled([log.close(), admin.close(), opening.then((raw) => raw.close())])
  }
}

/** With --hits: the cells at the hits that were counted, and the places that counting leaves behind. */
async function atCountedHits(
  stage: Stage,
  common: Omit<CellPlace, keyof ReturnType<typeof placeOf> | 'onInput'>,
) {
  const { hitNames, planned, progress } = stage
  if (!hitNames) return { planned, places: [] }
  return countHits(planned, {
    names: hitNames,
    planOf: (of) => cellPlan(stage, of),
    placeOf: (of, index) => ({ ...placeOf(stage, of, index), ...common, onInput: async () => {} }),
    say: (what) => progress.say(what),
  })
}

/** A mutant's anomalies are what was wanted of it: as a failure they would alarm whoever watches. */
const wordFor = ({ expect }: Scenario, cell: CellResult): string =>
  cell.mutant !== null && cell.verdict === 'invalid' && evaluate(expect, [cell]).verdict === 'valid'
    ? 'caught'
    : cell.verdict

function summaryOf(cell: CellResult): string {
  const ttr = cell.ttr_ms === null ? '' : `back in ${number(cell.ttr_ms)} ms`
  const why =
    cell.verdict === 'invalid'
      ? cell.anomalies.join(', ')
      : cell.verdict === 'valid'
        ? ''
        : (cell.problem ?? cell.evidence.summary)
  // A file in the wrong unit is no fault of the pipeline, and easily missed in a table.
  const rejected =
    cell.rejected * 2 > cell.orders
      ? `${number(cell.rejected)} of ${number(cell.orders)} orders rejected`
      : ''
  return [`hit ${cell.hit}`, ttr, rejected, why].filter((part) => part !== '').join(', ')
}

function placeOf(stage: Stage, planned: PlannedCell, index: number) {
  const { scenario, orders, stateDir, progress } = stage
  const flags = [
    `--at ${planned.at}`,
    ...(planned.mode === 'cold' ? ['--cold'] : []),
    `--seed ${planned.seed}`,
    ...(scenario.from === null ? [`--orders ${orders}`] : [`--from ${scenario.from}`]),
    `--partitions ${scenario.partitions}`,
    ...(scenario.keys === null ? [] : [`--keys ${scenario.keys}`]),
    ...(scenario.workers.opa.instances > 1 ? [`--instances ${scenario.workers.opa.instances}`] : []),
    `--window ${formatDuration(scenario.window * 1000)}`,
  ]
  return {
    // Below 0: runs that only count.
    prefix: `${stage.prefix}${index < 0 ? `c${-index}` : String(index + 1).padStart(2, '0')}.`,
    stateRoot: stateDir,
    source: sourceOf(scenario, orders, planned.seed),
    say: (what: string) => progress.update(what),
    command:
      scenario.mutant === null
        ? `eoslab crash-matrix ${flags.join(' ')}`
        : scenario.seed === SCENARIO_DEFAULTS.seed
          ? `eoslab run experiments/mutants/${scenario.mutant}.yaml`
          : `eoslab crash-matrix --mutants --mutant ${scenario.mutant} --seed ${scenario.seed}`,
  }
}

async function record(stage: Stage, cell: CellResult, place: CellPlace): Promise<void> {
  const dir = cellDirectory(place)
  await stage.folder.addEvidence(cell.cell, {
    cell: cell.cell,
    evidence: cell.evidence,
    story: cell.story,
    findings: cell.findings,
  })
  await stage.folder.addJournals(cell.cell, `${dir}/journals`)
  if (cell.verdict !== 'valid') await stage.folder.keep(cell.cell, 'state', dir)
}

async function complete(stage: Stage, cells: CellResult[], broker: LentBroker): Promise<RunResult> {
  const { scenario } = stage
  const result = await resultOf(stage, cells, broker)
  const completed = await completeRun(stage.folder, { result, scenario, metrics: await stage.metrics.text() })
  for (const note of completed.notes) stage.progress.say(note)
  return completed.result
}

async function resultOf(stage: Stage, cells: CellResult[], broker: LentBroker): Promise<RunResult> {
  const { scenario } = stage
  const { expectations, verdict } = evaluate(scenario.expect, cells)
  return {
    ...(scenario.sweep ? { sweep: scenario.sweep } : {}),
    experiment: scenario.name,
    verdict,
    seed: scenario.seed,
    results: stage.folder.dir,
    brokers: broker.brokers,
    cells,
    coverage: coverageOf(cells),
    expectations,
    provenance: await provenance({
      seed: scenario.seed,
      startedMs: stage.startedMs,
      argv: stage.argv,
      kafka: broker.kind === 'given' ? null : KAFKA_VERSION,
      client: scenario.workers.opb.client,
      sqlite: sqliteVersion(),
      pragmas: PRAGMAS,
    }),
    wall_ms: Math.round(hostClock.wallMs() - stage.startedMs),
    oracle_version: ORACLE_VERSION,
    mutation_score: knownScore(ORACLE_VERSION),
  }
}

interface Ended {
  readonly cells: readonly CellResult[]
  readonly places: readonly CellPlace[]
  readonly broker: LentBroker
  readonly result: RunResult
}

async function dropCell(place: CellPlace, results?: string): Promise<void> {
  await place.admin.remove(Object.values(topicNames(place.prefix)))
  for (const dir of [cellDirectory(place), results]) if (dir) rmSync(dir, { recursive: true, force: true })
}

/** Keeps the last OpB cell (all, with `keep`) and removes the others' topics and state. */
async function tidy(stage: Stage, ended: Ended): Promise<void> {
  const { cells, places, broker, result } = ended
  const { scenario, stateDir } = stage
  // What a mutant leaves is no state to rehearse a recovery on.
  const sound = scenario.pipeline === 'reference' && scenario.mutant === null
  const last = sound ? cells.findLastIndex((c) => c.operator === 'opb' && !hasOwnBroker(c)) : -1
  if (last >= 0) {
    const cell = cells[last]!
    const kept = {
      prefix: cell.prefix,
      cell: cell.cell,
      point: cell.point,
      window: scenario.window,
      results: result.results,
    }
    const replaced = keepCell(stateDir, { ...kept, stateRoot: stateDir, pinned: scenario.keep }, broker)
    if (replaced) await places[last]!.admin.remove(Object.values(topicNames(replaced.prefix)))
  }
  if (scenario.keep) return
  for (const [index, place] of places.entries()) {
    if (index === last) continue
    if (!hasOwnBroker(cells[index]!) && (broker.kind !== 'ephemeral' || last >= 0))
      await place.admin.remove(Object.values(topicNames(place.prefix)))
    rmSync(cellDirectory(place), { recursive: true, force: true })
  }
}
