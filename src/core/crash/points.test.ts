import { describe, expect, test } from 'vitest'
import { LabError } from '../errors.ts'
import { editDistance, nearest } from './nearest.ts'
import { CRASH_POINTS, resolvePoints } from './points.ts'

const OPA_PAUSES = ['opa.pause.commit.before', 'opa.pause.commit.after']

const names = (...at: string[]): string[] =>
  resolvePoints(at).map(({ first = [], ...last }) =>
    [...first, last].map(({ point, hit }) => point.name + (hit === null ? '' : `:${hit}`)).join('+'),
  )

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
    const names = CRASH_POINTS.map((p) => p.name)
    expect(new Set(names).size).toBe(names.length)
    expect(names.filter((name) => name.startsWith('opa.'))).toMatchInlineSnapshot(`
      [
        "opa.poll.after",
        "opa.compute.after",
        "opa.produce.mid",
        "opa.produce.after",
        "opa.offsets.after",
        "opa.commit.before",
        "opa.commit.mid",
        "opa.commit.held",
        "opa.commit.after",
        "opa.pause.commit.before",
        "opa.pause.commit.after",
        "opa.fence.after",
        "opa.loop",
        "opa.random",
      ]
    `)
    expect(names.filter((name) => name.startsWith('opb.'))).toMatchInlineSnapshot(`
      [
        "opb.poll.after",
        "opb.compute.after",
        "opb.produce.mid",
        "opb.produce.after",
        "opb.offsets.after",
        "opb.commit.before",
        "opb.commit.mid",
        "opb.commit.held",
        "opb.commit.after",
        "opb.apply.before",
        "opb.apply.mid",
        "opb.apply.after",
        "opb.pause.commit.before",
        "opb.pause.commit.after",
        "opb.snapshot-copy.mid",
        "opb.snapshot-rename.before",
        "opb.snapshot-rename.after",
        "opb.manifest-produce.after",
        "opb.manifest-commit.mid",
        "opb.manifest-commit.after",
        "opb.prune.mid",
        "opb.pause.snapshot-rename.before",
        "opb.fence.after",
        "opb.manifest-load.after",
        "opb.restore.mid",
        "opb.restore.after",
        "opb.replay.mid",
        "opb.replay.after",
        "opb.loop",
        "opb.random",
      ]
    `)
  })

  test('the smoke selection is part of it', () => {
    expect(CRASH_POINTS.filter((p) => p.byDefault).map((p) => p.name)).toEqual([
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
    [['opa.p*'], ['opa.poll.after', 'opa.produce.mid', 'opa.produce.after', ...OPA_PAUSES]],
    [['before-commit-paused'], ['opa.pause.commit.before', 'opb.pause.commit.before']],
    [['held-commit:2'], ['opa.commit.held:2', 'opb.commit.held:2']],
    [['opb.commit.mid:9+opb.replay.mid'], ['opb.commit.mid:9+opb.replay.mid']],
    [
      ['*.commit.mid+*.fence.after:1'],
      ['opa.commit.mid+opa.fence.after:1', 'opb.commit.mid+opb.fence.after:1'],
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

describe('a pair', () => {
  test.each([
    ['opa.commit.mid+opb.commit.mid', 'two operators'],
    ['opb.replay.mid+opb.commit.mid', 'opb.replay.mid'],
    ['opb.commit.mid+opb.prune.mid', 'opb.prune.mid'],
    ['opb.random+opb.commit.mid', 'opb.random'],
    ['opb.commit.mid+opb.pause.commit.after', 'opb.pause.commit.after'],
    ['opb.loop+opb.commit.mid', 'opb.loop'],
    ['opb.commit.held+opb.fence.after', 'opb.commit.held'],
  ])('%s is refused', (at, what) => {
    expect(failure(at)).toMatchObject({ code: 'USAGE', message: expect.stringContaining(what) as string })
  })

  test('of unknown parts is unknown', () => {
    expect(failure('opb.commit.mid+opb.replai.mid').hint).toContain('opb.replay.mid')
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
