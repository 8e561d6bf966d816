/** The folder that `eoslab init` writes: complete, loadable, and never over anything. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { execFileSync } from 'node:child_process'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { initialise } from './init.ts'
import { loadScenario } from './matrix/scenario.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'eoslab-init-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

it('writes an experiment that loads, and a Makefile whose every target calls eoslab', async () => {
  const { folder, files } = await initialise(path.join(root, 'my-lab'))
  expect(readdirSync(folder).toSorted()).toEqual(files.toSorted())
  expect(await loadScenario(path.join(folder, 'experiment.yaml'))).toMatchObject({ name: 'my-lab', seed: 7 })
  const run = execFileSync('make', ['-n', '-C', folder, 'EOSLAB=the-lab', 'run', 'control', 'report'], {
    encoding: 'utf8',
  })
  expect(run.match(/^the-lab (run|report) /gm)).toHaveLength(3)
  expect(
    readFileSync(path.join(folder, 'README.md'), 'utf8')
      .trim()
      .split('\n')
      .filter((line) => line !== ''),
  ).toHaveLength(5)
})

it('takes an empty folder, and refuses one that holds anything, untouched', async () => {
  await initialise(root)
  writeFileSync(path.join(root, 'Makefile'), 'mine')
  await expect(initialise(root)).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringMatching(/is not empty: it holds /),
    hint: expect.stringMatching(/Nothing was written/),
  })
  expect(readFileSync(path.join(root, 'Makefile'), 'utf8')).toBe('mine')
})

it('refuses a file', async () => {
  const file = path.join(root, 'file')
  writeFileSync(file, '')
  await expect(initialise(file)).rejects.toMatchObject({ code: 'USAGE' })
})
