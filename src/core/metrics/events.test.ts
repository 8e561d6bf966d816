import { expect, it } from 'vitest'
import type { HistoryEvent } from '../history/event.ts'
import type { Labels, MetricSink } from './definitions.ts'
import { EventMetrics } from './events.ts'

const listSink = () => {
  const seen: string[] = []
  const write = (name: string, labels: Labels, value: number): void => {
    const text = Object.entries(labels).map(([key, of]) => `${key}=${of}`)
    seen.push(`${name.replace('eoslab_', '')}{${text.join(',')}} ${value}`)
  }
  const sink: MetricSink = {
    inc: (name, labels, by = 1) => write(name, labels, by),
    set: write,
    observe: write,
  }
  return { sink, seen }
}

const at = (
  t: number,
  f: HistoryEvent['f'],
  type: HistoryEvent['type'],
  rest: object = {},
): HistoryEvent => ({
  f,
  type,
  t,
  at: t,
  who: 'opb',
  incarnation: 'opb.a.1',
  i: 1,
  task: 2,
  ...rest,
})

const LIFE = [
  at(0, 'fence', 'invoke'),
  at(40, 'fence', 'ok'),
  at(100, 'replay', 'ok', { applied: 5, skipped: 1, bytes: 600, records: 6, ms: 3 }),
  at(110, 'txn', 'invoke', { n: 1, kind: 'data', records: 9 }),
  at(120, 'commit', 'invoke', { n: 1, kind: 'data' }),
  at(125, 'commit', 'ok', { n: 1, kind: 'data' }),
  at(130, 'txn', 'invoke', { n: 2, kind: 'data', records: 9 }),
  at(140, 'commit', 'invoke', { n: 2, kind: 'data' }),
]

it('counts what was acknowledged, with its duration, and nothing that nobody answered', () => {
  const { sink, seen } = listSink()
  const metrics = new EventMetrics(sink)
  for (const event of LIFE) metrics.observe(event)
  expect(seen).toEqual([
    'recovery_phase_seconds{operator=opb,task=2,phase=fence} 0.04',
    'replay_records_total{operator=opb,task=2,outcome=applied} 5',
    'replay_records_total{operator=opb,task=2,outcome=skipped} 1',
    'replay_bytes_total{operator=opb,task=2} 600',
    'replay_records_per_second{operator=opb,task=2} 2000',
    'recovery_phase_seconds{operator=opb,task=2,phase=replay} 0.06',
    'transactions_total{operator=opb,task=2,kind=data,outcome=committed} 1',
    'commit_duration_seconds{operator=opb,kind=data} 0.005',
    'records_committed_total{operator=opb,task=2} 9',
  ])
})

it('leaves the phases of a cell to its result, which knows boot and first commit', () => {
  const { sink, seen } = listSink()
  const metrics = new EventMetrics(sink, { cell: 'c' })
  for (const event of LIFE) metrics.observe(event)
  expect(seen.filter((line) => line.includes('phase'))).toEqual([])
  expect(seen[0]).toBe('replay_records_total{cell=c,operator=opb,task=2,outcome=applied} 5')
})
