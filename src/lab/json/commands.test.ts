/** The schemas of what commands print: complete, and strict enough to find a field that is missing or unknown. */
import { globSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { LabError } from '../../core/errors.ts'
import { errorEnvelope } from '../../base.ts'
import { documentProblem } from '../../testing/cli-json.ts'
import { sampleMutantRun, sampleRun } from '../../testing/sample-run.ts'
import { COMMAND_JSON } from './commands.ts'

test('every command has a schema', () => {
  const commands = globSync('**/*.ts', { cwd: path.join(import.meta.dirname, '../../commands') }).map(
    (name) => name.replace(/\.ts$/, '').replaceAll(path.sep, ' '),
  )
  expect(Object.keys(COMMAND_JSON).sort()).toEqual(commands.sort())
})

test('runs and errors fit; a missing, a wrong and an unknown field do not', () => {
  const run = sampleRun()
  for (const document of [run, sampleMutantRun()]) {
    expect(documentProblem('run x.yaml', document)).toBeUndefined()
    expect(documentProblem('crash-matrix --at x', document)).toBeUndefined()
  }
  expect(documentProblem('report', { verdict: 'valid', runs: [run] })).toBeUndefined()
  expect(documentProblem('gen', errorEnvelope(new LabError('USAGE', 'no')))).toBeUndefined()
  const { seed: _, ...without } = run
  for (const wrong of [without, { ...run, seed: '7' }, { ...run, surprise: 1 }]) {
    expect(documentProblem('run x.yaml', wrong)).toContain('not as promised')
  }
})
