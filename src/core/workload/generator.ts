/**
 * The seeded generator of orders.
 *
 * Promises: one profile (seed included) gives the same records, byte for byte, on every machine; turning
 * `dirty` or `duplicateIds` on changes only the orders it hits, because every concern draws from a stream of
 * its own; constant memory, whatever the number of orders.
 * Does not: know topics, partitions or time of day; event time comes from the profile.
 */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { orderJson, type PlainOrder, REJECTED, UNTIDY } from './dirt.ts'
import type { WorkloadProfile } from './profile.ts'
import type { SourceRecord } from './source.ts'

export type OrderKind = 'clean' | 'untidy' | 'rejected'

export interface GeneratedOrder extends SourceRecord {
  readonly key: string
  readonly kind: OrderKind
  readonly duplicateId: boolean
}

/** Streams of one seed: odd multiples of the golden ratio keep neighbours (seed, stream) apart. */
const stream = (seed: number, n: number) => xoroshiro128plus(Math.imul(seed ^ (n << 28), 0x9e3779b1) ^ n)

/** Draws 0..n-1 with probability proportional to 1/(rank+1)^skew, by binary search in the running total. */
export function zipf(n: number, skew: number): (unit: number) => number {
  const upTo = new Float64Array(n)
  let total = 0
  for (let rank = 0; rank < n; rank++) upTo[rank] = total += (rank + 1) ** -skew
  return (unit) => {
    const wanted = unit * total
    let low = 0
    let high = n - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if (upTo[middle]! > wanted) high = middle
      else low = middle + 1
    }
    return low
  }
}

/** A duplicate id is taken from this many orders before. */
const RECENT = 1000

/** A, B, ... Z, then S27, S28, ... */
const storeName = (index: number): string => (index < 26 ? String.fromCharCode(65 + index) : `S${index + 1}`)

export function* generateOrders(profile: WorkloadProfile): Generator<GeneratedOrder, void> {
  const { orders, seed, stores, products } = profile
  const keys = stream(seed, 1)
  const amounts = stream(seed, 2)
  const dirt = stream(seed, 3)
  const duplicates = stream(seed, 4)
  const rank = zipf(stores * products, profile.skew)
  const recent: string[] = []
  let rejected = 0
  let untidy = 0
  for (let i = 0; i < orders; i++) {
    // the most popular pairs are spread over the stores, so no store is idle
    const pair = rank(uniformFloat64(keys))
    const fate = uniformFloat64(dirt)
    const again = uniformFloat64(duplicates)
    const earlier = uniformInt(duplicates, 0, RECENT - 1)
    const duplicateId = again < profile.duplicateIds && i > 0
    const orderId = duplicateId ? recent[earlier % recent.length]! : `o${i + 1}`
    recent[i % RECENT] = orderId
    const order: PlainOrder = {
      orderId,
      productId: `p${Math.floor(pair / stores) + 1}`,
      price: uniformInt(amounts, 1, 400) * 50,
      qty: uniformInt(amounts, 1, 5),
      storeId: storeName(pair % stores),
      ts: profile.startTs + Math.floor((i * profile.spanSeconds) / orders),
    }
    const base = { key: order.orderId, duplicateId }
    if (fate < profile.dirty) {
      yield { ...base, kind: 'rejected', ...REJECTED[rejected++ % REJECTED.length]![1](order) }
    } else if (fate < 2 * profile.dirty) {
      yield { ...base, kind: 'untidy', ...UNTIDY[untidy++ % UNTIDY.length]!(order) }
    } else {
      yield { ...base, kind: 'clean', value: orderJson(order) }
    }
  }
}
