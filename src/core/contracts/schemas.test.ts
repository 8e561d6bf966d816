/** The JSON Schemas under contracts/: fresh, and in agreement with the golden orders and with what is written. */
import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import { contractFiles } from '../../testing/contract-files.ts'

const contract = (name: string): string =>
  readFileSync(new URL(`../../../contracts/${name}`, import.meta.url), 'utf8')

const compile = (name: string) =>
  new Ajv({ allErrors: true }).compile(JSON.parse(contract(`${name}.schema.json`)) as object)

test.each(Object.entries(contractFiles()))('contracts/%s is fresh (npm run contracts)', (name, text) => {
  expect(contract(name)).toBe(text)
})

interface Golden {
  name: string
  value_base64: string | null
  expect: { ok: true; enriched: object } | { ok: false; code: string }
}
const golden = contract('golden/orders.jsonl')
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line) as Golden)
const parsed = (sample: Golden): unknown =>
  JSON.parse(Buffer.from(sample.value_base64 ?? '', 'base64').toString('utf8'))

test('every golden order that is accepted fits order, its result fits enriched', () => {
  const order = compile('order')
  const enriched = compile('enriched')
  const misfits = golden.flatMap((sample) => {
    if (!sample.expect.ok) return []
    const fits = order(parsed(sample)) && enriched(sample.expect.enriched)
    return fits ? [] : [[sample.name, order.errors, enriched.errors]]
  })
  expect(misfits).toEqual([])
})

/** What a schema of a parsed document cannot see, as schema-v1.md says. */
const UNSEEN = new Set([
  'fraction below the precision of a double',
  'fraction near 2^53',
  'fraction near 2^53 in qty',
  'fraction that a double loses, in ts',
  'too small for a double',
  'huge negative exponent',
  '2^53 as a string',
  '2^53+1 as a string',
  '400 digits as a string',
])
const UNSEEN_CODES = [
  'unknown-schema-version',
  'no-value',
  'not-utf8',
  'byte-order-mark',
  'not-json',
  'amount-too-large',
]

test('every other golden order does not fit order, but for what JSON Schema cannot see', () => {
  const order = compile('order')
  const fitting = golden.flatMap((sample) =>
    !sample.expect.ok && !UNSEEN_CODES.includes(sample.expect.code) && order(parsed(sample))
      ? [sample.name]
      : [],
  )
  expect(new Set(fitting)).toEqual(UNSEEN)
})

const hash = 'a'.repeat(64)
const entry = {
  snapshotId: '2025-09-12T10:00:00.000Z-p0-e3-n7',
  lastChangelogOffset: 7534221,
  createdAt: 1757671200,
  partition: 0,
  kind: 'full',
  base: null,
  path: 'snapshot.db',
  bytes: 9000,
  sha256: hash,
  keys: 40,
  nextInputOffset: 12,
  stateHash: hash,
  changelogMode: 'after-image',
  schemaVersion: 1,
  clusterId: 'c',
  inputTopicId: 'i',
  changelogTopicId: 'l',
}
const output = {
  key: 'A#p1#1694499960',
  storeId: 'A',
  productId: 'p1',
  windowStart: 1694499960,
  sum: 30000,
  count: 3,
  seq: 3,
}
const changelog = { key: 'A#p1#1694499960', seq: 12, delta: 10000, ts: 1694500010, sum: 120000, count: 12 }
const { sum: _sum, count: _count, ...delta } = changelog

test.each([
  ['output', output, true],
  ['output', { ...output, extra: 1 }, true],
  ['output', { ...output, seq: 0 }, false],
  ['output', { ...output, sum: 2 ** 53 }, false],
  ['output', { ...output, key: 'A#p1' }, false],
  ['changelog', changelog, true],
  ['changelog', delta, true],
  ['changelog', { ...changelog, delta: '10000' }, false],
  ['manifest', { ...entry, retained: [entry, { ...entry, kind: 'partial', base: 'x' }] }, true],
  ['manifest', entry, false],
  ['manifest', { ...entry, retained: [{ ...entry, sha256: 'short' }] }, false],
])('%s: %j fits: %s', (name, value, fits) => {
  expect(compile(name)(value)).toBe(fits)
})
