/**
 * The report: what each run proved and what recovery cost, as blocks that Markdown and the terminal draw.
 *
 * Promises: every cell, expectation and finding of the runs it is given; the title says which crash was
 * tested, because a killed process keeps its page cache and a lost power supply does not.
 * Does not: find or judge runs, or hide a verdict: a vacuous cell is shown as what it is.
 */
import type { CellResult, Provenance, RunResult, ScoreShown } from '../matrix/result.ts'
import { coverageOf, coverageText } from '../matrix/coverage.ts'
import { VERDICTS } from '../oracle/verdict.ts'
import { heading, left, list, right, table, text } from './blocks.ts'
import type { Block } from './blocks.ts'
import { differencesWithin } from './compare.ts'
import { failedBlocks } from './failed.ts'
import { MUTANTS } from '../scenario/mutants.ts'
import { metricOf } from './metrics.ts'
import { number, printable, spread } from './numbers.ts'
import { sweepBlocks, sweepsOf } from './sweep.ts'
import {
  costTable,
  findingsTable,
  groups,
  isolationTable,
  latencyTable,
  recoveryTable,
  stories,
  totalsTable,
  verdictTable,
} from './tables.ts'

/** What `median (low–high)` means, wherever it stands. */
export const INTERVAL =
  'Where n is above 1: the median of n cells that share a crash point, and in brackets its interval: at least ' +
  '95 % sure from six cells on; below, least to largest (five: 94 %, four: 88 %, three: 75 %, two: 50 %).'

export const CRASH_KIND = 'process crash (SIGKILL), not power loss'
const SIMULATED_KIND = 'simulated log and kills, no broker and no process'

export const isSimulated = (run: RunResult): boolean => run.brokers === 'simulated'

/** What kind of crash these runs show, said wherever their numbers are. */
export function kindOf(runs: readonly RunResult[]): string {
  if (runs.length === 0 || !runs.some(isSimulated)) return CRASH_KIND
  return runs.every(isSimulated) ? SIMULATED_KIND : `${CRASH_KIND}; simulated where a run says so`
}

/** All runs on one page: an overview, then each run. */
export function reportBlocks(runs: readonly RunResult[]): Block[] {
  return [
    heading(1, `eoslab report: ${kindOf(runs)}`),
    overview(runs),
    ...[...sweepsOf(runs)].flatMap(([name, of]) => sweepBlocks(name, of)),
    ...runs.flatMap((run) => [heading(2, `${run.experiment}: ${run.verdict}`), ...runBlocks(run)]),
  ]
}

/** One run on a page of its own: summary.md. */
export const summaryBlocks = (run: RunResult): Block[] => [
  heading(1, `${run.experiment}: ${run.verdict}. ${capital(kindOf([run]))}`),
  ...runBlocks(run),
]

/** What a CI server shows: verdicts, what recovery cost, and what to look at. */
export const ciBlocks = (runs: readonly RunResult[]): Block[] =>
  runs.flatMap((run) => [
    heading(2, `${run.experiment}: ${run.verdict}`),
    ...stopped(run),
    ...twin(run),
    ...expectations(run),
    verdictTable(run.cells),
    recoveryTable(run.cells),
    ...failedBlocks(run),
    text(`Results: ${run.results}`),
  ])

/** What a terminal shows at the end of a run: the verdicts, the costs, and what needs a person's eye. */
export function terminalBlocks(run: RunResult): Block[] {
  const findings = findingsTable(run.cells)
  return [
    heading(2, `${run.experiment}: ${run.verdict}. ${capital(kindOf([run]))}`),
    ...stopped(run),
    ...twin(run),
    verdictTable(run.cells),
    text(coverageText(run.coverage ?? coverageOf(run.cells))),
    heading(3, 'What happened'),
    stories(run.cells),
    heading(3, 'Time to recover, in milliseconds'),
    recoveryTable(run.cells),
    heading(3, 'Snapshot, restore and replay'),
    costTable(run.cells),
    ...latency(run),
    ...(run.cells.length <= FEW ? totals(run) : []),
    ...(findings ? [heading(3, 'Findings'), findings] : []),
    ...expectations(run),
    ...failedBlocks(run),
    text(`Results: ${run.results}`),
  ]
}

/** Verdict and expectations of a stopped run are those of the cells that were over; the page must say so. */
export const stopped = (run: RunResult): Block[] =>
  run.interrupted
    ? [
        text(
          `Stopped before its end: ${run.cells.length === 1 ? 'the one cell that was' : `the ${number(run.cells.length)} cells that were`} over by then are all that is judged here.`,
        ),
      ]
    : []

const capital = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1)

const overview = (runs: readonly RunResult[]): Block =>
  table(
    [
      left('experiment'),
      left('verdict'),
      left('cells'),
      right('ttr_ms'),
      right('expectations met'),
      right('seed'),
      left('started'),
      left('results'),
    ],
    runs.map((run) => [
      run.experiment,
      run.verdict,
      countsOf(run.cells),
      spread(run.cells.map((cell) => metricOf(cell, 'ttr_ms'))),
      `${run.expectations.filter((each) => each.met).length} of ${run.expectations.length}`,
      String(run.seed),
      run.provenance.started,
      run.results,
    ]),
  )

function countsOf(cells: readonly CellResult[]): string {
  const counts = VERDICTS.map((verdict) => [verdict, cells.filter((cell) => cell.verdict === verdict).length])
  return (
    counts
      .filter(([, n]) => n !== 0)
      .map(([verdict, n]) => `${n} ${verdict}`)
      .join(', ') || 'none'
  )
}

function runBlocks(run: RunResult): Block[] {
  const findings = findingsTable(run.cells)
  return [
    ...stopped(run),
    ...twin(run),
    ...expectations(run),
    heading(3, 'Verdicts'),
    verdictTable(run.cells),
    text(coverageText(run.coverage ?? coverageOf(run.cells))),
    ...(findings ? [heading(3, 'Findings'), findings] : []),
    heading(3, 'Time to recover'),
    ...(groups(run.cells).some((group) => group.cells.length > 1) ? [text(INTERVAL)] : []),
    recoveryTable(run.cells),
    ...differences(run),
    heading(3, 'Snapshot, restore and replay'),
    costTable(run.cells),
    ...latency(run),
    ...totals(run),
    heading(3, 'What happened'),
    stories(run.cells),
    ...failedBlocks(run),
    heading(3, 'Versions and machine'),
    list(provenanceLines(run)),
  ]
}

/** Only where cells were repeated: of single ones nothing can be said. */
function differences({ cells }: RunResult): Block[] {
  if (!groups(cells).some((group) => group.cells.length > 1)) return []
  const judged = (['ttr_ms', 'latency_p95_ms'] as const).flatMap((metric) => differencesWithin(cells, metric))
  if (judged.length === 0) return []
  return [
    heading(3, 'Is it a difference?'),
    text(
      'Significant if the rank sum test says p below 0.05, corrected for the number of rows of the table.',
    ),
    ...judged.flatMap(({ name, table: found }): Block[] => [
      text(`${capital(name)}:`),
      { kind: 'table', table: found },
    ]),
  ]
}

function latency(run: RunResult): Block[] {
  const table = latencyTable(run.cells)
  if (!table) return []
  return [
    heading(3, 'From order to committed output'),
    text(
      'Milliseconds; throughput in orders per second, lag_max in orders on their way at once. ' +
        'Orders released with the kill; at full speed the wait in the queue is most of it.',
    ),
    table,
  ]
}

/** Runs of up to so many cells show their totals on the terminal too. */
const FEW = 4

const totals = (run: RunResult): Block[] => [
  heading(3, 'Totals in and out'),
  totalsTable(run.cells),
  heading(3, 'What read_uncommitted shows beyond read_committed'),
  text('Records per topic: while the killed transaction dangled / at the end.'),
  isolationTable(run.cells),
]

/** A valid run of invalid cells needs a word: the twin was broken on purpose, and the oracle saw it. */
export function twin(run: RunResult): Block[] {
  const name = run.cells.find((cell) => cell.mutant !== null)?.mutant
  if (!name) return []
  const { wrong } = (MUTANTS as Partial<Record<string, { wrong: string }>>)[name] ?? {
    wrong: 'a broken twin',
  }
  const outcome = run.verdict === 'valid' ? 'It was caught as predicted.' : 'It was not caught as predicted.'
  return [text(printable(`Mutant ${name}: ${wrong}. ${outcome}`))]
}

export const expectations = (run: RunResult): Block[] =>
  run.expectations.length === 0
    ? []
    : [
        heading(3, 'Expectations'),
        list(
          run.expectations.map((each) =>
            printable(`${each.met ? '✓' : '✗'} ${each.text}; found: ${each.found}`),
          ),
        ),
      ]

export function provenanceLines(run: RunResult): string[] {
  const from: Provenance = run.provenance
  const dirty = from.dirty ? ' with uncommitted changes' : ''
  const pragmas = Object.entries(from.pragmas).map(([name, value]) => `${name}=${value}`)
  return [
    `eoslab ${from.eoslab}, commit ${from.commit ?? 'unknown'}${dirty}`,
    `Apache Kafka ${from.kafka}; client ${from.client}; Node ${from.node}`,
    `SQLite ${from.sqlite}${pragmas.length > 0 ? ` (${pragmas.join(', ')})` : ''}`,
    `${from.host.cpus} x ${from.host.cpu}, ${from.host.memory_gib} GiB, ${from.host.os}`,
    scoreLine(run),
    `seed ${run.seed}, started ${from.started}, ${number(run.wall_ms / 1_000)} s`,
    `results: ${run.results}`,
  ].map(printable)
}

/** How far the judge of this run can be believed: how many broken twins it caught. */
function scoreLine({ oracle_version: version, mutation_score: score }: RunResult): string {
  if (version === undefined) return 'judged by an oracle of unknown version'
  return `judged by oracle version ${version}; mutation score: ${scoreText(score)}`
}

export function scoreText(score: ScoreShown | null | undefined): string {
  if (!score) return 'not measured'
  const told = `${score.caught} of ${score.of} mutants caught, ${score.measured}`
  const { oracle_version: other } = score
  return other === undefined ? told : `not measured; that of oracle version ${other}: ${told}`
}
