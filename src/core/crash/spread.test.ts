import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { middleThird, planMatrix } from './plan.ts'
import { findPoint, resolvePoints } from './points.ts'
import { dealTasks, hitBySpread, type Spread } from './spread.ts'

const ORDERS = 4_000
const rest = [200, 400, 800, 1_000]
const spread: Spread = { all: { opa: rest, opb: rest }, rest: { opa: rest, opb: rest } }
const plan = (at: string, seed = 7) =>
  planMatrix({ seed, orders: ORDERS, partitions: 4, points: resolvePoints([at]) })[0]!

describe('a hit by the spread', () => {
  test.each(['opb.commit.mid', 'opa.random', 'opb.pause.commit.after', 'opb.loop'])(
    '%s lies in the middle third of the batches that the task has',
    (at) => {
      const seen = new Set<number>()
      for (let seed = 0; seed < 200; seed++) {
        const cell = hitBySpread(plan(at, seed), spread, ORDERS)
        const lines = at.endsWith('random') ? findPoint(at)!.eventsPerTransaction : 1
        const [low, high] = middleThird(Math.floor(rest[cell.task]! / 33) * lines)
        expect(cell.hit).toBeGreaterThanOrEqual(low)
        expect(cell.hit).toBeLessThanOrEqual(high)
        expect(cell.kills[0]!.hit).toBe(cell.hit)
        expect(cell.at).toBe(`${at}:${cell.hit}`)
        seen.add(cell.task)
      }
      expect(seen.size).toBe(4)
    },
  )

  test('moves the first kill of a pair and leaves the second', () => {
    const cell = hitBySpread(plan('opb.fence.after'), spread, ORDERS)
    expect(cell.at).toBe(`opb.commit.mid:${cell.kills[0]!.hit}+opb.fence.after:1`)
    expect(cell.hit).toBe(1)
  })

  test('changes nothing that was asked for, nothing that counts snapshots, and nothing of an even spread', () => {
    for (const at of ['opb.commit.mid:40', 'opb.snapshot-rename.before', 'opb.pause.snapshot-rename.before'])
      expect(hitBySpread(plan(at), spread, ORDERS)).toEqual(plan(at))
    const even = [600, 600, 600, 600]
    const fair: Spread = { all: { opa: even, opb: even }, rest: { opa: even, opb: even } }
    expect(hitBySpread(plan('opb.commit.mid'), fair, ORDERS)).toEqual(plan('opb.commit.mid'))
  })
})

describe('dealing', () => {
  test('the heaviest task meets the lightest', () => {
    expect(dealTasks([1_000, 900, 300, 200], 2)).toEqual([
      [0, 3],
      [1, 2],
    ])
    expect(dealTasks([0, 0, 0], 2)).toEqual([[0, 2], [1]])
  })

  test('every task has one owner, and nobody is more than one task ahead of the others', () => {
    const weights = fc.array(fc.nat(10_000), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(weights, fc.integer({ min: 1, max: 5 }), (all, instances) => {
        const hands = dealTasks(all, instances)
        expect(hands.flat().sort((a, b) => a - b)).toEqual(all.map((_, task) => task))
        const sums = hands.map((tasks) => tasks.reduce((sum, task) => sum + all[task]!, 0))
        expect(Math.max(...sums) - Math.min(...sums)).toBeLessThanOrEqual(Math.max(...all))
      }),
    )
  })
})
