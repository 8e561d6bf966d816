/**
 * What compare-changelog found, and the page it is shown as.
 *
 * Promises: field names are those of the other results, units last; what was not measured is null and shown
 * as a dash. A row is as expected when it is valid, or, where deltas were compacted away, when the oracle
 * names that very loss.
 */
import { PHASES, type Phases } from '../matrix/result.ts'
import { worst, type Anomaly, type AnomalyName, type Verdict } from '../oracle/verdict.ts'
import { heading, left, list, right, table, text, words, type Block } from '../report/blocks.ts'
import { NOTHING, number } from '../report/numbers.ts'
import { mustLose, type ChangelogForm } from './variants.ts'

export interface ComparedRow {
  readonly variant: string
  readonly prefix: string
  readonly changelog: ChangelogForm
  readonly compaction: 'before' | 'after' | null
  readonly snapshot_every: string | null
  /** Snapshots of the killed life. */
  readonly snapshots: number
  /** Median over them. */
  readonly snapshot_time_ms: number | null
  /** Of the newest one. */
  readonly snapshot_bytes: number | null
  /** Input records committed by the killed life. */
  readonly records_before_kill: number
  readonly changelog_records: number | null
  /** After the cleaner; null where it was not called. */
  readonly changelog_records_compacted: number | null
  readonly restore_source: 'local' | 'snapshot' | 'none' | null
  readonly restored_keys: number
  readonly replay_records: number
  readonly replay_bytes: number
  readonly replay_rate: number | null
  readonly applied: number
  readonly skipped: number
  readonly ttr_ms: number | null
  readonly phases: Phases | null
  readonly caught_up_ms: number | null
  readonly lag_zero_ms: number | null
  /** Compaction and the like between kill and restart; in no other figure. */
  readonly held_ms: number
  readonly state_hash: string | null
  readonly verdict: Verdict
  readonly anomalies: readonly AnomalyName[]
  readonly as_expected: boolean
  /** The loss that the oracle names, where there is one. */
  readonly loss: Anomaly | null
  readonly problem: string | null
  readonly wall_ms: number
}

/** What `compare-changelog --json` prints. */
export interface ComparedResult {
  readonly kind: 'compare-changelog'
  readonly verdict: Verdict
  readonly seed: number
  readonly orders: number
  readonly window_s: number
  readonly results: string
  readonly brokers: string
  readonly rows: readonly ComparedRow[]
  /** One hash: every row that did not lose money ended in one state. */
  readonly state_hashes: readonly string[]
  readonly wall_ms: number
}

export function asExpected(
  row: Pick<ComparedRow, 'changelog' | 'compaction' | 'verdict' | 'anomalies'>,
): boolean {
  if (mustLose(row)) return row.verdict === 'invalid' && row.anomalies.includes('delta-compaction-loss')
  return row.verdict === 'valid'
}

/** Valid when every row came out as expected and all that lost nothing agree on the state. */
export function verdictOf(rows: readonly ComparedRow[], hashes: readonly string[]): Verdict {
  const odd = rows.filter((row) => !row.as_expected)
  // A loss that did not show proves nothing about the others, and is no pass either.
  if (odd.length > 0) return worst(odd.map((row) => (row.verdict === 'valid' ? 'invalid' : row.verdict)))
  return hashes.length > 1 ? 'invalid' : 'valid'
}

export const stateHashes = (rows: readonly ComparedRow[]): string[] => [
  ...new Set(rows.flatMap((row) => (mustLose(row) || row.state_hash === null ? [] : [row.state_hash]))),
]

export const nameOf = (row: ComparedRow): string[] => [
  row.changelog,
  row.compaction ?? NOTHING,
  row.snapshot_every ?? 'none',
]

const NAMES = [left('changelog'), left('compaction'), left('snapshot_every')]

const costTable = (rows: readonly ComparedRow[]): Block =>
  table(
    [
      ...NAMES,
      ...['snapshot_time_ms', 'snapshot_bytes', 'replay_records', 'replay_bytes', 'replay_rate'].map(right),
      ...['ttr_ms', 'applied', 'skipped'].map(right),
      left('verdict'),
      words('anomalies'),
    ],
    rows.map((row) => [
      ...nameOf(row),
      ...[row.snapshot_time_ms, row.snapshot_bytes, row.replay_records, row.replay_bytes].map(number),
      ...[row.replay_rate, row.ttr_ms, row.applied, row.skipped].map(number),
      row.as_expected && mustLose(row) ? `${row.verdict}, as predicted` : row.verdict,
      row.problem ?? (row.anomalies.join(', ') || NOTHING),
    ]),
  )

const phaseTable = (rows: readonly ComparedRow[]): Block =>
  table(
    [...NAMES, right('ttr_ms'), ...PHASES.map(right), right('caught_up_ms'), right('held_ms')],
    rows.map((row) => [
      ...nameOf(row),
      number(row.ttr_ms),
      ...PHASES.map((phase) => number(row.phases?.[phase])),
      ...[row.caught_up_ms, row.held_ms].map(number),
    ]),
  )

function losses(rows: readonly ComparedRow[]): Block[] {
  const named = rows.flatMap((row) => (row.loss ? [`${nameOf(row).join(', ')}: ${row.loss.message}`] : []))
  if (named.length === 0) return []
  return [text('What compaction took from deltas alone, the first key of each:'), list(named)]
}

/** The table, the phases, and what was lost. */
export function comparedBlocks(result: ComparedResult): Block[] {
  const { rows, state_hashes: hashes } = result
  const cut = rows.filter((row) => row.changelog_records_compacted !== null)
  const first = cut[0]
  const blocks: Block[] = [
    heading(2, `compare-changelog: ${result.verdict}`),
    text(
      `OpB alone in each row, on the same ${number(result.orders)} orders (seed ${result.seed}, window ${result.window_s} s): killed by SIGKILL after three quarters of them, its local state deleted, restarted, judged. ttr_ms: process gone to first committed output.`,
    ),
    costTable(rows),
    phaseTable(rows),
  ]
  if (first) {
    blocks.push(
      text(
        `After compaction: the cleaner had left ${number(first.changelog_records_compacted)} of ${number(first.changelog_records)} changelog records before the restart; its time is in held_ms and in nothing else.`,
      ),
    )
  }
  blocks.push(...losses(rows))
  const kept = rows.filter((row) => !mustLose(row)).length
  blocks.push(
    text(
      hashes.length === 1
        ? `All ${kept} rows that must lose nothing ended in one state, hash ${hashes[0]!.slice(0, 16)}…`
        : `The ${kept} rows that must lose nothing ended in ${hashes.length} different states.`,
    ),
  )
  return blocks
}

export const COMPARED_COLUMNS = [
  'variant',
  'changelog',
  'compaction',
  'snapshot_every',
  'snapshots',
  'snapshot_time_ms',
  'snapshot_bytes',
  'records_before_kill',
  'changelog_records',
  'changelog_records_compacted',
  'restore_source',
  'restored_keys',
  'replay_records',
  'replay_bytes',
  'replay_rate',
  'applied',
  'skipped',
  'ttr_ms',
  ...PHASES,
  'caught_up_ms',
  'lag_zero_ms',
  'held_ms',
  'verdict',
  'anomalies',
  'as_expected',
  'state_hash',
  'wall_ms',
] as const

type Field = string | number | boolean | null

/** One line per row; what was not measured is empty. */
export const comparedCsv = (rows: readonly ComparedRow[]): Field[][] =>
  rows.map((row) => {
    const { phases, anomalies, loss: _loss, ...plain } = row
    const fields: Readonly<Record<string, Field>> = { ...plain, ...phases, anomalies: anomalies.join(' ') }
    return COMPARED_COLUMNS.map((column) => fields[column] ?? null)
  })
