/** A log of deltas on a real broker: whole before the cleaner, short of money after it, and named. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { documentProblem } from '../../testing/cli-json.ts'
import { compareChangelog } from './compare.ts'

const root = mkdtempSync(path.join(tmpdir(), 'eoslab-compare-'))
const was = process.env['EOSLAB_RESULTS']
beforeAll(() => {
  process.env['EOSLAB_RESULTS'] = path.join(root, 'results')
})
afterAll(() => {
  if (was === undefined) delete process.env['EOSLAB_RESULTS']
  else process.env['EOSLAB_RESULTS'] = was
  rmSync(root, { recursive: true, force: true })
})

test('deltas alone are valid before compaction and lose money after it; after-images do not', async () => {
  const flags = {
    brokers: inject('brokers'),
    'state-dir': path.join(root, 'state'),
    prefix: `compare-${process.pid}.`,
    orders: '2000',
    seed: '7',
    window: '60s',
    'snapshot-every': ['none'],
    changelog: ['on', 'delta'],
    repeat: '1',
    quiet: true,
  }
  const result = await compareChangelog(flags)
  expect(documentProblem('compare-changelog', result)).toBeUndefined()
  const [before, after, whole, short] = result.rows
  expect(result.verdict).toBe('valid')
  expect([before, after, whole].map((row) => row?.verdict)).toEqual(['valid', 'valid', 'valid'])
  expect(short).toMatchObject({ verdict: 'invalid', as_expected: true })
  expect(short?.loss?.message).toMatch(/removed offset \d+ .* short: sum \d+, count \d+/)
  expect(result.state_hashes).toHaveLength(1)
  expect(after!.replay_records).toBeLessThan(before!.replay_records / 2)
  expect(before!.applied).toBe(before!.records_before_kill)
  expect(before!.ttr_ms).toBeGreaterThan(0)
  const [run] = readdirSync(path.join(root, 'results/compare-changelog')).filter((name) => name !== 'latest')
  const files = readdirSync(path.join(root, 'results/compare-changelog', run!))
  expect(files).toEqual(expect.arrayContaining(['cells.csv', 'charts', 'summary.md', 'verdict.json']))
})
