/** Expectations: when a run is valid although a cell is not, and what an unproven cell makes of it. */
import { describe, expect, test } from 'vitest'
import { sampleCell } from '../../testing/sample-run.ts'
import type { CellResult } from '../matrix/result.ts'
import type { AnomalyName } from '../oracle/verdict.ts'
import { EXPECT_VALID, evaluate } from './expect.ts'
import type { Expect } from './resolve.ts'

const CAUGHT: Expect = { verdict: 'invalid', primary: 'duplicate', allowed: ['over-count'], max: {}, min: {} }

const broken = (...anomalies: AnomalyName[]): CellResult => sampleCell({ verdict: 'invalid', anomalies })
const valid = sampleCell()
const vacuous = sampleCell({ verdict: 'vacuous', ttr_ms: null })

describe('the verdict of a run', () => {
  test.each<[string, Expect, CellResult[], string]>([
    ['all valid', EXPECT_VALID, [valid, valid], 'valid'],
    ['one vacuous', EXPECT_VALID, [valid, vacuous], 'vacuous'],
    ['one unknown beside a vacuous', EXPECT_VALID, [vacuous, sampleCell({ verdict: 'unknown' })], 'unknown'],
    ['one invalid', EXPECT_VALID, [valid, vacuous, broken('duplicate')], 'invalid'],
    ['no cell at all', EXPECT_VALID, [], 'unknown'],
    ['a caught mutant', CAUGHT, [broken('duplicate')], 'valid'],
    ['caught, with an allowed companion', CAUGHT, [broken('over-count', 'duplicate')], 'valid'],
    ['caught, with a companion nobody predicted', CAUGHT, [broken('duplicate', 'lost-write')], 'invalid'],
    ['invalid for another reason', CAUGHT, [broken('over-count')], 'invalid'],
    ['a surviving mutant', CAUGHT, [broken('duplicate'), valid], 'invalid'],
    ['a mutant whose kill did not hit', CAUGHT, [vacuous], 'vacuous'],
    ['a threshold kept', { ...EXPECT_VALID, max: { ttr_ms: 453.24 } }, [valid], 'valid'],
    ['a threshold missed', { ...EXPECT_VALID, max: { ttr_ms: 453 } }, [valid], 'invalid'],
    [
      'a threshold on a number not measured',
      { ...EXPECT_VALID, max: { ttr_ms: 9e9 } },
      [sampleCell({ ttr_ms: null })],
      'invalid',
    ],
    ['a threshold of a vacuous cell', { ...EXPECT_VALID, max: { ttr_ms: 1 } }, [vacuous], 'vacuous'],
    ['a least value missed', { ...EXPECT_VALID, min: { restored_keys: 413 } }, [valid], 'invalid'],
  ])('%s', (_, expected, cells, verdict) => {
    const outcome = evaluate(expected, cells)
    expect(outcome.verdict).toBe(verdict)
    expect(outcome.expectations.every((each) => each.met)).toBe(verdict === 'valid')
  })
})

test('each expectation says what was found, and where', () => {
  const slow = sampleCell({ cell: 'slow', ttr_ms: 4_000 })
  const { expectations } = evaluate({ ...CAUGHT, max: { ttr_ms: 3_000 } }, [
    slow,
    broken('duplicate', 'reorder'),
  ])
  expect(expectations).toEqual([
    { text: 'every cell is invalid', met: false, found: '1 valid, 1 invalid' },
    { text: 'every cell shows duplicate', met: false, found: '1 of 2 cells' },
    { text: 'no anomaly beside duplicate, over-count', met: false, found: 'reorder (opb.commit.mid)' },
    { text: 'ttr_ms at most 3s in every cell', met: false, found: '4s (slow)' },
  ])
})
