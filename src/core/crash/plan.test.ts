import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { batchSize, middleThird, planMatrix, remainingBatches } from './plan.ts'
import { CRASH_POINTS, resolvePoints } from './points.ts'

const SMOKE = CRASH_POINTS.filter((p) => p.byDefault)
const base = { seed: 7, orders: 2000, partitions: 1 }
const at = (...names: string[]) => ({ points: resolvePoints(names) })

describe('the size of things', () => {
  test.each([
    [2000, 1, 66],
    [2000, 4, 16],
    [100, 1, 10],
    [69_659, 1, 1000],
    [69_659, 4, 580],
  ])('%i orders in %i partitions: transactions of %i', (orders, partitions, batch) => {
    expect(batchSize(orders, partitions)).toBe(batch)
  })

  test('the feed stops at 40 %, and hits lie in the middle third of what remains', () => {
    expect(planMatrix(base)[0]).toMatchObject({ ordersFirst: 800, batch: 66 })
    expect(remainingBatches(2000, 1)).toBe(18)
    expect(middleThird(18)).toEqual([7, 12])
    expect(middleThird(1)).toEqual([1, 1])
    expect(middleThird(2)).toEqual([1, 1])
    const hits = new Set<number>()
    for (let seed = 0; seed < 300; seed++)
      hits.add(planMatrix({ ...base, ...at('opa.commit.mid'), seed })[0]!.hit)
    expect([...hits].sort((a, b) => a - b)).toEqual([7, 8, 9, 10, 11, 12])
  })

  test('whatever the sizes, a hit is at least 1 and leaves batches behind it if there are three', () => {
    const sizes = fc.record({
      orders: fc.integer({ min: 1, max: 200_000 }),
      partitions: fc.integer({ min: 1, max: 32 }),
      seed: fc.maxSafeInteger(),
    })
    fc.assert(
      fc.property(sizes, (size) => {
        const left = remainingBatches(size.orders, size.partitions)
        for (const cell of planMatrix(size)) {
          const most = cell.point.endsWith('random') ? left * size.partitions * 7 : left
          expect(cell.hit).toBeGreaterThanOrEqual(1)
          expect(cell.hit).toBeLessThanOrEqual(Math.max(1, Math.floor((2 * most) / 3)))
          expect(cell.task).toBeGreaterThanOrEqual(0)
          expect(cell.task).toBeLessThan(size.partitions)
        }
      }),
      { numRuns: 50 },
    )
  })
})

describe('the default matrix', () => {
  test('is the smoke selection once, random per operator, and one cold OpB cell', () => {
    const cells = planMatrix(base)
    expect(cells.map((c) => c.cell)).toEqual([...SMOKE.map((p) => p.name), 'opb.commit.mid-cold'])
    expect(cells.filter((c) => c.mode === 'cold').map((c) => c.point)).toEqual(['opb.commit.mid'])
    expect(new Set(cells.map((c) => c.cell)).size).toBe(cells.length)
  })

  test('all cold: only what has state, and nothing twice', () => {
    const cells = planMatrix({ ...base, mode: 'cold' })
    expect(cells).toHaveLength(SMOKE.length)
    for (const cell of cells) expect(cell.mode).toBe(cell.operator === 'opb' ? 'cold' : 'warm')
  })
})

describe('kills in a row', () => {
  const one = (at_: string, more = {}) => planMatrix({ ...base, ...more, ...at(at_) })[0]!

  test('a point inside a recovery is the second kill of a pair', () => {
    expect(one('opb.fence.after')).toMatchObject({
      cell: 'opb.commit.mid+opb.fence.after',
      point: 'opb.fence.after',
      hit: 1,
      mode: 'warm',
      kills: [
        { point: 'opb.commit.mid', hit: 7 },
        { point: 'opb.fence.after', hit: 1 },
      ],
      at: 'opb.commit.mid:7+opb.fence.after:1',
    })
  })

  test('what needs a deleted state is cold without being asked', () => {
    expect(one('opb.replay.mid')).toMatchObject({ cell: 'opb.commit.mid+opb.replay.mid', mode: 'cold' })
    expect(one('opb.restore.after')).toMatchObject({ mode: 'warm' })
    expect(one('opb.restore.after', { mode: 'cold' })).toMatchObject({
      cell: 'opb.commit.mid+opb.restore.after-cold',
      mode: 'cold',
    })
  })

  test('what is asked of a pair holds for its parts', () => {
    expect(one('opb.apply.mid:3+opb.commit.before:2')).toMatchObject({
      cell: 'opb.apply.mid+opb.commit.before-h3-2',
      kills: [
        { point: 'opb.apply.mid', hit: 3 },
        { point: 'opb.commit.before', hit: 2 },
      ],
      asked: true,
    })
  })

  test('a loop kills three lives in a row, the later ones in their first commit', () => {
    const loop = one('opb.loop')
    expect(loop.kills).toHaveLength(3)
    expect(loop.kills.map((k) => k.hit)).toEqual([loop.hit, 1, 1])
    expect(loop.at).toBe(`opb.loop:${loop.hit}`)
    expect(one(loop.at)).toEqual({ ...loop, cell: `opb.loop-h${loop.hit}`, asked: true })
  })

  test('every point has a plan, and its own words ask for the same kills', () => {
    for (const point of CRASH_POINTS) {
      const cell = one(point.name)
      expect(one(cell.at)).toMatchObject({ kills: cell.kills, mode: cell.mode, task: cell.task })
    }
  })
})

describe('one seed, one plan', () => {
  test('the plan of seed 7 is this one', () => {
    const cells = planMatrix({ ...base, partitions: 4, orders: 20_000 })
    expect(cells.map((c) => `${c.cell} ${c.task}:${c.hit}`)).toMatchInlineSnapshot(`
      [
        "opa.produce.after 2:9",
        "opa.commit.before 3:7",
        "opa.commit.mid 3:7",
        "opa.commit.after 2:7",
        "opa.random 3:42",
        "opb.produce.after 0:10",
        "opb.commit.before 2:10",
        "opb.commit.mid 1:12",
        "opb.commit.after 0:7",
        "opb.apply.before 0:11",
        "opb.random 3:68",
        "opb.commit.mid-cold 0:11",
      ]
    `)
  })

  test('other seeds give other plans', () => {
    const plans = [1, 2, 3, 2 ** 40, 2 ** 40 + 1].map((seed) =>
      JSON.stringify(planMatrix({ ...base, seed }).map((c) => c.hit)),
    )
    expect(new Set(plans).size).toBe(plans.length)
  })

  test('a cell alone is the cell of the matrix: others change nothing', () => {
    const options = { seed: 7, orders: 20_000, partitions: 4 }
    const all = planMatrix(options)
    for (const cell of all.filter((c) => c.mode === 'warm')) {
      expect(planMatrix({ ...options, ...at(cell.point) })).toEqual([cell])
    }
    expect(planMatrix({ ...options, ...at('opb.commit.mid'), mode: 'cold' })).toEqual([all.at(-1)])
  })

  test('an asked hit wins and keeps the task, so that point:hit repeats a cell', () => {
    const options = { seed: 7, orders: 20_000, partitions: 4 }
    const [drawn] = planMatrix({ ...options, ...at('opa.commit.mid') })
    const [asked] = planMatrix({ ...options, ...at(`opa.commit.mid:${drawn!.hit}`) })
    expect(asked).toEqual({ ...drawn, cell: `opa.commit.mid-h${drawn!.hit}`, asked: true })
    expect(planMatrix({ ...options, ...at('opa.commit.mid:999') })[0]).toMatchObject({
      hit: 999,
      asked: true,
      task: drawn!.task,
    })
  })

  test('repeat r of a seed is repeat 1 of the seed r - 1 further', () => {
    const cells = planMatrix({ ...base, ...at('mid-commit'), repeat: 3 })
    expect(cells.map((c) => `${c.cell} ${c.seed}`)).toEqual([
      'opa.commit.mid 7',
      'opb.commit.mid 7',
      'opa.commit.mid-r2 8',
      'opb.commit.mid-r2 8',
      'opa.commit.mid-r3 9',
      'opb.commit.mid-r3 9',
    ])
    const third = planMatrix({ ...base, ...at('mid-commit'), seed: 9 })
    expect(cells.slice(4).map((c) => [c.hit, c.task])).toEqual(third.map((c) => [c.hit, c.task]))
  })

  test.each([{ orders: 0 }, { partitions: 0 }, { repeat: 0 }, { orders: 1.5 }])('%j is refused', (wrong) => {
    expect(() => planMatrix({ ...base, ...wrong })).toThrow(/must be a whole number from 1/)
  })
})
