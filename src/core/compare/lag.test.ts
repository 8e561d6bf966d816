import { expect, it } from 'vitest'
import type { HistoryEvent } from '../history/event.ts'
import { lagPoints, sparkline } from './lag.ts'

const event = (t: number, fields: Partial<HistoryEvent>): HistoryEvent => ({
  f: 'txn',
  type: 'ok',
  t,
  at: t,
  who: 'opb',
  incarnation: 'opb.a.2',
  i: t,
  task: 0,
  kind: 'data',
  ...fields,
})

const events = [
  event(110, { f: 'txn', type: 'invoke', n: 1, next: 600 }),
  event(120, { f: 'commit', type: 'ok', n: 1 }),
  event(125, { f: 'commit', type: 'ok', n: 2, kind: 'manifest' }),
  event(126, { f: 'txn', type: 'invoke', n: 9, next: 900, task: 1 }),
  event(127, { f: 'commit', type: 'ok', n: 9, task: 1 }),
  event(130, { f: 'txn', type: 'invoke', n: 3, next: 1000 }),
  event(140, { f: 'commit', type: 'ok', n: 3 }),
]

it('stands until the first commit and falls with each of the task', () => {
  expect(lagPoints({ killedAt: 95, heldMs: 5, task: 0, end: 1001, next: 200, events })).toEqual([
    [0, 801],
    [20, 401],
    [40, 1],
  ])
})

it('draws what is left, and a dot for nothing', () => {
  expect(
    sparkline(
      [
        [0, 800],
        [20, 400],
        [40, 0],
      ],
      4,
    ),
  ).toBe('█▅▅·')
})
