import { describe, expect, test } from 'vitest'
import { WAYS, waysBlocks, waysCsv, waysValid, type WayBack, type WayName, type WaysFound } from './ways.ts'

const HASH = 'a'.repeat(64)
const way = (name: WayName, more: Partial<WayBack> = {}): WayBack => ({
  way: name,
  restore_source: 'snapshot',
  snapshot_id: 's1',
  applied: 10,
  skipped: 0,
  ms: 5,
  state_hash: HASH,
  sqlite3_hash: null,
  objection: null,
  note: '',
  ...more,
})

const NAMES = Object.keys(WAYS) as WayName[]
const found = (change: Partial<WayBack> = {}, finalHash = HASH): WaysFound => ({
  orders: 100,
  from: null,
  window_s: 60,
  repeats: [1, 2].map((repeat) => ({
    repeat,
    seed: repeat,
    killed_at: 50,
    last_event: 'apply ok 3',
    snapshots: 3,
    keys: 9,
    ways: NAMES.map((name) => way(name, repeat === 2 && name === 'cold' ? change : {})),
    final_hash: repeat === 2 ? finalHash : HASH,
    final_keys: 12,
    state: '/tmp/state.db',
  })),
})

const shown = (of: WaysFound): string => JSON.stringify(waysBlocks(of))

describe('the verdict', () => {
  test('is valid when every way of every repeat ends in one hash', () => {
    expect(waysValid(found())).toBe(true)
    expect(waysValid(found({ sqlite3_hash: HASH }))).toBe(true)
    expect(shown(found())).toContain('2 of 2')
  })

  test.each<[string, WaysFound]>([
    ['another hash', found({ state_hash: 'b'.repeat(64) })],
    ['another hash by sqlite3', found({ sqlite3_hash: 'b'.repeat(64) })],
    ['a way that came another way', found({ objection: 'it came from none, not from snapshot' })],
    ['another end', found({}, 'b'.repeat(64))],
    ['no repeat', { ...found(), repeats: [] }],
    [
      'a way that was not taken',
      { ...found(), repeats: found().repeats.map((r) => ({ ...r, ways: r.ways.slice(1) })) },
    ],
  ])('is invalid with %s', (_, of) => {
    expect(waysValid(of)).toBe(false)
  })

  test('what is wrong is named with its repeat and its way', () => {
    expect(shown(found({ objection: 'it came from none' }))).toContain('repeat 2, cold: it came from none')
    expect(waysCsv(found({ state_hash: 'b' })).filter((row) => row.includes('invalid'))).toHaveLength(1)
  })
})
