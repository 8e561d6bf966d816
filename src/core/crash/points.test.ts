import { describe, expect, test } from 'vitest'
import { LabError } from '../errors.ts'
import { editDistance, nearest } from './nearest.ts'
import { CRASH_POINTS, resolvePoints } from './points.ts'

const names = (...at: string[]): string[] =>
  resolvePoints(at).map(({ point, hit }) => point.name + (hit === null ? '' : `:${hit}`))

const failure = (...at: string[]): LabError => {
  try {
    resolvePoints(at)
  } catch (error) {
    if (error instanceof LabError) return error
  }
  throw new Error('expected a LabError')
}

describe('the registry', () => {
  test('holds these points', () => {
    expect(CRASH_POINTS.map((p) => p.name)).toEqual([
      'opa.produce.after',
      'opa.commit.before',
      'opa.commit.mid',
      'opa.commit.after',
      'opa.random',
      'opb.produce.after',
      'opb.commit.before',
      'opb.commit.mid',
      'opb.commit.after',
      'opb.apply.before',
      'opb.random',
    ])
  })

  test('each says how it is made', () => {
    const made = Object.fromEntries(CRASH_POINTS.map((p) => [p.name, p.made]))
    expect(made).toMatchObject({
      'opa.commit.mid': 'wire',
      'opb.random': 'supervisor',
      'opb.apply.before': 'worker',
    })
    for (const p of CRASH_POINTS)
      expect([p.sentence, p.precondition].every((text) => text.length > 10)).toBe(true)
  })
})

describe('resolvePoints', () => {
  test.each([
    [['opb.commit.mid'], ['opb.commit.mid']],
    [['opb.commit.mid:5'], ['opb.commit.mid:5']],
    [['mid-commit'], ['opa.commit.mid', 'opb.commit.mid']],
    [['mid-commit:3'], ['opa.commit.mid:3', 'opb.commit.mid:3']],
    [['before-apply'], ['opb.apply.before']],
    [['random'], ['opa.random', 'opb.random']],
    [
      ['opa.*'],
      ['opa.produce.after', 'opa.commit.before', 'opa.commit.mid', 'opa.commit.after', 'opa.random'],
    ],
    [['op?.commit.a*'], ['opa.commit.after', 'opb.commit.after']],
    [
      ['opb.commit.mid', 'mid-commit', 'opb.commit.mid'],
      ['opb.commit.mid', 'opa.commit.mid'],
    ],
    [
      ['opb.commit.mid:2', 'opb.commit.mid'],
      ['opb.commit.mid:2', 'opb.commit.mid'],
    ],
    [[], []],
  ])('%j', (at, expected) => {
    expect(names(...at)).toEqual(expected)
  })

  test('a dot in a glob is a dot, and other signs are themselves', () => {
    expect(failure('opaXcommitXmid').code).toBe('UNKNOWN_POINT')
    for (const odd of [
      'opa.(commit).mid',
      'opa.[a-z]*',
      'opa.commit.mid|opb.commit.mid',
      'opa\\d*',
      '^opa*',
      '',
    ])
      expect(failure(odd).code).toBe('UNKNOWN_POINT')
  })

  test.each([
    ['opb.comit.mid', 'opb.commit.mid'],
    ['mid-comit', 'mid-commit'],
    ['OPB.COMMIT.MDI', 'opb.commit.mid'],
    ['randon', 'random'],
    ['opb.comitt.mid:4', 'opb.commit.mid'],
  ])('%s is unknown; the hint names %s first', (wrong, near) => {
    const error = failure(wrong)
    expect(error.code).toBe('UNKNOWN_POINT')
    expect(error.message).toContain(`"${wrong.replace(':4', '')}"`)
    expect(error.hint).toContain(`did you mean ${near}`)
  })

  test('what resembles nothing gets the list instead', () => {
    expect(failure('qqqqqqqqqqqqqqqqqqqqqqqqqqqqq').hint).toBe('eoslab crash-matrix --list shows them all')
  })

  test.each([
    'opa.commit.mid:0',
    'opa.commit.mid:x',
    'opa.commit.mid:',
    'opa.commit.mid:-1',
    'opa.commit.mid:1.5',
  ])('%s has no usable hit', (at) => {
    expect(failure(at).code).toBe('USAGE')
  })
})

describe('nearest', () => {
  test.each([
    ['', 'abc', 3],
    ['abc', 'abc', 0],
    ['abc', 'acb', 1],
    ['kitten', 'sitting', 3],
    ['mid', 'mdi', 1],
  ])('%s to %s takes %i edits', (a, b, edits) => {
    expect(editDistance(a, b)).toBe(edits)
    expect(editDistance(b, a)).toBe(edits)
  })

  test('at most three, best first', () => {
    expect(nearest('abcd', ['abcx', 'abcd', 'abxx', 'axcd', 'zzzz'])).toEqual(['abcd', 'abcx', 'axcd'])
  })
})
