/**
 * Metrics of a worker: what its journal says, counted while it is written, and its lag, on the loopback.
 * Loaded only when a port was given, so that a worker nobody watches boots as fast as before.
 */
import { openMetrics } from '../adapters/prometheus/registry.ts'
import type { HistoryEvent } from '../core/history/event.ts'
import { EventMetrics } from '../core/metrics/events.ts'
import { onSend, send } from './run.ts'

/** Serves; resolves with what wants to see every event. Rejects with USAGE where it cannot listen. */
export async function serveMetrics(port: number): Promise<(event: HistoryEvent) => void> {
  const metrics = await openMetrics()
  const endpoint = await metrics.serve(port)
  send({
    type: 'log-line',
    line: JSON.stringify({ msg: 'metrics', url: `http://127.0.0.1:${endpoint.port}/metrics` }),
  })
  const events = new EventMetrics(metrics.sink)
  let operator = ''
  onSend((message) => {
    if (message.type === 'progress') {
      const { task, next, lso } = message
      metrics.sink.set('eoslab_lag_records', { operator, task }, Math.max(0, lso - next))
    } else if (message.type === 'lag-zero') {
      metrics.sink.set('eoslab_lag_records', { operator, task: message.task }, 0)
    }
  })
  return (event) => {
    operator = event.who
    events.observe(event)
  }
}
