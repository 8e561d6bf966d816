/**
 * From history events to metrics: what a worker's journal says, counted. The live endpoint feeds events as
 * they are written, the supervisor feeds whole journals; the numbers are the same.
 *
 * Promises: pure but for the sink; a commit whose answer never came is counted by nobody (its marker in the
 * log is the only one who knows: cells.ts). Does not: know the lag; a worker reports that with its progress.
 */
import type { HistoryEvent } from '../history/event.ts'
import type { Labels, MetricSink } from './definitions.ts'

const OUTCOME = { ok: 'committed', fail: 'refused', info: 'unknown' } as const

/** Boundaries of recovery inside one life; boot and first commit belong to who spawned it. */
const PHASES = ['fence', 'manifest', 'restore', 'replay'] as const

export class EventMetrics {
  readonly #sink: MetricSink
  readonly #common: Labels
  /** Open data transactions: records by life, task and n. */
  readonly #open = new Map<string, number>()
  readonly #sent = new Map<string, number>()
  readonly #phaseFrom = new Map<string, number>()

  constructor(sink: MetricSink, common: Labels = {}) {
    this.#sink = sink
    this.#common = common
  }

  observe(event: HistoryEvent): void {
    if (event.who === 'supervisor' || event.task === undefined) return
    const labels = { ...this.#common, operator: event.who, task: event.task }
    if (event.f === 'txn' || event.f === 'commit') this.#transaction(event, labels)
    else if (event.f === 'replay' && event.type === 'ok') this.#replay(event, labels)
    else if (event.f === 'restore' && event.type === 'ok') {
      const { keys, source } = event
      this.#sink.set('eoslab_restored_keys', { ...labels, source: String(source) }, Number(keys ?? 0))
    } else if (event.f === 'snapshot' && event.type === 'ok') {
      const { task: _task, ...wide } = labels
      this.#sink.observe('eoslab_snapshot_duration_seconds', wide, Number(event['ms']) / 1000)
      this.#sink.set('eoslab_snapshot_bytes', labels, Number(event['bytes']))
    }
    // Cells carry phases of their own, with boot and first commit in them.
    if (this.#common['cell'] === undefined) this.#phase(event, labels)
  }

  #transaction(event: HistoryEvent, labels: Labels): void {
    const id = `${event.incarnation}/${event.task}/${String(event['n'])}`
    if (event.f === 'txn') {
      if (event.type === 'invoke') this.#open.set(id, Number(event['records'] ?? 0))
      return
    }
    if (event.type === 'invoke') {
      this.#sent.set(id, event.t)
      return
    }
    const kind = String(event['kind'])
    const { task: _task, ...wide } = labels
    this.#sink.inc('eoslab_transactions_total', { ...labels, kind, outcome: OUTCOME[event.type] })
    const sent = this.#sent.get(id)
    if (sent !== undefined) {
      this.#sink.observe('eoslab_commit_duration_seconds', { ...wide, kind }, (event.t - sent) / 1000)
    }
    const records = this.#open.get(id) ?? 0
    if (event.type === 'ok' && kind === 'data' && records > 0) {
      this.#sink.inc('eoslab_records_committed_total', labels, records)
    }
    this.#open.delete(id)
    this.#sent.delete(id)
  }

  #replay(event: HistoryEvent, labels: Labels): void {
    for (const outcome of ['applied', 'skipped']) {
      this.#sink.inc('eoslab_replay_records_total', { ...labels, outcome }, Number(event[outcome] ?? 0))
    }
    this.#sink.inc('eoslab_replay_bytes_total', labels, Number(event['bytes'] ?? 0))
    const records = Number(event['records'] ?? 0)
    const seconds = Number(event['ms'] ?? 0) / 1000
    if (records > 0 && seconds > 0) {
      this.#sink.set('eoslab_replay_records_per_second', labels, records / seconds)
    }
  }

  #phase(event: HistoryEvent, labels: Labels): void {
    const id = `${event.incarnation}/${event.task}`
    if (event.f === 'fence' && event.type === 'invoke') this.#phaseFrom.set(id, event.t)
    const from = this.#phaseFrom.get(id)
    const phase = PHASES.find((name) => name === event.f)
    if (from === undefined || phase === undefined || event.type !== 'ok') return
    this.#sink.set('eoslab_recovery_phase_seconds', { ...labels, phase }, (event.t - from) / 1000)
    this.#phaseFrom.set(id, event.t)
  }
}
