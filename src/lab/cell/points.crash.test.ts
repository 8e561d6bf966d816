/**
 * A smoke selection of the points outside the default matrix, one of each kind of kill, on a real broker. All of
 * them are `make full`, which takes minutes.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { resolveScenario } from '../../core/scenario/resolve.ts'
import type { ScenarioFile } from '../../core/scenario/schema.ts'
import { runExperiment } from '../matrix/experiment.ts'

const root = mkdtempSync(path.join(tmpdir(), 'eoslab-points-'))

beforeAll(() => {
  process.env['EOSLAB_RESULTS'] = path.join(root, 'results')
})

afterAll(() => {
  delete process.env['EOSLAB_RESULTS']
  rmSync(root, { recursive: true, force: true })
})

/** What shows that the point's precondition held, beside the evidence. */
const SHOWN: Readonly<Record<string, RegExp>> = {
  'opb.commit.held': /held back until the next incarnation had fenced, then refused with error \d+/,
  'opb.pause.commit.before': /stopped, overtaken and woken; refused with FENCED; .* ended in ABORT/,
  'opb.prune.mid': /the newer manifest was committed.* was left without its JSON/,
  'opb.commit.mid+opb.replay.mid': /then opb.replay.mid: .*at offset \d+ of \d+ of the changelog/,
}

it('kills in a snapshot, in a recovery, holds a commit back, wakes a zombie: all valid, all proven', async () => {
  const file: Partial<ScenarioFile> = { points: Object.keys(SHOWN), orders: 600 }
  const scenario = resolveScenario({ name: 'points-test', ...file } as ScenarioFile)
  const stateDir = path.join(root, 'state')
  const result = await runExperiment({
    scenario,
    brokers: inject('brokers'),
    stateDir,
    quiet: true,
    argv: [],
  })
  const told = result.cells.map((c) => [c.cell, c.verdict, c.evidence.verdict, c.problem])
  expect(told).toEqual(Object.keys(SHOWN).map((cell) => [cell, 'valid', 'hit', null]))
  for (const cell of result.cells) expect(cell.evidence.summary).toMatch(SHOWN[cell.cell]!)
  expect(result.coverage).toEqual({ points: 4, reached: 4, hit: 4, vacuous: [] })
})
