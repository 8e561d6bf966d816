/**
 * Faults beyond a kill on a real broker: one that recovery copes with unnoticed, one that only a checksum
 * finds, one that has to be named; writes that the system refuses; a moved clock. All of them are
 * `crash-matrix --faults`.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { resolveScenario } from '../../core/scenario/resolve.ts'
import type { ScenarioFile } from '../../core/scenario/schema.ts'
import { runExperiment } from '../matrix/experiment.ts'

const root = mkdtempSync(path.join(tmpdir(), 'eoslab-faults-'))

beforeAll(() => {
  process.env['EOSLAB_RESULTS'] = path.join(root, 'results')
})

afterAll(() => {
  delete process.env['EOSLAB_RESULTS']
  rmSync(root, { recursive: true, force: true })
})

const SHOWN: Readonly<Record<string, RegExp>> = {
  'fault.state-older': /survived: state at changelog offset \d+ was replaced by one at \d+; .*from local/,
  'fault.state-sum-flipped': /survived: byte \d+ of .*state.db went from .* is not what was written/,
  'fault.current-garbled': /named STATE_UNUSABLE, mended: CURRENT held zeros/,
  'fault.disk-full': /named STATE_UNUSABLE, mended: .*SQLITE_IOERR_WRITE.*EFBIG; the next one replayed/,
  'fault.snapshot-disk-full': /survived: .*EFBIG.*and went on; the next life restored \S+-e0-n1 and/,
  'fault.clock-back':
    /survived: .* by -3(599|600)\d\d\d ms in its journal and by -3(599|600)\d\d\d ms in the first/,
}

it('files, a full disk, a moved clock: shown to have hit, survived or named, and valid', async () => {
  const file: Partial<ScenarioFile> = { points: Object.keys(SHOWN), orders: 600 }
  const result = await runExperiment({
    scenario: resolveScenario({ name: 'faults-test', ...file } as ScenarioFile),
    brokers: inject('brokers'),
    stateDir: path.join(root, 'state'),
    quiet: true,
    argv: [],
  })
  const told = result.cells.map((c) => [c.cell, c.verdict, c.evidence.verdict, c.problem])
  expect(told).toEqual(Object.keys(SHOWN).map((cell) => [cell, 'valid', 'hit', null]))
  for (const cell of result.cells) expect(cell.evidence.summary).toMatch(SHOWN[cell.cell]!)
})
