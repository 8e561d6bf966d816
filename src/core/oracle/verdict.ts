/**
 * Verdicts as a lattice: valid < vacuous < unknown < invalid. Composing takes the worst.
 * A check that throws, or whose input is missing, is `unknown`; only one declared `not-applicable`
 * beforehand (by the pipeline) is left out.
 */
export const VERDICTS = ['valid', 'vacuous', 'unknown', 'invalid'] as const
export type Verdict = (typeof VERDICTS)[number]

export const worst = (verdicts: Iterable<Verdict>): Verdict => {
  let rank = 0
  for (const v of verdicts) rank = Math.max(rank, VERDICTS.indexOf(v))
  return VERDICTS[rank]!
}

/** Exit code of a verdict (README, exit codes). */
export const exitOf = (verdict: Verdict): number => (verdict === 'valid' ? 0 : verdict === 'invalid' ? 1 : 3)

export const ANOMALY_NAMES = [
  'source-mismatch',
  'lost-write',
  'duplicate',
  'aborted-read',
  'torn-transaction',
  'phantom-output',
  'reorder',
  'zombie-write',
  'offset-ahead',
  'offset-behind',
  'under-count',
  'over-count',
  'version-gap',
  'version-regression',
  'dirty-state',
  'state-behind',
  'phantom-key',
  'divergence',
  'delta-compaction-loss',
  'torn-snapshot',
  'dangling-manifest',
  'checkpoint-ahead',
  'manifest-regression',
  'replay-gap',
  'path-dependence',
  'non-idempotent-recovery',
  'hung-transaction',
  'never-zero-lag',
  'stuck-recovery',
  'no-progress',
] as const
export type AnomalyName = (typeof ANOMALY_NAMES)[number]

export interface AnomalyPlace {
  readonly topic?: string
  readonly partition?: number
  readonly offset?: number
  readonly key?: string
  readonly transaction?: string
  readonly incarnation?: string
}

export interface Anomaly {
  readonly name: AnomalyName
  /** One sentence: what is wrong, with expected and found values. */
  readonly message: string
  readonly place: AnomalyPlace
}

export interface CheckResult {
  readonly check: string
  readonly verdict: Verdict | 'not-applicable'
  /** At most 20 are kept; `count` has them all. */
  readonly anomalies: readonly Anomaly[]
  readonly count: number
  /** Why a verdict is unknown or not applicable. */
  readonly reason?: string
}

/** Money that was counted more than it should have been, one entry per surplus counting. */
export interface Overcharge {
  readonly orderId: string
  readonly amount: number
  /** Header `src` of the record that was counted again, or that should never have been counted. */
  readonly src: string
  readonly cause: 'duplicate' | 'aborted-read'
}

export interface Judgement {
  readonly verdict: Verdict
  /** Distinct names, most frequent first. */
  readonly anomalies: readonly AnomalyName[]
  readonly checks: readonly CheckResult[]
  readonly totals: Readonly<Record<string, number>>
  /** At most 1,000 are kept; the total has them all. */
  readonly overcharge: readonly Overcharge[]
  readonly overchargeTotal: number
  readonly oracleVersion: string
}
