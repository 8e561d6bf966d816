/**
 * Units as people write them, on the command line and in experiment files alike: durations (`100ms`,
 * `10s`, `5m`), shares (`2%`, `0.02`), counts (`10000`, `10_000`, `1e6`), cadences (`10s`, `5000updates`).
 *
 * Promises: each parser returns a finite number of the unit its name says, or throws a LabError USAGE that
 * names the flag (or field) and quotes the text. A duration without a unit is refused, never guessed.
 * Does not: know which flag takes what range beyond the `min` and `max` it is given.
 */
import { LabError } from '../errors.ts'

const DURATION_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

export interface Bounds {
  readonly min?: number
  readonly max?: number
}

export interface Cadence {
  readonly ms?: number
  readonly updates?: number
}

const refuse = (what: string, text: string, hint: string): LabError =>
  new LabError('USAGE', `${what}: ${JSON.stringify(text)} is not understood`, { hint })

/** `100ms`, `1.5s`, `10m`: milliseconds, not negative. `0` needs no unit. */
export function parseDurationMs(text: string, what: string): number {
  const hint = `write a number and a unit: 100ms, 10s, 5m, 2h or 1d`
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim())
  if (text.trim() === '0') return 0
  if (!match) throw refuse(what, text, hint)
  const ms = Number(match[1]) * DURATION_MS[match[2]!]!
  // 0.07s is 70.00000000000001 in binary floating point; nobody means less than a microsecond.
  const rounded = Math.round(ms * 1_000) / 1_000
  if (rounded > Number.MAX_SAFE_INTEGER)
    throw refuse(what, text, `the longest duration is ${Number.MAX_SAFE_INTEGER}ms`)
  return rounded
}

/** A window: a duration of whole seconds, at least one. */
export function parseWindowSeconds(text: string, what = '--window'): number {
  const seconds = parseDurationMs(text, what) / 1_000
  if (!Number.isInteger(seconds) || seconds < 1)
    throw refuse(what, text, 'a window is a whole number of seconds, at least 1s: 60s, 5m or 1d')
  return seconds
}

/** `2%` or `0.02`: a fraction from 0 to 1. A bare number above 1 is refused, since it could mean either. */
export function parseShare(text: string, what: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(%?)$/.exec(text.trim())
  const share = match ? (match[2] === '%' ? Number(match[1]) / 100 : Number(match[1])) : Number.NaN
  if (!(share >= 0 && share <= 1))
    throw refuse(what, text, 'write a share from 0% to 100%, for example 2% (or 0.02)')
  return share
}

/** `10000`, `10_000`, `1e6`: a whole number within the bounds (default: not negative). */
export function parseCount(text: string, what: string, bounds: Bounds = {}): number {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = bounds
  const plain = text.trim()
  const value = /^\d+(?:_\d+)*(?:\.\d+)?(?:e\+?\d+)?$/i.test(plain)
    ? Number(plain.replaceAll('_', ''))
    : Number.NaN
  // 1e99 is a whole number and is understood; it is only too large.
  if (!Number.isInteger(value)) throw refuse(what, text, 'write a whole number: 10000, 10_000 or 1e4')
  if (value < min || value > max) {
    const open = max === Number.MAX_SAFE_INTEGER && value < min
    const range = open ? `at least ${min}` : `from ${min} to ${max}`
    throw new LabError('USAGE', `${what}: ${text} is out of range`, { hint: `it must be ${range}` })
  }
  return value
}

/** `10000/s`, `1e6/s` or `600/m`: per second. The unit may be left out. */
export function parseRate(text: string, what: string): number {
  const [amount = '', unit = 's', ...more] = text.trim().split('/')
  if (more.length > 0 || !/^[smh]$/.test(unit)) {
    throw refuse(what, text, 'write a number per second, minute or hour: 10000/s')
  }
  return (parseCount(amount, what, { min: 1 }) / DURATION_MS[unit]!) * 1000
}

/** `9100`; 0 stands for any free port; absent is no port at all. */
export const parsePort = (text: string | undefined, what = '--metrics-port'): number | undefined =>
  text === undefined ? undefined : parseCount(text, what, { min: 0, max: 65_535 })

/** `10s` or `5000updates`: how often a snapshot is due. */
export function parseCadence(text: string, what = '--snapshot-every'): Cadence {
  const updates = /^(.+?)\s*updates?$/.exec(text.trim())
  if (updates) return { updates: parseCount(updates[1]!, what, { min: 1 }) }
  try {
    const ms = parseDurationMs(text, what)
    if (ms > 0) return { ms }
  } catch (error) {
    if (!(error instanceof LabError)) throw error
  }
  throw refuse(what, text, 'write a duration above zero or a number of updates: 10s or 5000updates')
}

/** Milliseconds as text that the parsers read back: 100ms, 10s, 5m. */
export function formatDuration(ms: number): string {
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    const size = DURATION_MS[unit]!
    if (ms >= size && ms % size === 0) return `${ms / size}${unit}`
  }
  return `${ms}ms`
}
