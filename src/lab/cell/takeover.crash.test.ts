/**
 * Two instances of each operator share four partitions; one is killed, the other takes over its tasks and
 * recovers them on its own side.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { resolveScenario } from '../../core/scenario/resolve.ts'
import { runExperiment } from '../matrix/experiment.ts'

const root = mkdtempSync(path.join(tmpdir(), 'eoslab-takeover-'))

beforeAll(() => {
  process.env['EOSLAB_RESULTS'] = path.join(root, 'results')
})

afterAll(() => {
  delete process.env['EOSLAB_RESULTS']
  rmSync(root, { recursive: true, force: true })
})

it('a living instance takes over every task of a killed one, and both do their share', async () => {
  const scenario = resolveScenario({
    name: 'takeover-test',
    orders: 1000,
    // Even over the partitions, as far as a hash goes: a quarter of the work is then there to be done.
    keys: 400,
    partitions: 4,
    instances: 2,
    points: ['opa.commit.before', 'opb.commit.mid', 'opb.pause.commit.after'],
  })
  const brokers = inject('brokers')
  const stateDir = path.join(root, 'state')
  const result = await runExperiment({ scenario, brokers, stateDir, quiet: true, argv: [] })
  for (const cell of result.cells) {
    expect(cell.problem).toBeNull()
    expect([cell.verdict, cell.evidence.verdict, cell.anomalies]).toEqual(['valid', 'hit', []])
    expect(cell.work_share_min).toBeGreaterThanOrEqual(0.25)
    // Nobody booted: the heir was alive.
    expect(cell.phases?.boot_ms).toBe(0)
    const moved = cell.tasks?.filter((task) => task.recovery)
    expect(moved).toHaveLength(2)
    expect(new Set(moved?.map((task) => task.recovery?.by)).size).toBe(1)
  }
  expect(result.cells[1]?.restore_source).toBe('snapshot')
  expect(result.verdict).toBe('valid')
})
