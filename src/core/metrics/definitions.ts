/**
 * The metrics by name, as Prometheus wants them: base units (seconds, bytes), counters end in `_total`.
 *
 * Promises: one table for the live endpoint of a worker, for that of the supervisor and for metrics.prom, so
 * that a name means the same everywhere. A label that does not apply is left out (a worker knows no cell).
 * Does not: count anything; events.ts and cells.ts do, into whatever sink they are given.
 */
export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
  /** Upper bounds of a histogram's buckets. */
  readonly buckets?: readonly number[]
}

const TASK = ['cell', 'operator', 'task'] as const
const CELL = ['cell', 'operator', 'mode'] as const
const FAST = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5] as const

export const METRIC_DEFINITIONS = {
  eoslab_transactions_total: {
    type: 'counter',
    help: 'Transactions by outcome as the client saw it: committed, refused (fenced), unknown.',
    labels: [...TASK, 'kind', 'outcome'],
  },
  eoslab_log_transactions_total: {
    type: 'counter',
    help: 'Transactions with records by the outcome that their markers in the raw log say: committed, aborted.',
    labels: ['cell', 'operator', 'outcome'],
  },
  eoslab_records_committed_total: {
    type: 'counter',
    help: 'Input records whose transaction was acknowledged.',
    labels: TASK,
  },
  eoslab_commit_duration_seconds: {
    type: 'histogram',
    help: 'From sending EndTxn to its answer.',
    labels: ['cell', 'operator', 'kind'],
    buckets: FAST,
  },
  eoslab_lag_records: {
    type: 'gauge',
    help: 'Offsets between the next input offset to commit and the last stable offset; control records count.',
    labels: TASK,
  },
  eoslab_lag_max_records: {
    type: 'gauge',
    help: 'Most input records that waited for a task at once.',
    labels: TASK,
  },
  eoslab_recovery_duration_seconds: {
    type: 'gauge',
    help: 'Time to recover: process gone to first committed output.',
    labels: CELL,
  },
  eoslab_task_recovery_duration_seconds: {
    type: 'gauge',
    help: "The same for each task of the process that died: until the task's own first committed output.",
    labels: TASK,
  },
  eoslab_task_lag_zero_seconds: {
    type: 'gauge',
    help: 'Process gone to a lag of zero, for each of its tasks.',
    labels: TASK,
  },
  eoslab_recovery_phase_seconds: {
    type: 'gauge',
    help: 'Phases of recovery; they add up to eoslab_recovery_duration_seconds.',
    labels: [...CELL, 'task', 'phase'],
  },
  eoslab_caught_up_seconds: {
    type: 'gauge',
    help: 'Process gone to everything committed that was in the input at the kill.',
    labels: CELL,
  },
  eoslab_lag_zero_seconds: { type: 'gauge', help: 'Process gone to a lag of zero.', labels: CELL },
  eoslab_replay_records_total: {
    type: 'counter',
    help: 'Changelog records that recoveries read, applied or skipped by seq.',
    labels: [...TASK, 'outcome'],
  },
  eoslab_replay_bytes_total: { type: 'counter', help: 'Bytes that recoveries replayed.', labels: TASK },
  eoslab_replay_records_per_second: {
    type: 'gauge',
    help: 'Rate of the last replay that had records.',
    labels: TASK,
  },
  eoslab_restored_keys: { type: 'gauge', help: 'Rows after the last restore.', labels: [...TASK, 'source'] },
  eoslab_snapshot_duration_seconds: {
    type: 'histogram',
    help: 'Copy, hash and rename of a snapshot; the commit of its manifest is not in it.',
    labels: ['cell', 'operator'],
    buckets: [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30],
  },
  eoslab_snapshot_bytes: { type: 'gauge', help: 'Size of the last snapshot.', labels: TASK },
  eoslab_order_latency_seconds: {
    type: 'histogram',
    help: 'From the append of an order to the commit of the output that counts it.',
    labels: ['cell'],
    buckets: [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30],
  },
  eoslab_throughput_orders_per_second: {
    type: 'gauge',
    help: 'Orders counted in committed outputs, per second of the part of the run with the kill.',
    labels: ['cell'],
  },
  eoslab_cells_total: { type: 'counter', help: 'Cells that have ended, by verdict.', labels: ['verdict'] },
} as const satisfies Readonly<Record<string, MetricDefinition>>

export type PrometheusName = keyof typeof METRIC_DEFINITIONS

export type Labels = Readonly<Record<string, string | number>>

/** Where numbers go: a Prometheus registry, or a list in a test. */
export interface MetricSink {
  inc(name: PrometheusName, labels: Labels, by?: number): void
  set(name: PrometheusName, labels: Labels, value: number): void
  observe(name: PrometheusName, labels: Labels, value: number): void
}
