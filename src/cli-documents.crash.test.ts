/**
 * What `--json` prints, against its schema: the commands that no other test of the command line asks for a
 * document. `Cli.json` does the comparing, unknown fields included.
 */
import path from 'node:path'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import type { RunResult } from './core/matrix/result.ts'
import type { CellsListed, ExplainedJson } from './lab/judge/explain.ts'
import { Cli } from './testing/cli.ts'

let cli: Cli
let run: RunResult
beforeAll(async () => {
  cli = new Cli(inject('brokers'))
  // As many recoveries as advise wants to have seen.
  run = await cli.json<RunResult>('crash-matrix --at opb.commit.mid --repeat 3 --orders 300')
})
afterAll(() => cli.dispose())

test('explain: the cells, and one of them on its timeline', async () => {
  const listed = await cli.json<CellsListed>('explain')
  expect(listed).toMatchObject({ complete: true, results: run.results })
  const [first] = listed.cells
  const told = await cli.json<ExplainedJson>(`explain ${first!.cell}`)
  expect(told.events.map((event) => event.f)).toEqual(expect.arrayContaining(['fence', 'commit', 'sigkill']))
})

test('evidence p2: the manifest of the kept cell, and an overlap that changes nothing', async () => {
  const found = await cli.json<{ overlap: number; skipped: number }>('evidence p2')
  expect(found.overlap).toBeGreaterThan(0)
  expect(found.skipped).toBe(found.overlap)
})

test('evidence p3: three kills, each with its lag down to zero', async () => {
  const { kills } = await cli.json<{ kills: { lag: [number, number][] }[] }>(
    `evidence p3 --prefix doc${process.pid}.`,
  )
  expect(kills.map(({ lag }) => lag.at(-1)?.[1])).toEqual([0, 0, 0])
})

test('advise: a cadence, in the names of the other documents', async () => {
  const advised = await cli.json<{ snapshot_every_ms: number; measured: { from: string } }>(
    'advise --ttr 20s --keys 1e4 --rate 100/s',
  )
  expect(advised.snapshot_every_ms).toBeGreaterThan(0)
  expect(advised.measured.from).toBe('the newest results')
})

test('freeze, init, completion', async () => {
  const listed = await cli.json<{ points: { point: string }[] }>('freeze --list')
  expect(listed.points.map(({ point }) => point)).toContain('opb.commit.mid')
  const left = await cli.json<{ chosen: string; cell: unknown }>('freeze --orders 300 --then quit')
  expect(left).toMatchObject({ chosen: 'quit', cell: null })
  const made = await cli.json<{ folder: string; files: string[] }>('init my-lab')
  expect(made.folder).toBe(path.join(cli.root, 'my-lab'))
  expect(made.files).toContain('experiment.yaml')
  expect(await cli.json('completion bash')).toMatchObject({ shell: 'bash' })
})

test('the simulated log: schedules of which some fail, and one of them replayed', async () => {
  const simulated = 'crash-matrix --log simulated --mutant at-least-once'
  const caught = await cli.json<{ failures: { replay: string }[] }>(`${simulated} --schedules 60`, 1)
  await cli.json(`${simulated} --replay ${caught.failures[0]!.replay}`, 1)
})
