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

export const METRIC_NAMES = Object.keys(METRICS) as [MetricName, ...MetricName[]]

export const metricOf = (cell: CellResult, name: MetricName): number | null => METRICS[name](cell) ?? null
