/** The rules against the golden file, and against properties that no list of samples can cover. */
import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeEnriched, enrichedPartition } from './enriched.ts'
import { isExactInteger, mayHoldFractions, numberSources } from './exact-number.ts'
import { normalise, REJECTS } from './normalise.ts'

interface Golden {
  name: string
  value_base64: string | null
  headers: Record<string, string>
  expect: { ok: true; enriched: object } | { ok: false; code: string }
  partition_of_8?: number
}

const golden = readFileSync(new URL('../../../../contracts/golden/orders.jsonl', import.meta.url), 'utf8')
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line) as Golden)

test.each(golden)('golden: $name', (sample) => {
  const value = sample.value_base64 === null ? null : Buffer.from(sample.value_base64, 'base64')
  const result = normalise(value, sample.headers)
  if (!sample.expect.ok) {
    expect(result).toMatchObject(sample.expect)
    return
  }
  if (!result.ok) throw new Error(`rejected: ${result.text}`)
  expect(result.order).toStrictEqual(sample.expect.enriched)
  expect(encodeEnriched(result.order)).toBe(JSON.stringify(sample.expect.enriched))
  expect(enrichedPartition(result.order, 8)).toBe(sample.partition_of_8)
})

test('the golden file has every reject code', () => {
  const seen = new Set(golden.flatMap((g) => (g.expect.ok ? [] : [g.expect.code])))
  expect([...seen].sort()).toEqual(Object.keys(REJECTS).sort())
})

/** Text of a JSON number from its parts, and whether BigInt arithmetic calls it an integer. */
const jsonNumber = fc
  .record({
    sign: fc.constantFrom('', '-'),
    whole: fc.bigInt({ min: 0n, max: 10n ** 20n }),
    fraction: fc.option(fc.stringMatching(/^[0-9]{0,4}0{0,20}[0-9]$/)),
    exponent: fc.option(fc.integer({ min: -30, max: 30 })),
  })
  .map(({ sign, whole, fraction, exponent }) => {
    const text = `${sign}${whole}${fraction === null ? '' : `.${fraction}`}${exponent === null ? '' : `e${exponent}`}`
    const scale = (exponent ?? 0) - (fraction?.length ?? 0)
    const digits = BigInt(`${whole}${fraction ?? ''}`)
    return { text, integer: scale >= 0 || digits % 10n ** BigInt(-scale) === 0n }
  })

test('exactness agrees with arithmetic on big integers', () => {
  fc.assert(
    fc.property(jsonNumber, ({ text, integer }) => {
      expect(isExactInteger(text)).toBe(integer)
    }),
    { numRuns: 2000 },
  )
})

test('number sources are those that a reviver sees', () => {
  const members = fc.array(fc.tuple(fc.constantFrom('price', 'qty', 'ts', 'x"\\', '😀'), fc.jsonValue()), {
    maxLength: 8,
  })
  fc.assert(
    fc.property(members, jsonNumber, (list, number) => {
      const text = `{${[...list, ['n', 0] as const]
        .map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`)
        .join(' ,')}, "price":${number.text}}`
      const found = numberSources(text)
      const seen = new Map<unknown, Map<string, string>>()
      const root = JSON.parse(text, function (this: unknown, name, value, context) {
        if (typeof value === 'number') {
          const of = seen.get(this) ?? new Map<string, string>()
          seen.set(this, of.set(name, context!.source!))
        }
        return value as unknown
      } as (this: unknown, name: string, value: unknown, context?: { source?: string }) => unknown) as Record<
        string,
        unknown
      >
      for (const [name, value] of Object.entries(root)) {
        if (typeof value === 'number') expect(found.get(name)).toBe(seen.get(root)!.get(name))
      }
      if (!mayHoldFractions(text)) expect(number.text).toMatch(/^-?[0-9]+$/)
    }),
  )
})

test('never throws, whatever the bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      expect(normalise(Buffer.from(bytes), {}).ok).toBe(false)
    }),
  )
})

test('an extra field nested very deep does no harm', () => {
  const deep = `${'['.repeat(200_000)}1.5${']'.repeat(200_000)}`
  const text = `{"orderId":"o1","productId":"p1","price":12.0,"qty":1,"storeId":"A","ts":1,"deep":${deep}}`
  expect(normalise(Buffer.from(text), {})).toMatchObject({ ok: true, order: { price: 12 } })
})

test('milliseconds become seconds exactly', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (ts) => {
      const result = normalise(
        Buffer.from(`{"orderId":"o1","productId":"p1","price":1,"qty":1,"storeId":"A","ts":${ts}}`),
        {},
      )
      expect(result).toMatchObject({
        ok: true,
        order: { normTs: Number(ts >= 1e11 ? BigInt(ts) / 1000n : ts) },
      })
    }),
  )
})
