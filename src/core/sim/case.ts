/**
 * What names a schedule, as one word: `17`, or `17,orders=4,keys=1,faults=0+2,every=2,calm=90`.
 *
 * Promises: `decodeCase(encodeCase(x))` equals x, the mutant apart; what a reduction took away is in the word.
 */
import { LabError } from '../errors.ts'
import { MIXES, type Mix } from './mix.ts'

export interface SimCase {
  readonly seed: number
  /** What is wrong with the code on purpose; not part of the word. */
  readonly mutant?: string | undefined
  /** Kinds of faults to draw from; the seed chooses if nobody does. */
  readonly mix?: Mix | undefined
  readonly orders?: number | undefined
  readonly keys?: number | undefined
  /** Orders left out of those, counted from 0. */
  readonly without?: readonly number[] | undefined
  /** Indices of the faults that are left. */
  readonly faults?: readonly number[] | undefined
  readonly partitions?: number | undefined
  /** The orders are handed over in so many portions. */
  readonly portions?: number | undefined
  /** Records per transaction. */
  readonly opa?: number | undefined
  readonly opb?: number | undefined
  /** A snapshot every so many updates, and how many are kept. */
  readonly every?: number | undefined
  readonly retain?: number | undefined
  /** From this step on the oldest request goes first. */
  readonly calm?: number | undefined
  /** Another order of the same steps: what a reduction looks through. */
  readonly roll?: number | undefined
}

const NUMBERS = [
  'orders',
  'keys',
  'partitions',
  'portions',
  'opa',
  'opb',
  'every',
  'retain',
  'calm',
  'roll',
] as const satisfies readonly (keyof SimCase)[]
const LISTS = ['faults', 'without'] as const satisfies readonly (keyof SimCase)[]

export function encodeCase(named: SimCase): string {
  const parts = [String(named.seed)]
  if (named.mix !== undefined) parts.push(`mix=${named.mix}`)
  for (const name of NUMBERS) if (named[name] !== undefined) parts.push(`${name}=${named[name]}`)
  for (const name of LISTS) {
    const list = named[name]
    if (list !== undefined) parts.push(`${name}=${list.length === 0 ? 'none' : list.join('+')}`)
  }
  return parts.join(',')
}

const oneOf = <T extends string>(known: readonly T[], name: string): T | undefined =>
  known.find((one) => one === name)

export function decodeCase(text: string): SimCase {
  const [seed = '', ...parts] = text.split(',')
  const wrong = (what: string): LabError =>
    new LabError('USAGE', `--replay ${text}: ${what}`, {
      hint: 'it looks like 17 or 17,orders=4,keys=1,faults=0+2,calm=90; copy it from the run that failed',
    })
  const whole = (digits: string): number => {
    if (!/^\d{1,10}$/.test(digits)) throw wrong(`${JSON.stringify(digits)} is no whole number`)
    return Number(digits)
  }
  const atLeastOne = (name: string, digits: string): number => {
    const value = whole(digits)
    if (value < 1 && name !== 'calm' && name !== 'roll') throw wrong(`${name} is at least 1`)
    return value
  }
  const found: { -readonly [K in keyof SimCase]: SimCase[K] } = { seed: whole(seed) }
  for (const part of parts) {
    const [name = '', value = ''] = part.split('=')
    const number = oneOf(NUMBERS, name)
    const list = oneOf(LISTS, name)
    const mix = name === 'mix' ? oneOf(MIXES, value) : undefined
    if (number) found[number] = atLeastOne(name, value)
    else if (list) found[list] = value === 'none' ? [] : value.split('+').map(whole)
    else if (mix) found.mix = mix
    else throw wrong(`${JSON.stringify(part)} is not known`)
  }
  return found
}
