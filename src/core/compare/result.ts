/**
 * What compare-changelog found.
 *
 * Promises: field names are those of the other results, units last; what was not measured is null. A row is
 * one run of one variant, and as expected when it is valid, or, where deltas were compacted away, when the
 * oracle names that very loss.
 */
import { PHASES, type Phases } from '../matrix/result.ts'
import { worst, type Anomaly, type AnomalyName, type Verdict } from '../oracle/verdict.ts'
import { mustLose, type ChangelogForm } from './variants.ts'

export interface ComparedRow {
  readonly variant: string
  /** From 1. */
  readonly repeat: number
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
  readonly snapshot_kind: 'full' | 'partial' | null
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
  /** Runs of each variant. */
  readonly repeat: number
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

export const COMPARED_COLUMNS = [
  'variant',
  'repeat',
  'changelog',
  'compaction',
  'snapshot_every',
  'snapshots',
  'snapshot_time_ms',
  'snapshot_bytes',
  'snapshot_kind',
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
