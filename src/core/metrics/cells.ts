/**
 * From a cell's result to metrics, beside what its journals say (events.ts): recovery by phase, lag, what
 * the raw log says of transactions, latency.
 */
import type { CellResult } from '../matrix/result.ts'
import type { MetricSink } from './definitions.ts'

export function recordCell(cell: CellResult, sink: MetricSink): void {
  const { cell: name, operator, mode } = cell
  const labels = { cell: name, operator, mode }
  const seconds = (ms: number | null | undefined, set: (value: number) => void): void => {
    if (ms !== null && ms !== undefined) set(ms / 1000)
  }
  sink.inc('eoslab_cells_total', { verdict: cell.verdict })
  seconds(cell.ttr_ms, (s) => sink.set('eoslab_recovery_duration_seconds', labels, s))
  seconds(cell.caught_up_ms, (s) => sink.set('eoslab_caught_up_seconds', labels, s))
  seconds(cell.lag_zero_ms, (s) => sink.set('eoslab_lag_zero_seconds', labels, s))
  for (const [phase, ms] of Object.entries(cell.phases ?? {})) {
    const bare = phase.replace(/_ms$/, '')
    sink.set('eoslab_recovery_phase_seconds', { ...labels, phase: bare }, Number(ms) / 1000)
  }
  if (typeof cell.throughput === 'number') {
    sink.set('eoslab_throughput_orders_per_second', { cell: name }, cell.throughput)
  }
  for (const task of cell.tasks ?? []) {
    const of = { cell: name, operator: task.operator, task: task.task }
    sink.set('eoslab_lag_max_records', of, task.lag_max)
    seconds(task.recovery?.ttr_ms, (s) => sink.set('eoslab_task_recovery_duration_seconds', of, s))
    seconds(task.recovery?.lag_zero_ms, (s) => sink.set('eoslab_task_lag_zero_seconds', of, s))
  }
  for (const [key, { committed, aborted }] of Object.entries(cell.transactions ?? {})) {
    sink.inc('eoslab_log_transactions_total', { cell: name, operator: key, outcome: 'committed' }, committed)
    sink.inc('eoslab_log_transactions_total', { cell: name, operator: key, outcome: 'aborted' }, aborted)
  }
}
