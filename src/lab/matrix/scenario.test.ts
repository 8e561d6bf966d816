/** Experiment files, from the disk: ours all load, and a wrong one is refused with line and column. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LabError } from '../../core/errors.ts'
import { MUTANTS, MUTANT_NAMES } from '../../core/scenario/mutants.ts'
import { loadScenario, loadScenarios, resolvedYaml } from './scenario.ts'

const EXPERIMENTS = path.resolve(import.meta.dirname, '../../../experiments')
const files = readdirSync(EXPERIMENTS, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.yaml'),
)

let directory: string
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'eoslab-scenario-'))
})
afterEach(() => {
  rmSync(directory, { recursive: true, force: true })
})

const write = (text: string): string => {
  const file = path.join(directory, 'x.yaml')
  writeFileSync(file, text)
  return file
}
const refusal = async (file: string): Promise<LabError> => {
  const error: unknown = await loadScenario(file).catch((thrown: unknown) => thrown)
  if (error instanceof LabError) return error
  throw new Error('it was accepted', { cause: error })
}

describe.each(files)('experiments/%s', (name) => {
  const file = path.join(EXPERIMENTS, name)

  test('loads, and points editors at the schema', async () => {
    await loadScenario(file)
    expect(readFileSync(file, 'utf8')).toMatch(
      /^# yaml-language-server: \$schema=\.\.\/\.\.\/contracts\/scenario\.schema\.json\n/,
    )
  })
})

test('a sweep is loaded as its combinations, and a contradiction in one of them is pointed at', async () => {
  const text = 'name: x\npartitions: 2\nmatrix:\n  instances: [1, 2]\n'
  const scenarios = await loadScenarios(write(text))
  expect(scenarios.map(({ name, restart }) => [name, restart])).toEqual([
    ['x.instances-1', 'at-once'],
    ['x.instances-2', 'takeover'],
  ])
  expect(scenarios[1]?.sweep).toEqual({ of: 'x', values: { instances: 2 } })
  const error = await refusal(write(text.replace('[1, 2]', '[1, 3]')))
  expect(error.message).toContain('3 instances need as many partitions')
})

test('what a run resolved to is read back as the same scenario', async () => {
  const [scenario] = await loadScenarios(
    write('name: x\npartitions: 2\ninstances: 2\nsnapshot_every: 500updates\nrate: 100\nbatch: 20\n'),
  )
  expect(await loadScenario(write(resolvedYaml(scenario!)))).toEqual(scenario)
})

test('every mutant has its experiment, which says what the registry says', async () => {
  const ofMutants = files.filter((name) => name.startsWith(`mutants${path.sep}`)).sort()
  expect(ofMutants).toEqual([...MUTANT_NAMES].sort().map((name) => path.join('mutants', `${name}.yaml`)))
  for (const name of MUTANT_NAMES) {
    const mutant = MUTANTS[name]
    const scenario = await loadScenario(path.join(EXPERIMENTS, 'mutants', `${name}.yaml`))
    expect(scenario).toMatchObject({
      mutant: name,
      points: mutant.points,
      orders: mutant.workload.orders,
      partitions: mutant.workload.partitions,
      window: mutant.workload.window,
    })
    expect(scenario.expect.primary).toBe(mutant.primary)
  }
})

test('the names of experiments are their folders, so no two share one', async () => {
  const names = await Promise.all(
    files.map(async (name) => (await loadScenario(path.join(EXPERIMENTS, name))).name),
  )
  expect(new Set(names).size).toBe(names.length)
})

test('the first problem has file, line and column, the others follow in the hint', async () => {
  const file = write('name: x\norders: 0\nexpect:\n  max:\n    ttr: 3s\n')
  const error = await refusal(file)
  expect(error.code).toBe('SCENARIO')
  expect(error.exit).toBe(2)
  expect(error.message).toMatch(new RegExp(`^${file}:2:1: orders: `))
  expect(error.hint).toContain(`${file}:5:5: expect.max: unknown field "ttr"`)
})

test('an unknown crash point is found before anything runs, with its place', async () => {
  const file = write('name: x\npoints:\n  - mid-commit\n  - opa.comit.mid\n')
  const error = await refusal(file)
  expect(error.message).toMatch(new RegExp(`^${file}:4:5: .*opa\\.comit\\.mid`))
  expect(error.message).toContain('opa.commit.mid')
})

test('a contradiction has its place', async () => {
  const file = write('name: x\nmutant: at-most-once\nguarantee: exactly-once\n')
  expect((await refusal(file)).message).toMatch(new RegExp(`^${file}:3:1: guarantee: the mutant`))
})

test('a file that is missing or no text is named', async () => {
  expect((await refusal(path.join(directory, 'none.yaml'))).message).toContain('none.yaml')
  const file = path.join(directory, 'x.yaml')
  writeFileSync(file, Buffer.from([0x6e, 0xff, 0xfe]))
  const error = await refusal(file)
  expect(error.code).toBe('BAD_INPUT_FILE')
  expect(error.message).toContain('UTF-8')
})

test('orders are looked for beside the experiment', async () => {
  const scenario = await loadScenario(write('name: x\nfrom: data/orders.csv\n'))
  expect(scenario.from).toBe(path.join(directory, 'data', 'orders.csv'))
})

test('what ran can be run again', async () => {
  const scenario = await loadScenario(path.join(EXPERIMENTS, 'plan', 'p1.yaml'))
  expect(await loadScenario(write(resolvedYaml(scenario)))).toEqual(scenario)
})
