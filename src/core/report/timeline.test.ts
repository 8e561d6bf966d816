/** The timeline: the kill and what surrounds it line by line, undisturbed transactions folded into one. */
import { expect, it } from 'vitest'
import { sampleCell } from '../../testing/sample-run.ts'
import type { HistoryEvent } from '../history/event.ts'
import { timelineBlocks } from './timeline.ts'

let t = 0
const event = (incarnation: string, line: Partial<HistoryEvent>): HistoryEvent =>
  ({ t: ++t, at: t, i: t, who: incarnation.slice(0, 3), incarnation, type: 'ok', ...line }) as HistoryEvent

it('tells lives in order, folds the steady part, and keeps the last transactions of a life', () => {
  const fence = event('opa.a.1', { f: 'fence', producerId: '7', epoch: 0 })
  const commits = [1, 2, 3, 4, 5].map((n) => event('opa.a.1', { f: 'commit', n, kind: 'data' }))
  const events = [
    fence,
    ...commits,
    event('opa.a.1', { f: 'kill', type: 'info', point: 'opa.commit.after', hit: 5 }),
    event('opa.a.2', { f: 'fence', producerId: '7', epoch: 1 }),
  ]
  const page = JSON.stringify(timelineBlocks(sampleCell(), events.toReversed()))
  const order = [
    'is producer 7, epoch 0',
    'transaction 1 is committed',
    '(2 more transactions committed)',
    'transaction 4 is committed',
    'transaction 5 is committed',
    'kills itself at opa.commit.after, hit 5',
    'is producer 7, epoch 1',
  ].map((words) => page.indexOf(words))
  expect(order).not.toContain(-1)
  expect(order).toEqual(order.toSorted((a, b) => a - b))
})
