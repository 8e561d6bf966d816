/**
 * What flowed through a cell: latency, throughput, lag per task, transactions; into its result and, where
 * somebody collects them, into the metrics.
 *
 * Promises: changes nothing else of the result. Does not: judge; a cell that broke off has what was measured.
 */
import { percentilesMs } from '../../adapters/histogram/hdr.ts'
import type { HistoryEvent } from '../../core/history/event.ts'
import { phasesOf } from '../../core/crash/phases.ts'
import type { CellResult, TaskResult } from '../../core/matrix/result.ts'
import { recordCell } from '../../core/metrics/cells.ts'
import type { MetricSink } from '../../core/metrics/definitions.ts'
import { EventMetrics } from '../../core/metrics/events.ts'
import { flowOf, type Flow, type TaskFlow } from '../../core/metrics/flow.ts'
import type { OracleInput } from '../../core/oracle/input.ts'

export interface Measured {
  readonly input: OracleInput
  readonly events: readonly HistoryEvent[]
  readonly sink?: MetricSink | undefined
}

const tenth = (value: number | null): number | null => (value === null ? null : Math.round(value * 10) / 10)

/** Orders of the first part wait for workers to boot; what counts begins when that part had been fed. */
const releasedAt = (events: readonly HistoryEvent[]): number => events.find((e) => e.f === 'feed')?.at ?? 0

/** By operator, the smallest share of its records that an instance committed. */
function smallestShare(instances: Flow['instances']): number | null {
  const shares = instances.flatMap(({ operator, records }) => {
    const same = instances.filter((other) => other.operator === operator)
    const all = same.reduce((sum, other) => sum + other.records, 0)
    return same.length > 1 && all > 0 ? [records / all] : []
  })
  return shares.length > 0 ? Math.round(Math.min(...shares) * 1000) / 1000 : null
}

/** The last time that the task got a new owner: who recovered it, counted from the end of the one before. */
function withRecovery(task: TaskFlow, events: readonly HistoryEvent[]): TaskResult {
  const fences = events.filter(
    (e) => e.who === task.operator && e.task === task.task && e.f === 'fence' && e.type === 'ok',
  )
  const by = fences.at(-1)?.incarnation
  const before = fences.findLast((e) => e.incarnation !== by)?.incarnation
  const exit = events.find((e) => e.f === 'exit' && e['life'] === before)
  const taken = events.find(
    (e) => e.incarnation === by && e.f === 'own' && (e['tasks'] as number[]).includes(task.task),
  )
  if (by === undefined || !exit || !taken) return task
  const spawn = spawnOf(by, events)
  const { phases, ttr_ms, lag_zero_ms } = phasesOf({
    task: task.task,
    killedAt: exit.t,
    exitAt: exit.t,
    // Who lived already begins when it is told.
    spawnedAt: spawn !== undefined && spawn > exit.t ? spawn : taken.t,
    next: events.filter((e) => e.incarnation === by && e.t >= exit.t),
  })
  return { ...task, recovery: { by, ttr_ms, lag_zero_ms, phases } }
}

/** When the supervisor spawned a life. */
function spawnOf(incarnation: string, events: readonly HistoryEvent[]): number | undefined {
  const first = events.find((e) => e.incarnation === incarnation)
  const worker = incarnation.replace(/\.\d+$/, '')
  return events.findLast((e) => e.f === 'spawn' && e['worker'] === worker && e.t <= (first?.t ?? 0))?.t
}

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
    tasks: flow.tasks.map((task) => withRecovery(task, events)),
    instances: flow.instances,
    work_share_min: smallestShare(flow.instances),
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
