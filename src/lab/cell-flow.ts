/**
 * What flowed through a cell: latency, throughput, lag per task, transactions; into its result and, where
 * somebody collects them, into the metrics.
 *
 * Promises: changes nothing else of the result. Does not: judge; a cell that broke off has what was measured.
 */
import { percentilesMs } from '../adapters/histogram/hdr.ts'
import type { HistoryEvent } from '../core/history/event.ts'
import type { CellResult } from '../core/matrix/result.ts'
import { recordCell } from '../core/metrics/cells.ts'
import type { MetricSink } from '../core/metrics/definitions.ts'
import { EventMetrics } from '../core/metrics/events.ts'
import { flowOf } from '../core/metrics/flow.ts'
import type { OracleInput } from '../core/oracle/input.ts'

export interface Measured {
  readonly input: OracleInput
  readonly events: readonly HistoryEvent[]
  readonly sink?: MetricSink | undefined
}

const tenth = (value: number | null): number | null => (value === null ? null : Math.round(value * 10) / 10)

/** Orders of the first part wait for workers to boot; what counts begins when that part had been fed. */
const releasedAt = (events: readonly HistoryEvent[]): number => events.find((e) => e.f === 'feed')?.at ?? 0

export function measuredCell(cell: CellResult, { input, events, sink }: Measured): CellResult {
  const flow = flowOf({ topics: input.topics, events, since: releasedAt(events) })
  const { p50, p95, p99, max } = percentilesMs(flow.latenciesMs)
  const measured: CellResult = {
    ...cell,
    latency_p50_ms: tenth(p50),
    latency_p95_ms: tenth(p95),
    latency_p99_ms: tenth(p99),
    latency_max_ms: tenth(max),
    throughput: tenth(flow.throughput),
    lag_max: flow.lagMax,
    tasks: flow.tasks,
    transactions: flow.transactions,
  }
  if (!sink) return measured
  const metrics = new EventMetrics(sink, { cell: cell.cell })
  for (const event of events) metrics.observe(event)
  recordCell(measured, sink)
  for (const ms of flow.latenciesMs) {
    sink.observe('eoslab_order_latency_seconds', { cell: cell.cell }, ms / 1000)
  }
  return measured
}
