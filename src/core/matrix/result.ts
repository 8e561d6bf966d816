/**
 * What a run and its cells report: the stable JSON of `crash-matrix --json` and `run --json`, the rows of
 * cells.csv and of the report. Field names are the contract (snake_case, units last); more may be added.
 */
import type { Anomaly, AnomalyName, CheckResult, Overcharge, Verdict } from '../oracle/verdict.ts'

export interface Phases {
  /** Process gone until the supervisor knew. */
  readonly detect_ms: number
  /** Spawn until the worker's first journal line. */
  readonly boot_ms: number
  readonly fence_ms: number
  readonly manifest_ms: number
  readonly restore_ms: number
  readonly replay_ms: number
  /** Until the first input record is there. */
  readonly resume_ms: number
  /** Until the first commit of this incarnation has been acknowledged. */
  readonly first_commit_ms: number
}

/** Point of a cell in which nobody is killed: what the others are compared with. */
export const NO_KILL = 'none'

/** The phases in their order; together they are ttr_ms. */
export const PHASES = [
  'detect_ms',
  'boot_ms',
  'fence_ms',
  'manifest_ms',
  'restore_ms',
  'replay_ms',
  'resume_ms',
  'first_commit_ms',
] as const satisfies readonly (keyof Phases)[]

export interface Evidence {
  /** none: no kill was asked for. */
  readonly verdict: 'hit' | 'vacuous' | 'none'
  /** One sentence: what proves the hit, or why it is vacuous. */
  readonly summary: string
  readonly exit_signal: string | null
  /** Last journal line of the killed incarnation. */
  readonly last_event: string | null
  /** Marker of the killed transaction in the raw log. */
  readonly marker: 'COMMIT' | 'ABORT' | 'none' | null
  readonly marker_at: { topic: string; partition: number; offset: number; epoch: number } | null
  readonly transaction: string | null
  readonly producer_id: string | null
  /** Frames that the proxy saw of the killed transaction's end. */
  readonly frames: readonly { api: string; moment: string; at_ms: number; detail: string }[]
  /** Where several lives were killed in a row: each kill, in order. */
  readonly steps?: readonly KillStep[]
}

/** Where nothing was weighed; who uses it says why. */
export const NO_EVIDENCE = {
  verdict: 'none',
  summary: '',
  exit_signal: null,
  last_event: null,
  marker: null,
  marker_at: null,
  transaction: null,
  producer_id: null,
  frames: [],
} as const satisfies Evidence

export interface KillStep {
  readonly point: string
  readonly hit: number
  readonly verdict: Evidence['verdict']
  readonly summary: string
  readonly marker: 'COMMIT' | 'ABORT' | 'none' | null
  readonly transaction: string | null
}

export interface CellTotals {
  readonly orders: number
  readonly enriched: number
  readonly dlq: number
  readonly output: number
  readonly sum_in: number
  readonly sum_out: number
  /** Per topic: records that read_uncommitted shows beyond read_committed. */
  readonly uncommitted_dangling: Readonly<Record<string, number>>
  readonly uncommitted_at_end: Readonly<Record<string, number>>
}

export interface TaskResult {
  readonly operator: 'opa' | 'opb'
  readonly task: number
  /** Input records committed, all lives together. */
  readonly records: number
  /** Most input records that waited at once. */
  readonly lag_max: number
  /** Where its owner was killed: who recovered it, and how long that took. */
  readonly recovery?: {
    readonly by: string
    readonly ttr_ms: number | null
    readonly lag_zero_ms: number | null
    readonly phases: Phases | null
  }
}

export interface InstanceResult {
  readonly operator: 'opa' | 'opb'
  readonly instance: string
  /** Input records committed, all lives together. */
  readonly records: number
}

export interface CellResult {
  readonly cell: string
  readonly point: string
  readonly hit: number
  /** A run without a kill, or one that counts: how often each point was reached, by `<task>/<point>`. */
  readonly hits?: Readonly<Record<string, number>>
  /** All its kills were made; whether they are proven is the evidence's word. */
  readonly reached?: boolean
  /** Every kill of the cell: one, except for pairs and loops. */
  readonly kills?: readonly { readonly point: string; readonly hit: number }[]
  readonly operator: 'opa' | 'opb'
  readonly guarantee: string
  readonly mutant: string | null
  readonly mode: 'warm' | 'cold'
  readonly repeat: number
  readonly seed: number
  readonly prefix: string
  readonly verdict: Verdict
  readonly anomalies: readonly AnomalyName[]
  readonly checks: readonly CheckResult[]
  /** The first few, with their places. */
  readonly findings: readonly Anomaly[]
  readonly evidence: Evidence
  readonly orders: number
  readonly rejected: number
  readonly orders_before_kill: number
  readonly orders_after_kill: number
  readonly restored_keys: number
  readonly restore_source: 'local' | 'snapshot' | 'none' | null
  /** Records that read_uncommitted saw beyond read_committed while the transaction dangled. */
  readonly uncommitted_seen: number
  readonly ttr_ms: number | null
  readonly caught_up_ms: number | null
  readonly lag_zero_ms: number | null
  readonly phases: Phases | null
  readonly snapshot_time_ms: number | null
  readonly snapshot_bytes: number | null
  readonly applied: number
  readonly skipped: number
  readonly replay_bytes: number
  /** Records per second; null when nothing was replayed. */
  readonly replay_rate: number | null
  readonly totals: CellTotals
  /** Command that repeats this cell. */
  readonly command: string
  /** One sentence on what committed, what aborted and why. */
  readonly story: string
  /** Money counted more than once, or that should never have been counted; 0 on exactly-once. */
  readonly overcharge_total: number
  readonly overcharge: readonly Overcharge[]
  /** From the append of an order to the commit of its output; of orders released with the kill. */
  readonly latency_p50_ms?: number | null
  readonly latency_p95_ms?: number | null
  readonly latency_p99_ms?: number | null
  readonly latency_max_ms?: number | null
  /** Orders per second with committed output. */
  readonly throughput?: number | null
  /** Most orders on their way at once. */
  readonly lag_max?: number | null
  /** Per task of each operator. */
  readonly tasks?: readonly TaskResult[]
  readonly instances?: readonly InstanceResult[]
  /** Smallest share of an operator's records that one of its instances committed; null for single ones. */
  readonly work_share_min?: number | null
  /** By the markers in the raw log. */
  readonly transactions?: Readonly<Record<string, { readonly committed: number; readonly aborted: number }>>
  /** Why the cell could not run to its end, if it could not; its verdict is then at least unknown. */
  readonly problem: string | null
  readonly wall_ms: number
}

export interface Expectation {
  readonly text: string
  readonly met: boolean
  readonly found: string
}

export interface Provenance {
  readonly eoslab: string
  readonly commit: string | null
  readonly dirty: boolean | null
  readonly node: string
  readonly kafka: string
  readonly client: string
  readonly sqlite: string
  readonly pragmas: Readonly<Record<string, string | number>>
  readonly host: {
    readonly cpus: number
    readonly cpu: string
    readonly memory_gib: number
    readonly os: string
  }
  readonly seed: number
  readonly started: string
  readonly argv: readonly string[]
}

/** Distinct points and pairs of a run; repeats and cold restarts are none of their own. */
export interface Coverage {
  readonly points: number
  readonly reached: number
  readonly hit: number
  readonly vacuous: readonly string[]
}

export interface RunResult {
  /** The values of this run, where it is part of a sweep. */
  readonly sweep?: { readonly of: string; readonly values: Readonly<Record<string, string | number>> }
  readonly experiment: string
  readonly verdict: Verdict
  readonly seed: number
  readonly results: string
  readonly brokers: string
  readonly cells: readonly CellResult[]
  readonly coverage?: Coverage
  readonly expectations: readonly Expectation[]
  readonly provenance: Provenance
  readonly wall_ms: number
  /** Of the oracle that gave the verdicts; absent in runs of before it was noted. */
  readonly oracle_version?: string
  /** What is known of that oracle's mutants where the run is shown; null if nothing. */
  readonly mutation_score?: ScoreShown | null
  /** Stopped by Ctrl-C: the cells that were over by then. */
  readonly interrupted?: true
}

export interface ScoreShown {
  /** Where it is the score of another oracle version than the run was judged with: which one. */
  readonly oracle_version?: string
  readonly caught: number
  readonly of: number
  readonly measured: string
}
