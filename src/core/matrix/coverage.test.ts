import { expect, test } from 'vitest'
import { coverageOf, coverageText, nameOfKills } from './coverage.ts'
import type { CellResult } from './result.ts'

const cell = (
  points: readonly string[],
  verdict: 'hit' | 'vacuous' = 'hit',
  more: Partial<CellResult> = {},
) =>
  ({
    point: points.at(-1)!,
    kills: points.map((point) => ({ point, hit: 1 })),
    evidence: { verdict },
    reached: true,
    ...more,
  }) as CellResult

test('a repeat and a cold restart are no points of their own; a pair and a loop are', () => {
  const again = cell(['opb.commit.mid'], 'hit', { mode: 'cold' })
  const loop = cell(['opb.commit.mid', 'opb.commit.mid'], 'hit', { point: 'opb.loop' })
  const pair = cell(['opb.apply.mid', 'opb.apply.mid'])
  expect([again, loop, pair].map(nameOfKills)).toEqual([
    'opb.commit.mid',
    'opb.loop',
    'opb.apply.mid+opb.apply.mid',
  ])
  expect(coverageOf([cell(['opb.commit.mid']), again, loop, pair])).toEqual({
    points: 3,
    reached: 3,
    hit: 3,
    vacuous: [],
  })
})

test('one vacuous cell makes its point vacuous, and names it', () => {
  const coverage = coverageOf([
    cell(['opa.commit.mid']),
    cell(['opa.commit.mid'], 'vacuous'),
    cell(['opb.commit.mid', 'opb.replay.mid'], 'vacuous', { reached: false }),
  ])
  expect(coverage).toEqual({
    points: 2,
    reached: 1,
    hit: 0,
    vacuous: ['opa.commit.mid', 'opb.commit.mid+opb.replay.mid'],
  })
  expect(coverageText(coverage)).toContain('vacuous 2: opa.commit.mid, opb.commit.mid+opb.replay.mid')
})
