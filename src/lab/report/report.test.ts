/** Results written and read back on a real file system, and what `eoslab report` makes of them. */
import { mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { LabError } from '../../core/errors.ts'
import type { RunResult } from '../../core/matrix/result.ts'
import { resolveScenario } from '../../core/scenario/resolve.ts'
import { sampleCell, sampleMutantRun, sampleRun } from '../../testing/sample-run.ts'
import { reportText } from './report-formats.ts'
import { report } from './report.ts'
import { completeRun, interruptRun, resultsRoot, shownPath, startRun } from '../matrix/results.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'eoslab-report-'))
})
afterEach(() => {
  rmSync(root, { recursive: true, force: true })
})

const keep = async (result: RunResult, startedMs = Date.UTC(2025, 10, 21)): Promise<string> => {
  const folder = await startRun({ root, experiment: result.experiment, seed: result.seed, startedMs })
  const { notes } = await completeRun(folder, {
    result,
    scenario: resolveScenario({ name: result.experiment }),
  })
  expect(notes).toEqual([])
  return folder.dir
}
const refusal = async (options: { experiment?: string } = {}): Promise<LabError> => {
  const error: unknown = await report({ root, ...options }).catch((thrown: unknown) => thrown)
  if (error instanceof LabError) return error
  throw new Error('there was something to show', { cause: error })
}

test('a complete run has every file of the design', async () => {
  const dir = await keep(sampleRun())
  expect(readdirSync(dir).sort()).toEqual([
    'cells.csv',
    'charts',
    'history.jsonl',
    'provenance.json',
    'scenario.resolved.yaml',
    'summary.md',
    'verdict.json',
  ])
  const read = (name: string): string => readFileSync(path.join(dir, name), 'utf8')
  expect(read('cells.csv').split('\n')).toHaveLength(sampleRun().cells.length + 2)
  expect(read('summary.md')).toContain('Process crash (SIGKILL), not power loss')
  expect(read('scenario.resolved.yaml')).toContain('orders: 2000')
  expect(JSON.parse(read('provenance.json'))).toEqual(sampleRun().provenance)
  expect((JSON.parse(read('verdict.json')) as RunResult).results).toBe(dir)
})

test('a run that is no list of cells is pointed to, not called damaged', async () => {
  await keep(sampleRun())
  const folder = await startRun({ root, experiment: 'compare-changelog', seed: 7, startedMs: 1 })
  await folder.finish({ kind: 'compare-changelog', verdict: 'valid' })
  const { runs, notes } = await report({ root })
  expect(runs).toHaveLength(1)
  expect(notes).toEqual([`${path.join(folder.dir, 'summary.md')} has tables of its own`])
})

test('the newest run of each experiment is on the page', async () => {
  await keep(sampleRun({ cells: [sampleCell({ cell: 'older' })] }), 1)
  const dir = await keep(sampleRun(), 2)
  await keep(sampleMutantRun())
  const { runs, verdict, exit, notes } = await report({ root })
  expect(runs.map((run) => run.experiment)).toEqual(['crash-matrix', 'mutant-at-least-once'])
  expect(runs[0]?.results).toBe(dir)
  expect(await reportText({ verdict, runs }, 'md')).not.toContain('older')
  expect({ exit, notes }).toEqual({ exit: 0, notes: [] })
})

test('a failed try hides no good run, and a good run no failed try', async () => {
  const good = await keep(sampleRun({ verdict: 'valid' }), 1)
  await keep(sampleRun({ verdict: 'valid' }), 0)
  const bad = await keep(sampleRun({ verdict: 'unknown' }), 2)
  const { dir } = await startRun({ root, experiment: 'crash-matrix', seed: 7, startedMs: 3 })
  const { runs, verdict, notes } = await report({ root })
  expect(runs.map((run) => run.results)).toEqual([bad, good])
  expect(verdict).toBe('unknown')
  expect(notes).toEqual([expect.stringContaining(dir), expect.stringContaining(`unknown (${bad})`)])
})

test('one run can be named: by its folder, by its experiment, also a stopped one', async () => {
  const older = await keep(sampleRun({ cells: [sampleCell({ cell: 'older' })] }), 1)
  await keep(sampleRun(), 2)
  const named = await report({ root, run: older })
  expect(named.runs.map((run) => run.cells.map(({ cell }) => cell))).toEqual([['older']])
  expect((await report({ root, run: 'crash-matrix' })).runs[0]?.cells).toHaveLength(sampleRun().cells.length)
  const folder = await startRun({ root, experiment: 'crash-matrix', seed: 7, startedMs: 3 })
  await interruptRun(folder, { result: sampleRun(), scenario: resolveScenario({ name: 'crash-matrix' }) })
  const stopped = await report({ root, run: folder.dir })
  expect(stopped.runs[0]).toMatchObject({ interrupted: true, results: shownPath(folder.dir) })
  expect(stopped.notes).toEqual([expect.stringContaining('stopped before its end')])
  await expect(report({ root, run: 'nope' })).rejects.toThrow(/"nope"/)
})

test('results that were moved are shown where they are now', async () => {
  await keep(sampleRun())
  renameSync(path.join(root, 'crash-matrix'), path.join(root, 'archive'))
  expect((await report({ root })).runs[0]?.results).toContain(path.join(root, 'archive'))
})

test('one experiment alone, and a name that has no runs', async () => {
  await keep(sampleRun())
  await keep(sampleMutantRun())
  expect((await report({ root, experiment: 'crash-matrix' })).runs).toHaveLength(1)
  const error = await refusal({ experiment: 'p1' })
  expect(error.exit).toBe(3)
  expect(error.hint).toContain('crash-matrix, mutant-at-least-once')
})

test.each([
  ['valid', 0],
  ['vacuous', 3],
  ['unknown', 3],
  ['invalid', 1],
] as const)('--check on a run that is %s exits %d, without it 0', async (verdict, exit) => {
  await keep(sampleRun({ verdict }))
  await keep(sampleMutantRun())
  expect((await report({ root, check: true })).exit).toBe(exit)
  expect((await report({ root })).exit).toBe(0)
})

test('without runs there is a hint and exit 3', async () => {
  const error = await refusal()
  expect(error.code).toBe('NOTHING_TO_SHOW')
  expect(error.exit).toBe(3)
  expect(error.hint).toContain('eoslab crash-matrix')
})

test('a damaged run is named and left out; alone it leaves nothing to show', async () => {
  const dir = await keep(sampleRun())
  writeFileSync(path.join(dir, 'verdict.json'), '{"experiment":"crash-matrix"}')
  expect((await refusal()).hint).toContain(`${dir} is left out: verdict`)
  writeFileSync(path.join(dir, 'verdict.json'), '{')
  await keep(sampleMutantRun())
  const { runs, notes } = await report({ root })
  expect(runs).toHaveLength(1)
  expect(notes).toEqual([expect.stringContaining('damaged')])
})

test('results lie where EOSLAB_RESULTS says, else in ./results', () => {
  expect(resultsRoot({ EOSLAB_RESULTS: '/r' })).toBe('/r')
  expect(resultsRoot({ EOSLAB_RESULTS: '' })).toBe(path.resolve('results'))
  expect(shownPath('/a/b/c', '/a')).toBe(path.join('b', 'c'))
  expect(shownPath('/x', '/a')).toBe('/x')
})
