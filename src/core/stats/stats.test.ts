/** Medians with their intervals and the rank test, against published tables and each other. */
import { describe, expect, test } from 'vitest'
import { medianOf } from './median.ts'
import { holm, leastP, rankTest } from './rank-test.ts'

const upTo = (n: number, from = 1): number[] => Array.from({ length: n }, (_, at) => at + from)

describe('the interval of the median', () => {
  test('nothing measured has no median; one sample has no confidence', () => {
    expect(medianOf([null, undefined, Number.NaN])).toBeUndefined()
    expect(medianOf([7])).toEqual({ n: 1, median: 7, low: 7, high: 7, confidence: 0 })
  })

  // Ranks of the 95 % interval as tables of the sign test print them.
  test.each([
    [2, 1, 2, 0.5],
    [3, 1, 3, 0.75],
    [5, 1, 5, 0.9375],
    [6, 1, 6, 0.96875],
    [9, 2, 8, 0.9609],
    [12, 3, 10, 0.9614],
    [20, 6, 15, 0.9586],
    [30, 10, 21, 0.9572],
  ])('of %d samples runs from the %dth to the %dth', (n, low, high, confidence) => {
    const found = medianOf(upTo(n).toReversed())
    expect(found).toMatchObject({ n, low, high, median: (n + 1) / 2 })
    expect(found?.confidence).toBeCloseTo(confidence, 3)
  })
})

describe('the rank test', () => {
  test.each([
    [3, 3, 0.1],
    [4, 4, 2 / 70],
    [5, 5, 2 / 252],
    [1, 9, 0.2],
  ])('%d against %d wholly apart has p = %d', (a, b, p) => {
    expect(leastP(a, b)).toBeCloseTo(p, 10)
  })

  test('equal samples are not different, ties or none', () => {
    expect(rankTest([1, 1, 1], [1, 1, 1])).toBe(1)
    expect(rankTest([1, 4], [2, 3])).toBe(1)
    expect(rankTest([], [1])).toBe(1)
  })

  test('goes both ways', () => {
    const [a, b] = [
      [1, 3, 5, 7, 8],
      [4, 6, 9, 10, 11, 12],
    ]
    expect(rankTest(a, b)).toBeCloseTo(rankTest(b, a), 12)
    // U = 5 of 5 x 6: 1+1+2+3+5+7 of 462 deals are at most that, and as many at the other end.
    expect(rankTest(a, b)).toBeCloseTo(38 / 462, 10)
  })

  test('of many samples agrees with the exact one', () => {
    const small = rankTest(upTo(30), upTo(30, 9))
    const large = rankTest(upTo(31), upTo(31, 9))
    expect(small).toBeLessThan(0.05)
    expect(Math.abs(small - large)).toBeLessThan(0.01)
  })

  test('Holm: the least p counts as often as there are tests', () => {
    expect(holm([0.01, 0.04, 0.03])).toEqual([0.03, 0.06, 0.06])
    expect(holm([])).toEqual([])
  })
})
