/** The generator: repeatable to the byte, shaped as its profile says, dirty in every way OpA must know. */
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { normalise, REJECTS } from '../pipelines/reference/normalise.ts'
import { REJECTED } from './dirt.ts'
import { generateOrders, zipf, type GeneratedOrder } from './generator.ts'
import { DEFAULT_PROFILE, type WorkloadProfile } from './profile.ts'

const make = (changes: Partial<WorkloadProfile> = {}): GeneratedOrder[] => [
  ...generateOrders({ ...DEFAULT_PROFILE, orders: 2000, ...changes }),
]
const bytes = (record: GeneratedOrder): string =>
  JSON.stringify([record.key, Buffer.from(record.value ?? '').toString('base64'), record.headers])
const judged = (record: GeneratedOrder) =>
  normalise(record.value === null ? null : Buffer.from(record.value as string), record.headers ?? {})

test('one seed, one stream of bytes: the digest of the default workload is part of the contract', () => {
  const hash = createHash('sha256')
  for (const record of make({ orders: 10_000, seed: 7, dirty: 0.02, duplicateIds: 0.01 }))
    hash.update(bytes(record))
  expect(hash.digest('hex').slice(0, 16)).toMatchInlineSnapshot(`"2c2de24ca1536995"`)
})

test('another seed gives other orders', () => {
  expect(make({ seed: 1 }).map(bytes)).not.toEqual(make({ seed: 2 }).map(bytes))
})

test('a clean load is accepted whole, in several windows, with many updates per key', () => {
  const orders = make({ orders: 10_000 }).map(judged)
  const updates = new Map<string, number>()
  for (const result of orders) {
    if (!result.ok) throw new Error(result.text)
    const { storeId, productId, normTs } = result.order
    const key = `${storeId}#${productId}#${Math.floor(normTs / 60)}`
    updates.set(key, (updates.get(key) ?? 0) + 1)
  }
  expect(updates.size).toBe(250)
  const hottest = Math.max(...updates.values())
  expect(hottest).toBeGreaterThan(80) // on average 40
})

test('dirt is rejected with the code it stands for, untidy orders are accepted', () => {
  const orders = make({ dirty: 0.1 })
  let n = 0
  for (const order of orders) {
    const result = judged(order)
    if (order.kind !== 'rejected') expect(result.ok, bytes(order)).toBe(true)
    else expect(result).toMatchObject({ ok: false, code: REJECTED[n++ % REJECTED.length]![0] })
  }
  expect(n).toBeGreaterThan(150)
  expect(n).toBeLessThan(250)
  expect(orders.filter((order) => order.kind === 'untidy').length).toBeGreaterThan(150)
})

test('the rotation has every reject code', () => {
  expect(new Set(REJECTED.map(([code]) => code))).toEqual(new Set(Object.keys(REJECTS)))
})

test('dirt and duplicate ids change only the orders they hit', () => {
  const clean = make()
  const spoilt = make({ dirty: 0.05, duplicateIds: 0.05 })
  for (const [i, order] of spoilt.entries()) {
    if (order.kind === 'clean' && !order.duplicateId) expect(bytes(order)).toBe(bytes(clean[i]!))
  }
  expect(spoilt.filter((order) => order.kind === 'clean' && !order.duplicateId).length).toBeGreaterThan(1600)
})

test('duplicate ids are ids of earlier orders, on different orders', () => {
  const orders = make({ duplicateIds: 0.1 })
  const seen = new Map<string, string>()
  const doubled = orders.filter((order) => {
    const earlier = seen.get(order.key)
    seen.set(order.key, bytes(order))
    expect(order.duplicateId).toBe(earlier !== undefined)
    if (earlier !== undefined) expect(bytes(order)).not.toBe(earlier)
    return order.duplicateId
  })
  expect(doubled.length).toBeGreaterThan(150)
  expect(doubled.length).toBeLessThan(250)
})

test('Zipf follows its exponent', () => {
  const draw = zipf(10, 1)
  const counts = Array.from({ length: 10 }, () => 0)
  for (let i = 0; i < 10_000; i++) counts[draw((i + 0.5) / 10_000)]!++
  expect(counts[0]! / counts[9]!).toBeCloseTo(10, 0)
  expect(zipf(4, 0)(0.74999)).toBe(2)
  expect(zipf(4, 0)(0.999999)).toBe(3)
})
