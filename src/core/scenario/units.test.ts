/** Units: what is understood, and that what is not names the flag and quotes the text. */
import { describe, expect, test } from 'vitest'
import { LabError } from '../errors.ts'
import {
  formatDuration,
  parseCadence,
  parseCount,
  parseDurationMs,
  parseRate,
  parseShare,
  parseWindowSeconds,
} from './units.ts'

const refusal = (act: () => unknown): LabError => {
  try {
    act()
  } catch (error) {
    if (error instanceof LabError) return error
    throw error
  }
  throw new Error('it was accepted')
}

describe('durations', () => {
  test.each([
    ['100ms', 100],
    ['10s', 10_000],
    ['0.07s', 70],
    ['1.5s', 1_500],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['0', 0],
    [' 3s ', 3_000],
  ])('%s is %d ms', (text, ms) => {
    expect(parseDurationMs(text, '--x')).toBe(ms)
  })

  test.each(['', '10', '-1s', '1 s', 's', '1e3s', '10sec', 'NaNs', `${'9'.repeat(40)}d`])(
    '%j is refused',
    (text) => {
      const error = refusal(() => parseDurationMs(text, '--commit-interval'))
      expect(error.code).toBe('USAGE')
      expect(error.message).toContain('--commit-interval')
      expect(error.message).toContain(JSON.stringify(text))
      expect(error.hint).toBeTruthy()
    },
  )

  test('are written as they are read', () => {
    for (const text of ['100ms', '10s', '5m', '2h', '1d', '1500ms', '90s'])
      expect(formatDuration(parseDurationMs(text, 'x'))).toBe(text)
  })
})

test('windows are whole seconds', () => {
  expect(parseWindowSeconds('60s')).toBe(60)
  expect(parseWindowSeconds('1000000000s')).toBe(1_000_000_000)
  expect(parseWindowSeconds('1d')).toBe(86_400)
  expect(refusal(() => parseWindowSeconds('1500ms')).message).toContain('--window')
  expect(refusal(() => parseWindowSeconds('0')).hint).toContain('1s')
})

test('shares are percents or fractions, and nothing that could be either', () => {
  expect(parseShare('2%', '--dirty')).toBe(0.02)
  expect(parseShare('0.02', '--dirty')).toBe(0.02)
  expect(parseShare('100%', '--dirty')).toBe(1)
  for (const text of ['2', '101%', '-1%', 'two', '%', ''])
    expect(refusal(() => parseShare(text, '--dirty')).code).toBe('USAGE')
})

test('counts are whole and bounded', () => {
  expect(parseCount('10_000', '--orders')).toBe(10_000)
  expect(parseCount('1e6', '--orders')).toBe(1_000_000)
  expect(parseCount('1.5e3', '--orders')).toBe(1_500)
  for (const text of ['1.5', '-1', '0x10', 'Infinity', '1e99', '1__0', ''])
    expect(refusal(() => parseCount(text, '--orders')).message).toContain('--orders')
  expect(refusal(() => parseCount('0', '--repeat', { min: 1 })).hint).toBe('it must be at least 1')
  expect(refusal(() => parseCount('101', '--partitions', { min: 1, max: 100 })).hint).toBe(
    'it must be from 1 to 100',
  )
})

test('a cadence is a time or a number of updates', () => {
  expect(parseCadence('10s')).toEqual({ ms: 10_000 })
  expect(parseCadence('5000updates')).toEqual({ updates: 5_000 })
  expect(parseCadence('1 update')).toEqual({ updates: 1 })
  for (const text of ['0', '0updates', 'often', '5000'])
    expect(refusal(() => parseCadence(text)).message).toContain('--snapshot-every')
})

test('a rate is per second, whatever its unit', () => {
  expect([parseRate('10000/s', '--rate'), parseRate('1e6', '--rate'), parseRate('600/m', '--rate')]).toEqual([
    10_000, 1_000_000, 10,
  ])
  for (const text of ['10/d', '0/s', '10/s/s', 'fast']) {
    expect(() => parseRate(text, '--rate')).toThrow('--rate')
  }
})
