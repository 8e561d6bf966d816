/**
 * Numbers and texts as a report shows them, the same everywhere and on every machine.
 *
 * Promises: no locale of the host changes a digit; "not measured" is a dash, never 0; several samples are
 * the median with its interval (src/core/stats/median.ts); control characters of foreign texts are shown, never passed on.
 */
import { medianOf } from '../stats/median.ts'

export const NOTHING = '–'

const GROUPED = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
const ONE_DIGIT = new Intl.NumberFormat('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 })

/** 12,345; small fractions keep one digit: 2.1. */
export function number(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return NOTHING
  return Number.isInteger(value) || Math.abs(value) >= 10 ? GROUPED.format(value) : ONE_DIGIT.format(value)
}

/** One sample as it is; several as `median (low–high)`; what was not measured is left out. */
export function spread(samples: readonly (number | null)[]): string {
  const found = medianOf(samples)
  if (!found) return NOTHING
  const { median, low, high } = found
  return low === high ? number(median) : `${number(median)} (${number(low)}–${number(high)})`
}

/** A foreign text in one line: control characters and lone surrogates written as \uXXXX. */
export const printable = (text: string): string =>
  text.replaceAll(
    /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
