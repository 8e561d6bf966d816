/** The timeline: what surrounds a kill line by line, in every life; markers and anomalies where they belong. */
import { expect, it } from 'vitest'
import { sampleCell } from '../../testing/sample-run.ts'
import { log, marker } from '../../testing/kills.ts'
import type { HistoryEvent } from '../history/event.ts'
import { timelineRows } from './timeline-rows.ts'
import { timelineBlocks } from './timeline.ts'

let t = 0
const event = (incarnation: string, line: Partial<HistoryEvent>): HistoryEvent => {
  t += 1
  return {
    t,
    at: 500_000 + t,
    i: t,
    who: incarnation.slice(0, 3),
    incarnation,
    type: 'ok',
    ...line,
  } as HistoryEvent
}

const transaction = (life: string, n: number): HistoryEvent[] => [
  event(life, { f: 'txn', type: 'invoke', n, kind: 'data', records: 3, task: 0 }),
  event(life, { f: 'commit', type: 'invoke', n, kind: 'data', task: 0 }),
  event(life, { f: 'commit', n, kind: 'data', task: 0 }),
]

const inOrder = (text: string, parts: readonly string[]): void => {
  const at = parts.map((part) => text.indexOf(part))
  expect(at).not.toContain(-1)
  expect(at).toEqual(at.toSorted((a, b) => a - b))
}

it('tells lives in order, folds the steady part, and keeps the last transactions of a life', () => {
  const events = [
    event('opa.a.1', { f: 'fence', producerId: '7', epoch: 0 }),
    ...[1, 2, 3, 4, 5].map((n) => event('opa.a.1', { f: 'commit', n, kind: 'data' })),
    event('opa.a.1', { f: 'kill', type: 'info', point: 'opa.commit.after', hit: 5 }),
    event('opa.a.2', { f: 'fence', producerId: '7', epoch: 1 }),
  ]
  inOrder(JSON.stringify(timelineBlocks(sampleCell(), events.toReversed())), [
    'is producer 7, epoch 0',
    'transaction 1 is committed',
    '(2 more transactions committed)',
    'transaction 4 is committed',
    'transaction 5 is committed',
    'kills itself at opa.commit.after, hit 5',
    'is producer 7, epoch 1',
  ])
})

it('tells the transactions of the other operator around the kill too, and of the life after it', () => {
  const before = [1, 2, 3, 4, 5, 6].flatMap((n) => transaction('opb.a.1', n))
  const kill = event('opa.a.1', { f: 'kill', type: 'info', point: 'opa.commit.after', hit: 5 })
  const after = [7, 8, 9, 10, 11, 12, 13].flatMap((n) => transaction('opb.a.1', n))
  const next = [1, 2, 3, 4, 5, 6, 7].flatMap((n) => transaction('opa.a.2', n))
  const rows = timelineRows([...before, kill, ...after, ...next])
  const begun = (life: string): string[] =>
    rows.filter((r) => r.who === life && r.what.startsWith('begins')).map((r) => /\d+/.exec(r.what)![0])
  expect(begun('opb.a.1')).toEqual(['1', '5', '6', '7', '8', '12', '13'])
  expect(begun('opa.a.2')).toEqual(['1', '2', '6', '7'])
})

it('puts markers into the log after the commit that asked for them, and every abort', () => {
  const events = [...transaction('opb.a.1', 1), event('opb.a.1', { f: 'txn', type: 'invoke', n: 2, task: 0 })]
  const first = events[0]!
  const partitions = log(marker(7, 'ABORT', { timestamp: Math.floor(first.at + 20) }))
    .slice(0, 1)
    .map((p) => ({
      ...p,
      entries: p.entries.map((e) =>
        e.kind === 'marker' && e.offset === 3 ? { ...e, timestamp: first.at - 1 } : e,
      ),
    }))
  const rows = timelineRows(events, { partitions })
  const told = rows.map(({ who, what }) => `${who} ${what}`)
  expect(told.filter((line) => line.startsWith('log'))).toEqual([
    'log COMMIT of opb.a.1/1 at out/0 3',
    'log ABORT of opb.a.1/2 at out/0 7',
  ])
  inOrder(told.join('\n'), ['sends the commit of transaction 1', 'COMMIT of opb.a.1/1', 'ABORT of opb.a.1/2'])
})

it('shows an anomaly at the transaction or record that it names, and says how many more there are', () => {
  const events = [1, 2, 3].flatMap((n) => transaction('opb.a.1', n))
  const finding = (offset: number, message: string) => ({
    name: 'duplicate' as const,
    message,
    place: { topic: 'out', partition: 0, offset },
  })
  const findings = [finding(0, 'twice'), ...[0, 0, 0, 0].map((o) => finding(o, 'again'))]
  const rows = timelineRows(events, { partitions: log(marker(7, 'COMMIT')), findings })
  const told = rows.map(({ what }) => what)
  inOrder(told.join('\n'), [
    'sends the commit of transaction 1',
    '✗ duplicate: twice',
    '✗ duplicate: 2 more of them',
    'sends the commit of transaction 2',
  ])
  const nowhere = timelineRows(events, { findings: [{ name: 'lost-write', message: 'gone', place: {} }] })
  expect(nowhere.at(-1)?.what).toBe('✗ lost-write: gone')
})

it('makes nothing of an empty history', () => {
  expect(timelineRows([])).toEqual([])
})
