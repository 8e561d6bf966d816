import { expect, test } from 'vitest'
import { atHits, countedHits, countings, readHits, type Counted } from './hits.ts'
import { planMatrix, type PlannedCell } from './plan.ts'
import { resolvePoints } from './points.ts'

const plan = (...at: string[]) =>
  planMatrix({ seed: 7, orders: 2000, partitions: 1, points: resolvePoints(at) })

const counted = (cells: PlannedCell[], hits: Record<string, number>): Counted[] =>
  countings(cells).map((counting) => ({ ...counting, hits: new Map(Object.entries(hits)) }))

test('first, middle and last by the count of a clean run, each once', () => {
  const planned = plan('opb.commit.mid', 'opa.commit.mid')
  const hits = { '0/opb.commit.mid': 19, '0/opa.commit.mid': 1 }
  const cells = atHits(planned, counted(planned, hits), ['first', 'middle', 'last'])
  expect(cells.map((c) => [c.cell, c.hit, c.at])).toEqual([
    ['opb.commit.mid-h1', 1, 'opb.commit.mid:1'],
    ['opb.commit.mid-h10', 10, 'opb.commit.mid:10'],
    ['opb.commit.mid-h19', 19, 'opb.commit.mid:19'],
    ['opa.commit.mid-h1', 1, 'opa.commit.mid:1'],
  ])
  expect(plan('opb.commit.mid:19')).toEqual([cells[2]])
})

test('points of snapshots are counted where snapshots are asked for', () => {
  const planned = plan('opb.commit.mid', 'opb.snapshot-copy.mid', 'opb.prune.mid')
  expect(countings(planned).map(({ of, counts }) => [of.kills.length, counts])).toEqual([
    [0, { points: ['opb.commit.mid'], snapshots: 0 }],
    [0, { points: ['opb.snapshot-copy.mid', 'opb.prune.mid'], snapshots: 3 }],
  ])
  const cells = atHits(planned, counted(planned, { '0/opb.snapshot-copy.mid': 3, '0/opb.prune.mid': 2 }), [
    'last',
  ])
  expect(cells.map((c) => c.at)).toEqual([planned[0]!.at, 'opb.snapshot-copy.mid:3', 'opb.prune.mid:2'])
  expect(plan('opb.prune.mid:2')).toEqual([cells[2]])
})

test('points of a recovery are counted in the life after the kill before, which all of them share', () => {
  const planned = plan(
    'opb.replay.mid',
    'opb.restore.mid',
    'opb.replay.after',
    'opb.commit.mid+opb.apply.mid',
  )
  const runs = countings(planned)
  expect(runs.map(({ of, counts }) => [of.mode, of.kills, counts.points])).toEqual([
    ['cold', [planned[0]!.kills[0]], ['opb.replay.mid', 'opb.restore.mid']],
    ['warm', [planned[2]!.kills[0]], ['opb.replay.after', 'opb.apply.mid']],
  ])
  const hits = {
    '0/opb.replay.mid': 7,
    '0/opb.restore.mid': 1,
    '0/opb.replay.after': 1,
    '0/opb.apply.mid': 5,
  }
  const cells = atHits(planned, counted(planned, hits), ['first', 'last'])
  const [cold, warm] = [planned[0]!.kills[0]!.hit, planned[2]!.kills[0]!.hit]
  expect(cells.map((c) => c.at)).toEqual([
    `opb.commit.mid:${cold}+opb.replay.mid:1`,
    `opb.commit.mid:${cold}+opb.replay.mid:7`,
    `opb.commit.mid:${cold}+opb.restore.mid:1`,
    `opb.commit.mid:${warm}+opb.replay.after:1`,
    `opb.commit.mid:${warm}+opb.apply.mid:1`,
    `opb.commit.mid:${warm}+opb.apply.mid:5`,
  ])
  expect(plan(cells[1]!.at)).toEqual([cells[1]])
})

test('what has its hit, counts something else, or was never reached stays', () => {
  const cells = plan('opb.commit.mid:4', 'opb.random', 'opb.apply.mid', 'opb.loop', 'fault.state-torn')
  const hits = { '0/opb.commit.mid': 9, '0/opb.random': 9, '0/opb.loop': 9, '0/fault.state-torn': 9 }
  expect(atHits(cells, counted(cells, hits), ['first', 'last'])).toEqual(cells)
})

test('cells of another seed are counted by a run of their own', () => {
  const planned = planMatrix({
    seed: 7,
    orders: 2000,
    partitions: 1,
    repeat: 2,
    points: resolvePoints(['opb.commit.mid', 'opb.apply.mid']),
  })
  expect(countings(planned).map(({ of }) => of.seed)).toEqual([7, 8])
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
