import { expect, test } from 'vitest'
import { resolveScenario } from './resolve.ts'
import { readScenario } from './schema.ts'
import { expandSweep } from './sweep.ts'

const namesOf = (value: unknown): string[] => {
  const swept = expandSweep(value)
  if ('problem' in swept) throw new Error(swept.problem)
  return swept.files.map((file) => (file.value as { name: string }).name)
}

test('a sweep is every combination, named by its values', () => {
  const value = { name: 'tx', orders: 5, matrix: { batch: [10, 100], commit_interval: ['50ms', '1s'] } }
  expect(namesOf(value)).toEqual([
    'tx.batch-10.commit_interval-50ms',
    'tx.batch-10.commit_interval-1s',
    'tx.batch-100.commit_interval-50ms',
    'tx.batch-100.commit_interval-1s',
  ])
  const swept = expandSweep(value)
  const last = 'files' in swept ? swept.files.at(-1) : undefined
  expect(last?.sweep).toEqual({ of: 'tx', values: { batch: 100, commit_interval: '1s' } })
  const read = readScenario(last?.value)
  if (!('scenario' in read)) throw new Error(JSON.stringify(read.problems))
  expect(resolveScenario(read.scenario, last!.sweep)).toMatchObject({
    name: 'tx.batch-100.commit_interval-1s',
    orders: 5,
    batch: 100,
    commitIntervalMs: 1000,
  })
})

test('names stay folders: long ones are numbered, and prefixes are kept apart', () => {
  const long = 'x'.repeat(70)
  expect(namesOf({ name: long, matrix: { commit_interval: ['50ms', '1s'] } })).toEqual([
    `${long}.1`,
    `${long}.2`,
  ])
  const swept = expandSweep({ name: 'a', prefix: 'i3.', matrix: { seed: [1, 2] } })
  const prefixes =
    'files' in swept ? swept.files.map((file) => (file.value as { prefix: string }).prefix) : []
  expect(prefixes).toEqual(['i3.s1.', 'i3.s2.'])
})

test('a file without a sweep is itself; one without end is refused', () => {
  expect(expandSweep({ name: 'a' })).toEqual({ files: [{ value: { name: 'a' }, sweep: null }] })
  const many = Array.from({ length: 15 }, (_, i) => i + 1)
  expect(expandSweep({ name: 'a', matrix: { seed: many, batch: many } })).toEqual({
    problem: 'matrix: 225 combinations; the most is 200',
  })
})
