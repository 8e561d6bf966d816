/** The results folder on a real file system: names, atomicity, links, the newest run, refusals. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { LabError } from '../../core/errors.ts'
import { createResults, newestRuns, readVerdict } from './results.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'eoslab-results-'))
})
afterEach(() => {
  rmSync(root, { recursive: true, force: true })
})

const NOON = Date.UTC(2025, 10, 21, 12, 0, 0, 5)
const make = (changes: Partial<Parameters<typeof createResults>[0]> = {}) =>
  createResults({ root, experiment: 'crash-matrix', seed: 7, startedMs: NOON, ...changes })
const text = (...parts: string[]): string => readFileSync(path.join(root, ...parts), 'utf8')

test('a run lies under its experiment, its time and its seed, and reads back', async () => {
  const run = await make()
  expect(path.relative(root, run.dir)).toBe(path.join('crash-matrix', '20251121T120000.005Z-7'))
  await run.writeText('summary.md', '# x\n')
  await run.addEvidence('opb.commit.mid#cold', { hit: true })
  expect(await run.finish({ verdict: 'valid' })).toEqual([])
  expect(JSON.parse(text('latest', 'evidence', 'opb.commit.mid-cold.json'))).toEqual({ hit: true })
  expect(text('crash-matrix', 'latest', 'summary.md')).toBe('# x\n')
  expect(await readVerdict(run.dir)).toEqual({ verdict: 'valid' })
  expect(readlinkSync(path.join(root, 'latest'))).toBe(path.join('crash-matrix', '20251121T120000.005Z-7'))
  expect(readdirSync(root).sort()).toEqual(['crash-matrix', 'latest'])
})

test('runs of one moment and one seed get folders of their own, and the last one is the newest', async () => {
  const runs = await Promise.all(Array.from({ length: 11 }, () => make()))
  expect(new Set(runs.map((run) => run.dir)).size).toBe(11)
  await Promise.all(runs.map((run) => run.finish({})))
  expect((await newestRuns(root)).map((run) => run.name)).toEqual(['20251121T120000.005Z-7-11'])
  expect(readlinkSync(path.join(root, 'crash-matrix', 'latest'))).toBe('20251121T120000.005Z-7-11')
})

test('the newest is the newest complete one, per experiment; links never go back in time', async () => {
  const later = await make({ startedMs: NOON + 60_000 })
  await later.finish({})
  const p1 = await make({ experiment: 'p1', startedMs: NOON + 30_000 })
  await p1.finish({})
  await (await make()).finish({})
  await make({ startedMs: NOON + 90_000 })
  expect((await newestRuns(root)).map((run) => run.dir)).toEqual([later.dir, p1.dir])
  expect(readlinkSync(path.join(root, 'latest'))).toBe(path.relative(root, later.dir))
})

test('other files in the folder are no runs, and a missing folder has none', async () => {
  writeFileSync(path.join(root, 'table.md'), '')
  mkdirSync(path.join(root, 'notes', 'deep'), { recursive: true })
  writeFileSync(path.join(root, 'notes', 'deep', 'verdict.json'), '{}')
  expect(await newestRuns(root)).toEqual([])
  expect(await newestRuns(path.join(root, 'nowhere'))).toEqual([])
})

test('two cells whose names differ only in forbidden characters keep their files apart', async () => {
  const run = await make()
  await run.addEvidence('a#1', 1)
  await run.addEvidence('a:1', 2)
  await run.addEvidence('a#1', 3)
  expect(JSON.parse(text('crash-matrix', path.basename(run.dir), 'evidence', 'a-1.json'))).toBe(3)
  expect(JSON.parse(text('crash-matrix', path.basename(run.dir), 'evidence', 'a-1-2.json'))).toBe(2)
})

test('journals are copied as they are and merged by time, torn lines counted', async () => {
  const from = path.join(root, 'state')
  mkdirSync(from)
  writeFileSync(path.join(from, 'opa.jsonl'), '{"t":1,"f":"boot"}\n{"t":3,"f":"kill"}\n{"t":4,"f":"co')
  writeFileSync(path.join(from, 'opb.jsonl'), '{"t":2,"f":"boot"}\n{"t":3,"f":"fence"}\n')
  writeFileSync(path.join(from, 'other.log'), 'x')
  const run = await make()
  await run.addJournals('c1', from)
  await run.addJournals('c2', path.join(root, 'nowhere'))
  expect(await run.finish({})).toEqual([expect.stringContaining('1 torn')])
  expect(
    text('latest', 'history.jsonl')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object),
  ).toEqual([
    { cell: 'c1', t: 1, f: 'boot' },
    { cell: 'c1', t: 2, f: 'boot' },
    { cell: 'c1', t: 3, f: 'kill' },
    { cell: 'c1', t: 3, f: 'fence' },
  ])
  expect(readdirSync(path.join(run.dir, 'journals', 'c1')).sort()).toEqual(['opa.jsonl', 'opb.jsonl'])
  expect(text('latest', 'journals', 'c1', 'opa.jsonl')).toContain('"co')
})

test('state of a cell is kept with its folders', async () => {
  mkdirSync(path.join(root, 'state', 'opb-0'), { recursive: true })
  writeFileSync(path.join(root, 'state', 'opb-0', 'CURRENT'), 'gen-1')
  const run = await make()
  await run.keep('c1', 'state', path.join(root, 'state'))
  expect(readFileSync(path.join(run.dir, 'cells', 'c1', 'state', 'opb-0', 'CURRENT'), 'utf8')).toBe('gen-1')
})

test('a folder that cannot be made is refused with its name and a way out', async () => {
  writeFileSync(path.join(root, 'file'), '')
  const error = await make({ root: path.join(root, 'file') }).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(LabError)
  expect((error as LabError).code).toBe('RESULTS_UNUSABLE')
  expect((error as LabError).message).toContain(path.join(root, 'file'))
  expect((error as LabError).hint).toContain('EOSLAB_RESULTS')
})

test('a link that cannot be moved is a note, and the results stand', async () => {
  mkdirSync(path.join(root, 'latest', 'mine'), { recursive: true })
  const run = await make()
  expect(await run.finish({ verdict: 'valid' })).toEqual([expect.stringContaining('latest was not moved')])
  expect(existsSync(path.join(root, 'latest', 'mine'))).toBe(true)
  expect(await readVerdict(run.dir)).toEqual({ verdict: 'valid' })
})

test('a damaged verdict is named', async () => {
  const run = await make()
  await run.writeText('verdict.json', '{"half')
  await expect(readVerdict(run.dir)).rejects.toThrow(/verdict\.json is damaged/)
})

test.each(['../../up', '..', '.', ''])(
  'an experiment named %j cannot leave the folder',
  async (experiment) => {
    const run = await make({ experiment })
    expect(path.dirname(path.dirname(run.dir))).toBe(root)
  },
)
