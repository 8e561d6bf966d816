/** YAML: that errors point at the line and column a person has to change. */
import { expect, test } from 'vitest'
import { LabError } from '../../core/errors.ts'
import { readYaml, writeYaml } from './yaml.ts'

const refusal = (text: string): string => {
  try {
    readYaml(text, 'x.yaml')
  } catch (error) {
    if (error instanceof LabError && error.code === 'SCENARIO') return error.message
    throw error
  }
  throw new Error('it was accepted')
}

const TEXT = `# comment
name: x
expect:
  max:
    ttr_ms: 3s
cells:
  - point: a
    hitt: 1
`

test('values are read', () => {
  expect(readYaml(TEXT, 'x.yaml').value).toEqual({
    name: 'x',
    expect: { max: { ttr_ms: '3s' } },
    cells: [{ point: 'a', hitt: 1 }],
  })
})

test.each<[(string | number)[], string]>([
  [['name'], 'x.yaml:2:1'],
  [['expect', 'max', 'ttr_ms'], 'x.yaml:5:5'],
  [['cells', 0, 'hitt'], 'x.yaml:8:5'],
  [['cells', 0], 'x.yaml:7:5'],
  [['expect', 'max', 'missing'], 'x.yaml:4:3'],
  [['missing'], 'x.yaml:2:1'],
  [[], 'x.yaml:2:1'],
])('the field %j is at %s', (path, place) => {
  expect(readYaml(TEXT, 'x.yaml').at(path)).toBe(place)
})

test.each([
  ['a: [1, 2', /^x\.yaml:1:\d+: /],
  ['a: 1\na: 2\n', /^x\.yaml:2:1: .*unique/],
  ['a: 1\n\tb: 2\n', /^x\.yaml:2:1: .*[Tt]ab/],
  ['a: 1\n---\nb: 2\n', /^x\.yaml:2:\d+: .*multiple documents/],
  ['a: *nowhere\n', /^x\.yaml:1:\d+: .*nowhere/],
])('%j is refused with its place', (text, words) => {
  expect(refusal(text)).toMatch(words)
})

test('an empty file has no value and a place all the same', () => {
  const yaml = readYaml('', 'x.yaml')
  expect(yaml.value).toBeNull()
  expect(yaml.at(['name'])).toBe('x.yaml:1:1')
})

test('what is written reads back', () => {
  const value = { name: 'x', points: ['*.random', 'a:3'], from: null, window: 60, text: '#: - "quoted"' }
  const text = writeYaml(value, ['one', 'two'])
  expect(text.startsWith('# one\n# two\nname: x\n')).toBe(true)
  expect(readYaml(text, 'x.yaml').value).toEqual(value)
})
