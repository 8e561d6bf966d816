/**
 * Real cells on the real broker: the whole chain from plan to verdict, for the points that matter most.
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { HitName } from '../../core/crash/hits.ts'
import { EVENT_FIELDS, type HistoryEvent } from '../../core/history/event.ts'
import type { RunResult } from '../../core/matrix/result.ts'
import { resolveScenario } from '../../core/scenario/resolve.ts'
import type { ScenarioFile } from '../../core/scenario/schema.ts'
import { runExperiment } from './experiment.ts'

const root = mkdtempSync(path.join(tmpdir(), 'eoslab-matrix-'))
const stateDir = path.join(root, 'state')

const run = (file: Partial<ScenarioFile>, hitNames?: readonly HitName[]): Promise<RunResult> => {
  const scenario = resolveScenario({ name: 'crash-test', orders: 600, ...file } as ScenarioFile)
  return runExperiment({ scenario, hitNames, brokers: inject('brokers'), stateDir, quiet: true, argv: [] })
}

beforeAll(() => {
  process.env['EOSLAB_RESULTS'] = path.join(root, 'results')
})

afterAll(() => {
  delete process.env['EOSLAB_RESULTS']
  rmSync(root, { recursive: true, force: true })
})

describe('exactly-once survives', () => {
  it('kills at every moment of the commit, warm and cold, with evidence', async () => {
    const result = await run({
      points: ['opa.commit.before', 'opb.commit.mid', 'opb.apply.before'],
      cells: [{ point: 'opb.commit.mid', mode: 'cold' }],
    })
    const told = result.cells.map(({ cell, verdict, anomalies, problem, evidence }) => ({
      cell,
      verdict,
      anomalies,
      problem,
      hit: evidence.verdict,
    }))
    const valid = { verdict: 'valid', anomalies: [], problem: null, hit: 'hit' }
    expect(told).toEqual([
      { cell: 'opa.commit.before', ...valid },
      { cell: 'opb.commit.mid', ...valid },
      { cell: 'opb.apply.before', ...valid },
      { cell: 'opb.commit.mid-cold', ...valid },
    ])
    for (const cell of result.cells) {
      expect(cell.orders).toBe(600)
      expect(cell.orders_before_kill + cell.orders_after_kill).toBe(600)
      expect(cell.orders_before_kill).toBeGreaterThan(0)
      expect(cell.orders_after_kill).toBeGreaterThan(0)
      expect(cell.totals.sum_out).toBe(cell.totals.sum_in)
      expect(cell.ttr_ms).toBeGreaterThan(0)
    }
    const [before, mid, apply, cold] = result.cells
    expect(before!.evidence.marker).toBe('ABORT')
    expect(before!.uncommitted_seen).toBeGreaterThan(0)
    expect(mid!.evidence.marker).toBe('COMMIT')
    expect(mid!.restore_source).toBe('local')
    expect(apply!.applied).toBeGreaterThan(0)
    expect(cold!.restore_source).toBe('snapshot')
    expect(cold!.restored_keys).toBeGreaterThan(0)
    const journals = path.join(root, 'results', 'crash-test')
    const newest = readdirSync(journals).filter((name) => name !== 'latest')[0]!
    const history = readFileSync(path.join(journals, newest, 'history.jsonl'), 'utf8')
      .trim()
      .split('\n')
    const names = new Set(history.map((line) => (JSON.parse(line) as HistoryEvent).f))
    expect([...names].filter((name) => !(name in EVENT_FIELDS))).toEqual([])
  })
})

describe('the judge catches', () => {
  it('at-least-once at commit.mid as a duplicate', async () => {
    const result = await run({ mutant: 'at-least-once', points: ['opa.commit.mid'] })
    expect(result.cells.map((c) => [c.verdict, c.anomalies.includes('duplicate')])).toEqual([
      ['invalid', true],
    ])
    expect(result.cells[0]!.overcharge_total).toBeGreaterThan(0)
    expect(result.verdict).toBe('valid')
  })

  it('at-most-once at commit.before as a lost write', async () => {
    const result = await run({ mutant: 'at-most-once', points: ['opa.commit.before'] })
    expect(result.cells.map((c) => [c.verdict, c.anomalies.includes('lost-write')])).toEqual([
      ['invalid', true],
    ])
  })
})

describe('hits that were counted first', () => {
  it('kills at the last chunk of a replay and the last of several snapshots', async () => {
    const result = await run({ points: ['opb.replay.mid', 'opb.prune.mid'] }, ['last'])
    expect(result.cells.map((c) => [c.verdict, c.problem, c.evidence.verdict])).toEqual(
      result.cells.map(() => ['valid', null, 'hit']),
    )
    const [replay, prune] = result.cells
    expect(replay!.kills?.map(({ point }) => point)).toEqual(['opb.commit.mid', 'opb.replay.mid'])
    expect(replay!.hit).toBeGreaterThan(1)
    expect(prune!.kills).toEqual([{ point: 'opb.prune.mid', hit: 3 }])
  })
})
