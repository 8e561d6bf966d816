/** What p2 and p3 call valid, and that their pages say what was found. */
import { expect, it } from 'vitest'
import type { Manifest } from '../contracts/records.ts'
import { p2Blocks, p2Valid, type IdempotenceFound } from './p2.ts'
import { p3Blocks, p3Chart, p3Valid, type Kill } from './p3.ts'

const found: IdempotenceFound = {
  manifest: { snapshotId: 's1', path: 's1.full.db', retained: [] } as unknown as Manifest,
  snapshot: '/state/snapshots/opb-0/s1.full.db',
  overlap: 1196,
  applied: 0,
  skipped: 1196,
  from: 808,
  to: 2024,
  hash_before: 'aa',
  hash_after: 'aa',
}

it('p2 holds when all of an overlap is skipped and the state stays', () => {
  expect(p2Valid(found)).toBe(true)
  expect(p2Valid({ ...found, applied: 1, skipped: 1195 })).toBe(false)
  expect(p2Valid({ ...found, hash_after: 'bb' })).toBe(false)
  expect(p2Valid({ ...found, overlap: 0, skipped: 0 })).toBe(false)
})

it('p2 shows manifest, path and the number skipped', () => {
  const page = JSON.stringify(p2Blocks(found))
  expect(page).toContain('s1.full.db')
  expect(page).toContain('/state/snapshots/opb-0/s1.full.db')
  expect(page).toContain('1,196 skipped, and the state hash is unchanged: aa')
  expect(page).not.toContain('retained')
})

const kill = (change: Partial<Kill> = {}): Kill => ({
  kill: 1,
  at_offset: 500,
  lag_at_kill: 300,
  phases: null,
  ttr_ms: 210,
  caught_up_ms: 400,
  lag_zero_ms: 410,
  held_ms: 0,
  lines: ['{"msg":"replay done"}'],
  snapshot_dir: '/state',
  lag: [
    [0, 300],
    [210, 100],
    [390, 0],
  ],
  ...change,
})

it('p3 holds when each kill came back, the lag went to zero, and a full replay agrees', () => {
  const kills = { kills: [kill()], state_hash: 'aa', replay_hash: 'aa', keys: 20 }
  expect(p3Valid(kills)).toBe(true)
  expect(p3Valid({ ...kills, replay_hash: 'bb' })).toBe(false)
  expect(p3Valid({ ...kills, kills: [kill({ ttr_ms: null })] })).toBe(false)
  expect(p3Valid({ ...kills, kills: [kill({ lag: [[0, 300]] })] })).toBe(false)
})

it('p3 shows three numbers, the core lines, a remark and the lag', () => {
  const kills = [kill(), kill({ kill: 2, ttr_ms: 220 })]
  const page = JSON.stringify(p3Blocks({ kills, state_hash: 'aa', replay_hash: 'aa', keys: 20 }))
  expect(page).toContain('replay done')
  expect(page).toContain(
    'kill 2: 300 records behind, first commit after 220 ms, the last of them after 390 ms (caught_up_ms), known to OpB after 410 ms',
  )
  expect(page).toContain('█')
  expect(p3Chart(kills).frame.description).toContain('kill 1 ends at 390 ms')
})
