/** Every way back, on what a real OpB left that was killed at a random place. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, inject, it } from 'vitest'
import { shellHash } from '../../adapters/process/sqlite3.ts'
import { HASH_QUERY, WAYS, waysValid } from '../../core/compare/ways.ts'
import { documentProblem } from '../../testing/cli-json.ts'
import { runWays } from './ways.ts'

const root = mkdtempSync(path.join(tmpdir(), 'eoslab-ways-crash-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

it('comes to one hash in all of them, and to the same end', async () => {
  const found = await runWays({
    brokers: inject('brokers'),
    stateDir: root,
    prefix: `ways-test-${process.pid}.`,
    orders: 2_000,
    repeat: 1,
    seed: 11,
    window: 60,
    keepAt: path.join(root, 'state.db'),
    quiet: true,
  })
  const document = { kind: 'evidence-ways', verdict: 'valid', seed: 11, results: 'results/x', ...found }
  expect(documentProblem('evidence ways', document)).toBeUndefined()
  const [repeat] = found.repeats
  expect(repeat!.ways.map((way) => [way.way, way.objection])).toEqual(
    Object.keys(WAYS).map((way) => [way, null]),
  )
  expect(new Set(repeat!.ways.map((way) => way.state_hash)).size).toBe(1)
  expect(waysValid(found)).toBe(true)
  const byHand = await shellHash(repeat!.state, HASH_QUERY)
  expect([undefined, repeat!.final_hash]).toContain(byHand)
})
