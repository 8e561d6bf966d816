/** A cell that a mutant has spoilt, run again with fewer orders until a person can read it. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import type { ScenarioFile } from '../../core/scenario/schema.ts'
import { resolveScenario } from '../../core/scenario/resolve.ts'
import { runExperiment } from './experiment.ts'
import { loadScenario } from './scenario.ts'
import { shrinkRun } from './shrink.ts'

const root = mkdtempSync(path.join(tmpdir(), 'eoslab-shrink-'))
const common = { brokers: inject('brokers'), stateDir: path.join(root, 'state'), quiet: true, argv: [] }

const run = (file: Partial<ScenarioFile>) =>
  runExperiment({
    ...common,
    scenario: resolveScenario({ name: 'to-shrink', orders: 400, ...file } as ScenarioFile),
  })

beforeAll(() => {
  process.env['EOSLAB_RESULTS'] = path.join(root, 'results')
})

afterAll(() => {
  delete process.env['EOSLAB_RESULTS']
  rmSync(root, { recursive: true, force: true })
})

it('keeps the anomaly, takes orders away, and names one file that repeats it', async () => {
  const { results } = await run({ mutant: 'at-least-once', points: ['opa.commit.mid'] })
  const said: string[] = []
  const shrunk = await shrinkRun(results, { ...common, say: (text) => said.push(text) })
  expect(shrunk).toMatchObject({ primary: 'duplicate', before: { orders: 400, point: 'opa.commit.mid' } })
  expect(shrunk.after.orders).toBeLessThan(400)
  expect(shrunk.tries.at(-1)).toMatchObject({ kept: true, verdict: 'invalid', orders: shrunk.after.orders })
  expect(said).toHaveLength(shrunk.tries.length)
  const file = shrunk.command.split(' ').at(-1)!
  expect(existsSync(file)).toBe(true)
  const again = await loadScenario(file)
  expect(again).toMatchObject({ mutant: 'at-least-once', orders: shrunk.after.orders })
  const [first] = again.cells
  expect(first).toMatchObject({ point: 'opa.commit.mid' })
})

it('says so where there is nothing to reduce', async () => {
  const { results } = await run({ points: ['opa.commit.before'], orders: 100 })
  await expect(shrinkRun(results, { ...common, say: () => {} })).rejects.toMatchObject({
    code: 'NOTHING_TO_SHOW',
  })
})
