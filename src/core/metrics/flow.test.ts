import { describe, expect, it } from 'vitest'
import type { HistoryEvent } from '../history/event.ts'
import type { RawMarker, RawPartition, RawRecord, RawTopic } from '../oracle/input.ts'
import { flowOf } from './flow.ts'

type Entry = RawRecord | RawMarker

const data = (offset: number, timestamp: number, headers: Record<string, string> = {}): RawRecord => ({
  kind: 'data',
  partition: 0,
  offset,
  timestamp,
  key: null,
  value: null,
  headers,
  producerId: '7',
  epoch: 0,
  transactional: headers['txn'] !== undefined,
})

const marker = (offset: number, timestamp: number, outcome: 'COMMIT' | 'ABORT' = 'COMMIT'): RawMarker => ({
  kind: 'marker',
  partition: 0,
  offset,
  timestamp,
  producerId: '7',
  epoch: 0,
  outcome,
})

const topic = (name: string, entries: Entry[]): RawTopic => {
  const partition: RawPartition = {
    topic: name,
    partition: 0,
    logStart: 0,
    lastStableOffset: entries.length,
    highWatermark: entries.length,
    entries,
  }
  return { topic: name, partitions: [partition] }
}

const enrichedFrom = (order: number, n: number) => ({ src: `orders/0/${order}`, txn: `opa-0/opa.a.1/${n}` })
const outputFrom = (record: number, n: number) => ({ src: `enriched/0/${record}`, txn: `opb-0/opb.a.1/${n}` })

const event = (
  f: HistoryEvent['f'],
  type: HistoryEvent['type'],
  rest: Partial<HistoryEvent>,
): HistoryEvent => ({
  f,
  type,
  t: Number(rest.at),
  at: 0,
  who: 'opb',
  incarnation: 'opb.a.1',
  i: 1,
  task: 0,
  kind: 'data',
  ...rest,
})

// Two orders at 100 and 110, enriched together at 150; the first output is acknowledged at 205, the second
// was killed before its answer, its marker is of 300.
const topics = {
  orders: topic('orders', [data(0, 100), data(1, 110)]),
  enriched: topic('enriched', [
    data(0, 140, enrichedFrom(0, 1)),
    data(1, 140, enrichedFrom(1, 1)),
    marker(2, 150),
  ]),
  output: topic('output', [
    data(0, 180, outputFrom(0, 1)),
    marker(1, 200),
    data(2, 240, outputFrom(1, 2)),
    marker(3, 300),
  ]),
}
const events = [
  event('txn', 'invoke', { at: 170, n: 1, next: 1, records: 1 }),
  event('commit', 'ok', { at: 205, n: 1 }),
  event('txn', 'invoke', { at: 230, n: 2, next: 2, records: 1 }),
]

describe('flow', () => {
  it('runs from the append of an order to the acknowledgement, or to the marker where nobody was told', () => {
    const flow = flowOf({ topics, events, since: 0 })
    expect(flow.latenciesMs).toEqual([105, 190])
    expect(flow.lagMax).toBe(2)
    expect(flow.throughput).toBe(10)
    expect(flow.tasks).toEqual([{ operator: 'opb', task: 0, records: 1, lag_max: 2 }])
    expect(flow.instances).toEqual([{ operator: 'opb', instance: 'a', records: 1 }])
    expect(flow.transactions).toEqual({
      opa: { committed: 1, aborted: 0 },
      opb: { committed: 2, aborted: 0 },
    })
  })

  it('leaves out what was appended too early, aborted, or is still open', () => {
    const output = topic('output', [
      data(0, 180, outputFrom(0, 1)),
      marker(1, 200, 'ABORT'),
      data(2, 240, outputFrom(1, 2)),
    ])
    expect(flowOf({ topics: { ...topics, output }, events: [], since: 0 })).toMatchObject({
      latenciesMs: [],
      throughput: null,
      lagMax: null,
      transactions: { opb: { committed: 0, aborted: 1 } },
    })
    expect(flowOf({ topics, events, since: 105 }).latenciesMs).toEqual([190])
  })

  it('counts an order with two outputs once, by the first', () => {
    const twice = topic('output', [
      ...topics.output.partitions[0]!.entries,
      data(4, 400, outputFrom(0, 3)),
      marker(5, 410),
    ])
    expect(flowOf({ topics: { ...topics, output: twice }, events, since: 0 }).latenciesMs).toEqual([105, 190])
  })
})
