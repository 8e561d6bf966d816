/** Experiment files: what is accepted, what is refused and where, and what defaults and mutants add. */
import { expect, test } from 'vitest'
import { MUTANTS, MUTANT_NAMES, SAFE_WORKER } from './mutants.ts'
import { contradictions, resolveScenario, toFile } from './resolve.ts'
import { readScenario, scenarioJsonSchema } from './schema.ts'
import type { Problem, ScenarioFile } from './schema.ts'

const accepted = (value: unknown): ScenarioFile => {
  const read = readScenario(value)
  if ('scenario' in read) return read.scenario
  throw new Error(JSON.stringify(read.problems))
}
const refused = (value: unknown): readonly Problem[] => {
  const read = readScenario(value)
  return 'problems' in read ? read.problems : []
}

test('durations become numbers, and thresholds take them for times only', () => {
  const file = accepted({ name: 'x', window: '5m', expect: { max: { ttr_ms: '3s', applied: 10 } } })
  expect(file.window).toBe(300)
  expect(file.expect?.max).toEqual({ ttr_ms: 3_000, applied: 10 })
  expect(refused({ name: 'x', expect: { max: { snapshot_bytes: '3s' } } })[0]?.path).toEqual([
    'expect',
    'max',
    'snapshot_bytes',
  ])
})

test.each<[string, unknown, Problem['path'], string]>([
  ['no mapping', null, [], 'expected object'],
  ['no name', {}, ['name'], 'expected string'],
  ['a name that is no folder', { name: '../up' }, ['name'], 'results/'],
  ['the name of the link', { name: 'latest' }, ['name'], 'results/'],
  ['an unknown field', { name: 'x', point: 'a' }, ['point'], 'known: name, description'],
  [
    'an unknown field of a cell',
    { name: 'x', cells: [{ point: 'a', hits: 1 }] },
    ['cells', 0, 'hits'],
    'known: point',
  ],
  ['an unknown metric', { name: 'x', expect: { max: { ttr: 1 } } }, ['expect', 'max', 'ttr'], 'ttr_ms'],
  ['an unknown anomaly', { name: 'x', expect: { primary: 'dup' } }, ['expect', 'primary'], 'duplicate'],
  ['an unknown mutant', { name: 'x', mutant: 'nope' }, ['mutant'], 'read-uncommitted'],
  ['a window without unit', { name: 'x', window: 60 }, ['window'], 'string'],
  ['a window of half seconds', { name: 'x', window: '1500ms' }, ['window'], 'whole number of seconds'],
  ['no orders', { name: 'x', orders: 0 }, ['orders'], '>=1'],
  ['a fraction of an order', { name: 'x', orders: 1.5 }, ['orders'], 'int'],
  ['a prefix with a slash', { name: 'x', prefix: 'a/b' }, ['prefix'], 'topic name'],
  ['a prefix that is a way up', { name: 'x', prefix: '..' }, ['prefix'], 'not its own'],
  ["a prefix of the lab's own", { name: 'x', prefix: 'brokers' }, ['prefix'], 'of its own under that name'],
  ['a sweep of nothing', { name: 'x', matrix: { batch: [] } }, ['matrix', 'batch'], '>=1'],
  ['a sweep of an unknown field', { name: 'x', matrix: { from: ['a'] } }, ['matrix', 'from'], 'known: seed'],
  ['a wrong value in a sweep', { name: 'x', matrix: { batch: [10, 0] } }, ['matrix', 'batch', 1], '>=1'],
  ['a cadence without unit', { name: 'x', snapshot_every: '10' }, ['snapshot_every'], '5000updates'],
  ['no time at all', { name: 'x', commit_interval: '0ms' }, ['commit_interval'], '1ms'],
  ['no points', { name: 'x', points: [] }, ['points'], '>=1'],
])('%s is refused with its place', (_, value, path, words) => {
  const problem = refused(value).find((each) => JSON.stringify(each.path) === JSON.stringify(path))
  expect(problem?.message).toContain(words)
})

test('every problem is found at once', () => {
  expect(refused({ name: 'x', orders: 0, partitions: 0, what: 1 })).toHaveLength(3)
})

test('an empty experiment is the default matrix of the correct pipeline', () => {
  const scenario = resolveScenario(accepted({ name: 'x' }))
  expect(scenario).toMatchObject({
    seed: 7,
    orders: 2_000,
    partitions: 1,
    window: 60,
    points: null,
    restart: 'at-once',
  })
  expect(scenario.workers).toEqual({ opa: SAFE_WORKER, opb: SAFE_WORKER })
  expect(scenario.expect).toEqual({ verdict: 'valid', primary: null, allowed: [], max: {}, min: {} })
})

test('listed cells stand alone unless points are listed too', () => {
  const cells = [{ point: 'opb.commit.mid', mode: 'cold' }]
  expect(resolveScenario(accepted({ name: 'x', cells })).points).toEqual([])
  expect(resolveScenario(accepted({ name: 'x', cells, points: ['*.random'] })).points).toEqual(['*.random'])
})

test.each(MUTANT_NAMES)('the mutant %s brings workload, kill, workers and prediction', (name) => {
  const mutant = MUTANTS[name]
  const scenario = resolveScenario(accepted({ name: 'x', mutant: name }))
  expect(mutant.name).toBe(name)
  expect(scenario.workers).toEqual(mutant.workers)
  expect(scenario.points).toEqual(mutant.points)
  expect(scenario.expect).toMatchObject({
    verdict: 'invalid',
    primary: mutant.primary,
    allowed: mutant.allowed,
  })
  // The design's workload: few keys, each updated often, so that nothing can hide.
  const { stores, products, orders } = mutant.workload
  // Only what a later update of the key would cover needs keys that are seldom updated.
  if (!['replay-skips-first', 'rows-late', 'checkpoint-first'].includes(name)) {
    expect(stores * products).toBeLessThanOrEqual(50)
    expect(orders / (stores * products)).toBeGreaterThanOrEqual(40)
  }
  // Exactly one thing is wrong, or it would not be known which one the oracle caught.
  const { opa, opb } = mutant.workers
  const wrong = [...Object.entries({ ...opa, instances: 1 }), ...Object.entries(opb)].filter(
    // A log of deltas is a way to run it, right by itself as long as nothing compacts it.
    ([option, value]) =>
      (option !== 'changelog' || name === 'delta-only') &&
      SAFE_WORKER[option as keyof typeof SAFE_WORKER] !== value,
  )
  expect(wrong).toHaveLength(1)
})

test('a file may change the workload of a mutant, never its workers', () => {
  const file = accepted({ name: 'x', mutant: 'at-most-once', orders: 500, points: ['opa.commit.before:9'] })
  const scenario = resolveScenario(file)
  expect(scenario.orders).toBe(500)
  expect(scenario.points).toEqual(['opa.commit.before:9'])
  expect(scenario.workers.opa.guarantee).toBe('at-most-once')
})

const paths = (value: unknown) => contradictions(accepted(value)).map((problem) => problem.path.join('.'))

test('contradictions name their field', () => {
  expect(paths({ name: 'x', mutant: 'at-least-once', guarantee: 'exactly-once' })).toEqual(['guarantee'])
  expect(paths({ name: 'x', mutant: 'at-least-once', guarantee: 'at-least-once' })).toEqual([])
  expect(paths({ name: 'x', mutant: 'read-uncommitted', pipeline: 'reference-stateless' })).toEqual([
    'pipeline',
  ])
  expect(paths({ name: 'x', expect: { primary: 'duplicate', verdict: 'valid' } })).toEqual(['expect.verdict'])
})

test('the JSON schema describes the file as written, with every field explained or plain', () => {
  const schema = scenarioJsonSchema() as { properties: Record<string, { type?: string }>; required: string[] }
  expect(schema.required).toEqual(['name'])
  expect(schema.properties['window']?.type).toBe('string')
})

test.each<[string, object]>([
  ['nothing', {}],
  ['a mutant', { mutant: 'client-as-released', repeat: 3 }],
  ['cells alone', { cells: [{ point: 'opb.commit.mid', mode: 'cold', hit: 4 }], window: '90s' }],
  [
    'everything',
    { guarantee: 'at-least-once', points: ['mid-commit'], prefix: 'p1.', from: '/x.csv', keep: true },
  ],
  ['expectations', { expect: { max: { ttr_ms: '3s' }, min: { applied: 1 }, allowed: ['reorder'] } }],
])('what a file with %s resolves to is a file that resolves to the same', (_, fields) => {
  const scenario = resolveScenario(accepted({ name: 'x', ...fields }))
  expect(resolveScenario(accepted(toFile(scenario)))).toEqual(scenario)
})

test('a resolved file leaves no number to a default', () => {
  const file = toFile(resolveScenario(accepted({ name: 'x' })))
  expect(file).toMatchObject({
    seed: 7,
    orders: 2_000,
    partitions: 1,
    window: '1m',
    repeat: 1,
    guarantee: 'exactly-once',
  })
})

test.each<[string, object, string, RegExp]>([
  ['a field', { name: 'x', partitons: 4 }, 'partitons', /did you mean partitions\?/],
  [
    'a field of a cell',
    { name: 'x', cells: [{ point: 'a', mod: 'cold' }] },
    'cells.0.mod',
    /did you mean mode\?/,
  ],
  ['a mutant', { name: 'x', mutant: 'at-least-onse' }, 'mutant', /did you mean at-least-once\?/],
  ['a form of the changelog', { name: 'x', changelog: 'delt' }, 'changelog', /did you mean delta\?/],
])('the nearest name of %s that is none', (_, file, at, message) => {
  const [problem] = refused(file)
  expect(problem!.path.join('.')).toBe(at)
  expect(problem!.message).toMatch(message)
})

test('the form of the changelog reaches OpB, and the resolved file', () => {
  const scenario = resolveScenario(accepted({ name: 'x', changelog: 'off' }))
  expect(scenario.workers.opb.changelog).toBe('off')
  expect(scenario.workers.opa.changelog).toBeUndefined()
  expect(toFile(scenario)['changelog']).toBe('off')
  expect(paths({ name: 'x', mutant: 'at-least-once', changelog: 'off' })).toEqual(['changelog'])
})
