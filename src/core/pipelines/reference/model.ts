/**
 * The model of the reference pipeline: what OpA and OpB ought to make of a raw `orders` record.
 *
 * Promises: its own reading of the record rules (contracts/schema-v1.md), sharing no line with the operators;
 * an integer is one only if the digits on the wire say so, never because a double rounded them into one.
 * Does not: name the operators' reject codes, write anything, or keep a running state.
 *
 * Example: {"price":" 12 ","qty":1.0,...} is accepted with price 12, qty 1; "12.0" and 0.9999999999999999999 are not.
 */
import type { EnrichedOrder } from '../../contracts/records.ts'

export type Judged =
  | { readonly accepted: true; readonly order: EnrichedOrder; readonly amount: number }
  | { readonly accepted: false; readonly why: string }

type Json = null | boolean | number | string | NumberLiteral | Json[] | { [field: string]: Json }

/** A JSON number with the text it was written in. */
class NumberLiteral {
  readonly source: string
  constructor(source: string) {
    this.source = source
  }
}

const MAX = Number.MAX_SAFE_INTEGER
const MILLISECONDS_FROM = 1e11
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function judgeOrder(value: Buffer | null, headers: Readonly<Record<string, string>>): Judged {
  try {
    return { accepted: true, ...read(value, headers) }
  } catch (error) {
    if (error instanceof Rejection) return { accepted: false, why: error.message }
    throw error
  }
}

class Rejection extends Error {}

const reject = (why: string): never => {
  throw new Rejection(why)
}

function read(
  value: Buffer | null,
  headers: Readonly<Record<string, string>>,
): { order: EnrichedOrder; amount: number } {
  const version = headers['schema-version']
  if (version !== undefined && version !== '1') reject(`schema version ${version} is not known`)
  const body = parse(decode(value))
  const orderId = identifier(body, 'orderId')
  const productId = identifier(body, 'productId')
  const storeId = identifier(body, 'storeId')
  const price = integer(body, 'price')
  const qty = integer(body, 'qty')
  const at = integer(body, 'ts')
  if (price < 0) reject('price is below 0')
  if (qty < 1) reject('qty is below 1')
  if (at < 0) reject('ts is below 0')
  if (BigInt(price) * BigInt(qty) > BigInt(MAX)) reject('price * qty is above 2^53-1')
  const received = body['ts']
  const ts = typeof received === 'string' ? received : at
  const normTs = at >= MILLISECONDS_FROM ? Math.floor(at / 1000) : at
  const order = { orderId, productId, price, qty, storeId, ts, validated: true, normTs } as const
  return { order, amount: price * qty }
}

function decode(value: Buffer | null): string {
  if (value === null) return reject('there is no value')
  let text: string
  try {
    text = utf8.decode(value)
  } catch {
    return reject('not UTF-8')
  }
  return text.startsWith('\uFEFF') ? reject('begins with a byte order mark') : text
}

function parse(text: string): { [field: string]: Json } {
  let body: Json
  try {
    body = JSON.parse(text) as Json
    // Only a fraction or an exponent can hide an integer that is none; then every number keeps its text.
    if (/\d[.eE]/.test(text)) body = JSON.parse(text, keepSource as never) as Json
  } catch {
    return reject('not JSON')
  }
  const isObject =
    typeof body === 'object' && body !== null && !Array.isArray(body) && !(body instanceof NumberLiteral)
  return isObject ? (body as { [field: string]: Json }) : reject('not a JSON object')
}

const keepSource = (_key: string, value: Json, context: { source?: string }): Json =>
  typeof value === 'number' ? new NumberLiteral(context.source ?? String(value)) : value

function field(body: { [field: string]: Json }, name: string): Json {
  return Object.hasOwn(body, name) ? body[name]! : reject(`${name} is missing`)
}

function identifier(body: { [field: string]: Json }, name: string): string {
  const value = field(body, name)
  if (typeof value !== 'string') return reject(`${name} is no string`)
  if (!value.isWellFormed()) return reject(`${name} is not well-formed Unicode`)
  const id = cutSpaces(value)
  if (id === '') reject(`${name} is empty`)
  if (Array.from(id).length > 128) reject(`${name} is longer than 128 code points`)
  if (id.includes('#')) reject(`${name} contains #`)
  return id
}

const cutSpaces = (text: string): string => text.replace(/^ +/, '').replace(/(?<! ) +$/, '')

function integer(body: { [field: string]: Json }, name: string): number {
  const value = field(body, name)
  let exact: bigint | undefined
  if (typeof value === 'string')
    exact = /^-?[0-9]+$/.test(cutSpaces(value)) ? digits(cutSpaces(value)) : undefined
  else if (typeof value === 'number') exact = Number.isSafeInteger(value) ? BigInt(value) : undefined
  else if (value instanceof NumberLiteral) exact = exactInteger(value.source)
  if (exact === undefined) return reject(`${name} is no integer within +-(2^53-1)`)
  return exact > BigInt(MAX) || exact < -BigInt(MAX) ? reject(`${name} is outside +-(2^53-1)`) : Number(exact)
}

/** Digits as a bigint; undefined when there are too many of them to be in range (and to be worth the time). */
function digits(text: string): bigint | undefined {
  const plain = text.replace(/^(-?)0+(?=\d)/, '$1')
  return plain.length > 17 ? undefined : BigInt(plain)
}

/** The integer that a JSON number literal denotes, undefined if it denotes none or one out of range. */
function exactInteger(source: string): bigint | undefined {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(source)
  if (!match) return undefined
  const [, sign, whole, fraction = '', exponent = '0'] = match
  const significant = `${whole}${fraction}`.replace(/0+$/, '')
  const mantissa = significant.replace(/^0+/, '')
  if (mantissa === '') return 0n
  // value = mantissa * 10^power; the mantissa ends in a digit that is not 0.
  const power = Number(exponent) - fraction.length + (`${whole}${fraction}`.length - significant.length)
  if (power < 0 || power > 17) return undefined
  return digits(`${sign}${mantissa}${'0'.repeat(power)}`)
}
