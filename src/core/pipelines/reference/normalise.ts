/**
 * OpA's rules: a raw order becomes an enriched one, or is rejected with a code (contracts/schema-v1.md).
 *
 * Promises: total (never throws, whatever the bytes), deterministic, exact: no number is accepted that a
 * double had to round. Several faults in one record give the first in the order of the table of rejects and,
 * among fields, in the order of FIELDS.
 * Does not: look at the key of the record, at other records, or at fields that schema v1 does not name.
 */
import { HEADER } from '../../contracts/headers.ts'
import { type EnrichedOrder, SCHEMA_VERSION } from '../../contracts/records.ts'
import { isExactInteger, mayHoldFractions, numberSources } from './exact-number.ts'

/** Every reason to reject, in the order in which they are looked for. */
export const REJECTS = {
  'unknown-schema-version': 'the header schema-version names a version other than 1',
  'no-value': 'the record has no value',
  'not-utf8': 'the value is not strict UTF-8',
  'byte-order-mark': 'the value begins with a byte order mark',
  'not-json': 'the value is not strict JSON',
  'not-object': 'the value is JSON but no object',
  'missing-field': 'a field of schema v1 is missing',
  'id-not-string': 'an id is no string',
  'id-not-unicode': 'an id holds a lone surrogate',
  'id-empty': 'an id is empty once spaces are cut',
  'id-too-long': 'an id is longer than 128 code points',
  'id-has-hash': 'an id contains #',
  'not-integer': 'price, qty or ts is no integer',
  'out-of-range': 'price, qty or ts is outside +-(2^53-1)',
  'negative-price': 'price is below 0',
  'qty-below-one': 'qty is below 1',
  'negative-ts': 'ts is below 0',
  'amount-too-large': 'price * qty is above 2^53-1',
} as const

export type RejectCode = keyof typeof REJECTS

export interface Rejection {
  readonly ok: false
  readonly code: RejectCode
  /** One sentence for people; nothing may depend on its wording. */
  readonly text: string
}

export type Normalised = { readonly ok: true; readonly order: EnrichedOrder } | Rejection

/** Order in which the fields are judged. */
export const FIELDS = ['orderId', 'productId', 'price', 'qty', 'storeId', 'ts'] as const
type Field = (typeof FIELDS)[number]
type Fields = Readonly<Record<Field, unknown>>

const MAX_ID_CODE_POINTS = 128
/** From here on a ts is taken for milliseconds. */
const FIRST_MILLISECONDS = 1e11

/** ignoreBOM keeps the mark in the text, so that it can be seen and rejected. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const rejection = (code: RejectCode, text: string = REJECTS[code]): Rejection => ({ ok: false, code, text })

const isRejection = (value: unknown): value is Rejection => typeof value === 'object'

/** A value for people: short, one line, well-formed. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object' && value !== null) return 'an object'
  const text = typeof value === 'string' ? JSON.stringify(value.slice(0, 60)) : String(value)
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

/** Cuts U+0020 and nothing else; String.prototype.trim would cut tabs, no-break spaces and more. */
function cutSpaces(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && text.charCodeAt(start) === 0x20) start++
  while (end > start && text.charCodeAt(end - 1) === 0x20) end--
  return start === 0 && end === text.length ? text : text.slice(start, end)
}

function longerThan(text: string, codePoints: number): boolean {
  if (text.length <= codePoints) return false
  if (text.length > 2 * codePoints) return true
  let count = 0
  for (const _ of text) count++
  return count > codePoints
}

function readId(name: Field, value: unknown): string | Rejection {
  if (typeof value !== 'string') return rejection('id-not-string', `${name} is no string: ${shown(value)}`)
  if (!value.isWellFormed())
    return rejection('id-not-unicode', `${name} holds a lone surrogate: ${shown(value)}`)
  const id = cutSpaces(value)
  if (id === '') return rejection('id-empty', `${name} is empty`)
  if (longerThan(id, MAX_ID_CODE_POINTS)) {
    return rejection('id-too-long', `${name} is longer than ${MAX_ID_CODE_POINTS} code points: ${shown(id)}`)
  }
  if (id.includes('#')) return rejection('id-has-hash', `${name} contains #: ${shown(id)}`)
  return id
}

/** `source` is the literal text of a JSON number where rounding is possible, else undefined. */
function readInteger(name: Field, value: unknown, source: string | undefined): number | Rejection {
  let number: number
  if (typeof value === 'number') {
    if (source !== undefined && !isExactInteger(source)) {
      return rejection('not-integer', `${name} is no integer: ${source.slice(0, 60)}`)
    }
    number = value
  } else {
    const digits = typeof value === 'string' ? cutSpaces(value) : ''
    if (!/^-?[0-9]+$/.test(digits)) return rejection('not-integer', `${name} is no integer: ${shown(value)}`)
    number = Number(digits)
  }
  // a double of an integer above 2^53-1 is never rounded down into the safe range, so this is exact
  if (!Number.isSafeInteger(number)) {
    return rejection('out-of-range', `${name} is outside +-(2^53-1): ${source?.slice(0, 60) ?? shown(value)}`)
  }
  return number + 0 // -0 becomes 0
}

/** The members of the value, or why there are none. */
function readObject(value: Buffer): { fields: Fields; text: string } | Rejection {
  let text: string
  try {
    text = utf8.decode(value)
  } catch {
    return rejection('not-utf8')
  }
  if (text.charCodeAt(0) === 0xfeff) return rejection('byte-order-mark')
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return rejection('not-json')
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return rejection('not-object')
  return { fields: parsed as Fields, text }
}

const isBelow = (name: Field, value: number, least: number, code: RejectCode): Rejection | undefined =>
  value < least ? rejection(code, `${name} is below ${least}: ${value}`) : undefined

/** Milliseconds become seconds, rounded down; subtracting first keeps the division exact. */
const toSeconds = (ts: number): number => (ts >= FIRST_MILLISECONDS ? (ts - (ts % 1000)) / 1000 : ts)

function readOrder(fields: Fields, text: string): EnrichedOrder | Rejection {
  for (const name of FIELDS) {
    if (!Object.hasOwn(fields, name)) return rejection('missing-field', `${name} is missing`)
  }
  const sources = mayHoldFractions(text) ? numberSources(text) : undefined
  const integer = (name: Field, least: number, code: RejectCode): number | Rejection => {
    const number = readInteger(name, fields[name], sources?.get(name))
    return isRejection(number) ? number : (isBelow(name, number, least, code) ?? number)
  }
  const orderId = readId('orderId', fields.orderId)
  if (isRejection(orderId)) return orderId
  const productId = readId('productId', fields.productId)
  if (isRejection(productId)) return productId
  const price = integer('price', 0, 'negative-price')
  if (isRejection(price)) return price
  const qty = integer('qty', 1, 'qty-below-one')
  if (isRejection(qty)) return qty
  const storeId = readId('storeId', fields.storeId)
  if (isRejection(storeId)) return storeId
  const seconds = integer('ts', 0, 'negative-ts')
  if (isRejection(seconds)) return seconds
  // the double of a product of 2^53 or more is at least 2^53, so this comparison is exact too
  if (price * qty > Number.MAX_SAFE_INTEGER) {
    return rejection('amount-too-large', `price * qty is above 2^53-1: ${price} * ${qty}`)
  }
  const ts = typeof fields.ts === 'string' ? fields.ts : seconds
  return { orderId, productId, price, qty, storeId, ts, validated: true, normTs: toSeconds(seconds) }
}

/** What OpA makes of one record of `orders`. */
export function normalise(value: Buffer | null, headers: Readonly<Record<string, string>>): Normalised {
  const version = headers[HEADER.schemaVersion]
  if (version !== undefined && version !== String(SCHEMA_VERSION)) {
    return rejection(
      'unknown-schema-version',
      `schema version ${shown(version)} is unknown; known: ${SCHEMA_VERSION}`,
    )
  }
  if (value === null) return rejection('no-value')
  const object = readObject(value)
  if ('ok' in object) return object
  const order = readOrder(object.fields, object.text)
  return 'ok' in order ? order : { ok: true, order }
}
