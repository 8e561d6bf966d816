import { expect, test } from 'vitest'
import { atHits, countedHits, readHits } from './hits.ts'
import { planMatrix } from './plan.ts'
import { resolvePoints } from './points.ts'

const plan = (...at: string[]) =>
  planMatrix({ seed: 7, orders: 2000, partitions: 1, points: resolvePoints(at) })

test('first, middle and last by the count of a clean run, each once', () => {
  const counts = new Map([
    ['0/opb.commit.mid', 19],
    ['0/opa.commit.mid', 1],
  ])
  const cells = atHits(plan('opb.commit.mid', 'opa.commit.mid'), counts, ['first', 'middle', 'last'])
  expect(cells.map((c) => [c.cell, c.hit, c.at])).toEqual([
    ['opb.commit.mid-h1', 1, 'opb.commit.mid:1'],
    ['opb.commit.mid-h10', 10, 'opb.commit.mid:10'],
    ['opb.commit.mid-h19', 19, 'opb.commit.mid:19'],
    ['opa.commit.mid-h1', 1, 'opa.commit.mid:1'],
  ])
  expect(plan('opb.commit.mid:19')).toEqual([cells[2]])
})

test('what has its hit, counts something else, or was never reached stays', () => {
  const counts = new Map(['opb.commit.mid', 'opb.prune.mid', 'opb.fence.after'].map((p) => [`0/${p}`, 9]))
  const cells = plan(
    'opb.commit.mid:4',
    'opb.prune.mid',
    'opb.fence.after',
    'opb.random',
    'opb.apply.mid',
    'opb.loop',
  )
  expect(atHits(cells, counts, ['first', 'last'])).toEqual(cells)
})

test('counts come from what the workers wrote down', () => {
  const event = { t: 0, at: 0, who: 'opb', incarnation: 'opb.a.1', i: 1, f: 'hits', type: 'info' } as const
  expect(countedHits([{ ...event, counts: { '0/opb.commit.mid': 3 } }])).toEqual(
    new Map([['0/opb.commit.mid', 3]]),
  )
})

test('other words are refused', () => {
  expect(readHits('last, first,last')).toEqual(['last', 'first'])
  expect(() => readHits('second')).toThrow('a hit is first, middle or last')
})
