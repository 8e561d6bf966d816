/**
 * The single executable on a machine that has nothing else of eoslab: copied to an empty folder, without Node
 * and npm in PATH. Built here (seconds), unless EOSLAB_BIN names one. `make test-binary` runs every end-to-end
 * test on it.
 */
import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { SQLITE_ROLE } from './program/roles.ts'

const ROOT = path.resolve(import.meta.dirname, '..')

let root: string
let eoslab: string

beforeAll(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'eoslab-single-'))
  const given = process.env['EOSLAB_BIN']
  if (given === undefined)
    execFileSync(process.execPath, [path.join(ROOT, 'scripts/binary.ts'), path.join(root, 'built')])
  mkdirSync(path.join(root, 'empty'))
  eoslab = path.join(root, 'empty', 'eoslab')
  copyFileSync(given ?? path.join(root, 'built/eoslab'), eoslab)
}, 120_000)

afterAll(() => rmSync(root, { recursive: true, force: true }))

const run = (line: string, env: Readonly<Record<string, string>> = {}) =>
  execa(eoslab, line.split(' '), {
    cwd: path.join(root, 'empty'),
    extendEnv: false,
    env: { PATH: '/usr/bin:/bin', HOME: root, EOSLAB_BROKERS: inject('brokers'), NO_COLOR: '1', ...env },
    stdin: 'ignore',
    reject: false,
    timeout: 60_000,
  })

it('is at most 125 MB, and helps', async () => {
  expect(statSync(eoslab).size).toBeLessThan(125e6)
  expect((await run('--help')).stdout).toContain('crash-matrix  kill the pipeline at named points')
  expect((await run('broker start --help')).stdout).toContain('eoslab broker start')
  expect((await run('crash-matricks')).stderr).toContain('did you mean crash-matrix?')
})

it('kills, recovers and judges, with workers and threads out of itself', async () => {
  const matrix = await run('crash-matrix --at opb.commit.mid --orders 600 --json')
  expect(JSON.parse(matrix.stdout)).toMatchObject({ verdict: 'valid', cells: [{ verdict: 'valid' }] })
  const page = await run('report --format html')
  expect(page.stdout).toMatch(/^<!doctype html>[^]*<svg [^]*opb\.commit\.mid/)
  const simulated = await run('crash-matrix --log simulated --schedules 20 --json')
  expect(JSON.parse(simulated.stdout)).toMatchObject({ verdict: 'valid' })
})

it('reads with the client as released where a mutant asks for it', async () => {
  const caught = await run('run experiments/mutants/client-as-released.yaml --json')
  expect([caught.exitCode, caught.stderr]).toEqual([
    0,
    expect.stringContaining('taken from those that come with eoslab'),
  ])
})

it('brings its experiments and contracts along', async () => {
  const loaded = await run('run experiments/slides/*.yaml --seed abc')
  expect([loaded.exitCode, loaded.stderr]).toEqual([2, expect.stringContaining('--seed')])
  expect((await run('run experiments/none.yaml')).stderr).toContain('cannot read the experiment')
  expect((await run('init my-lab')).exitCode).toBe(0)
  const made = path.join(root, 'empty/my-lab')
  expect(readFileSync(path.join(made, 'Makefile'), 'utf8')).toContain(`EOSLAB ?= ${eoslab}`)
  // A seed that is none, so that it is loaded and not run.
  expect((await run(`run ${made}/experiment.yaml --seed abc`)).stderr).toContain('--seed')
})

it("keeps SQLite's addon whole: many first starts at once, a damaged file, no cache, no place at all", async () => {
  const cache = path.join(root, 'cache')
  const version = async (env: Readonly<Record<string, string>>) => {
    const { exitCode, stdout } = await run(SQLITE_ROLE, env)
    return `${exitCode} ${stdout}`
  }
  const whole = expect.stringMatching(/^0 3\.\d+\.\d+$/)
  const all = await Promise.all(Array.from({ length: 8 }, () => version({ EOSLAB_CACHE: cache })))
  expect(all).toEqual(all.map(() => whole))
  const [name, ...others] = readdirSync(path.join(cache, 'native'))
  expect(others).toEqual([])
  const file = path.join(cache, 'native', name!)
  expect(statSync(path.dirname(file)).mode & 0o777).toBe(0o700)
  const content = readFileSync(file)
  rmSync(file)
  writeFileSync(file, content.subarray(0, 1000))
  expect(await version({ EOSLAB_CACHE: cache })).toEqual(whole)
  expect(readFileSync(file).equals(content)).toBe(true)
  const temporary = path.join(root, 'temporary')
  mkdirSync(temporary)
  expect(await version({ EOSLAB_CACHE: '/dev/null/cache', TMPDIR: temporary })).toEqual(whole)
  expect(readdirSync(temporary)).toEqual([])
  const nowhere = await run('doctor', { EOSLAB_CACHE: '/dev/null/cache', TMPDIR: '/dev/null' })
  expect(nowhere.stdout).toMatch(/MISS +SQLite .*\n *-> Set EOSLAB_CACHE/)
})
