/**
 * The numbers of a cell, by the names that thresholds (`expect.max`), cells.csv and the report share.
 *
 * Promises: one row per number; `null` means "not measured", which never meets a threshold and is left out
 * of a median. Results of an older version may lack a field: that is "not measured" too.
 */
import type { CellResult, Phases } from '../matrix/result.ts'

type Read = (cell: CellResult) => number | null | undefined

const phase =
  (name: keyof Phases): Read =>
  (cell) =>
    cell.phases?.[name]

export const METRICS = {
  ttr_ms: (cell) => cell.ttr_ms,
  detect_ms: phase('detect_ms'),
  boot_ms: phase('boot_ms'),
  fence_ms: phase('fence_ms'),
  manifest_ms: phase('manifest_ms'),
  restore_ms: phase('restore_ms'),
  replay_ms: phase('replay_ms'),
  resume_ms: phase('resume_ms'),
  first_commit_ms: phase('first_commit_ms'),
  caught_up_ms: (cell) => cell.caught_up_ms,
  lag_zero_ms: (cell) => cell.lag_zero_ms,
  snapshot_time_ms: (cell) => cell.snapshot_time_ms,
  snapshot_bytes: (cell) => cell.snapshot_bytes,
  replay_bytes: (cell) => cell.replay_bytes,
  replay_rate: (cell) => cell.replay_rate,
  applied: (cell) => cell.applied,
  skipped: (cell) => cell.skipped,
  restored_keys: (cell) => cell.restored_keys,
  orders: (cell) => cell.orders,
  rejected: (cell) => cell.rejected,
  orders_before_kill: (cell) => cell.orders_before_kill,
  orders_after_kill: (cell) => cell.orders_after_kill,
  uncommitted_seen: (cell) => cell.uncommitted_seen,
  latency_p50_ms: (cell) => cell.latency_p50_ms,
  latency_p95_ms: (cell) => cell.latency_p95_ms,
  latency_p99_ms: (cell) => cell.latency_p99_ms,
  latency_max_ms: (cell) => cell.latency_max_ms,
  throughput: (cell) => cell.throughput,
  lag_max: (cell) => cell.lag_max,
  work_share_min: (cell) => cell.work_share_min,
  wall_ms: (cell) => cell.wall_ms,
} as const satisfies Readonly<Record<string, Read>>

export type MetricName = keyof typeof METRICS

/** What each number says, for docs/reference/measurements.md. */
export const METRIC_MEANING: Readonly<Record<MetricName, string>> = {
  ttr_ms: 'time to recover: from the process being gone to its first committed output; the sum of the phases',
  detect_ms: 'phase: process gone until the supervisor knew',
  boot_ms: "phase: start of the next life until its journal's first line",
  fence_ms: 'phase: until InitProducerId has returned',
  manifest_ms: 'phase: until committed offsets and manifests are read',
  restore_ms: 'phase: until the state is there, kept or restored',
  replay_ms: 'phase: until the changelog is applied up to the high watermark',
  resume_ms: 'phase: until the first input record is there',
  first_commit_ms: 'phase: until the first commit of the new life is answered',
  caught_up_ms: 'from the process being gone until everything is processed that was committed at the kill',
  lag_zero_ms:
    "from the process being gone until the position is at the input's LSO and nothing is uncommitted",
  snapshot_time_ms: 'one snapshot, from its begin to its file being on disk',
  snapshot_bytes: "that snapshot's file",
  replay_bytes: 'changelog records read by the replay, keys and values',
  replay_rate: 'changelog records a second',
  applied: 'changelog records that the replay applied',
  skipped: 'changelog records that the replay passed over, since the state had them',
  restored_keys: 'rows of the state after restoring, before the replay',
  orders: 'orders fed in',
  rejected: 'orders in the dead-letter topic',
  orders_before_kill: 'input records of the killed task that were committed before the kill',
  orders_after_kill: 'input records that were left for after it',
  uncommitted_seen:
    'records of the killed transaction that read_uncommitted showed while it dangled, read_committed not',
  latency_p50_ms: 'half of the orders took at most so long, from their append to the commit of their output',
  latency_p95_ms: '95 % of the orders did',
  latency_p99_ms: '99 % of the orders did',
  latency_max_ms: 'the slowest order',
  throughput: 'orders a second with committed output',
  lag_max: 'most orders on their way at once',
  work_share_min: "smallest share of an operator's records that one of its instances committed",
  wall_ms: 'the cell from its first topic to its verdict',
}

export const METRIC_NAMES = Object.keys(METRICS) as [MetricName, ...MetricName[]]

export const metricOf = (cell: CellResult, name: MetricName): number | null => METRICS[name](cell) ?? null
