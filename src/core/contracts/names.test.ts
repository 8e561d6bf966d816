/** Prefixes: which ones are allowed, and that no two of them, nor the lab's own things, share a directory. */
import { describe, expect, test } from 'vitest'
import { prefixDirectory, prefixProblem, topicNames } from './names.ts'

describe('a prefix', () => {
  test.each(['', 'p1.', 'cm-1.01.', 'broker.', 'kept1', '_x', '.a', 'A'.repeat(200)])(
    'may be %j',
    (prefix) => {
      expect(prefixProblem(prefix)).toBeUndefined()
    },
  )

  test.each([
    ['.', /not its own/],
    ['..', /not its own/],
    ['...', /not its own/],
    ['_', /"_1\."/],
    ['broker', /"broker1\."/],
    ['brokers', /of its own/],
    ['kept', /of its own/],
    ['kept.json', /of its own/],
    ['a/b', /letters, digits/],
    ['../x', /letters, digits/],
    ['p 1', /letters, digits/],
    ['p1\n', /letters, digits/],
    ['ö', /letters, digits/],
    ['A'.repeat(201), /up to 200/],
  ])('may not be %j', (prefix, why) => {
    expect(prefixProblem(prefix)).toMatch(why)
  })

  test('names a directory of its own, and topics that Kafka takes', () => {
    expect(prefixDirectory('')).toBe('_')
    expect(prefixDirectory('p1.')).toBe('p1.')
    const longest = Object.values(topicNames('A'.repeat(200))).map((name) => name.length)
    expect(Math.max(...longest)).toBeLessThanOrEqual(249)
  })
})
