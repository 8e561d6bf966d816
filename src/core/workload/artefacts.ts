/**
 * The content of artefacts: state, its changes and the orders behind them, made up without running a pipeline,
 * so that recovery can be studied alone and at any size.
 *
 * Promises: one profile gives the same content on every machine; every change is what OpB would have made of
 * its order; memory is a few numbers per key, not an object. A repeated change is the newest of its key, word
 * for word, so that neither replay nor compaction can come to another state by it.
 * Does not: write anything, or know offsets.
 */
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { aggregateKey, type ChangelogValue, type EnrichedOrder, type StateRow } from '../contracts/records.ts'

/** Windows of artefacts, in seconds. */
export const ARTEFACT_WINDOW = 60
const FIRST_WINDOW = 1_694_500_020
const STORES = 100
const PRODUCTS = 1_000

export interface Change {
  readonly index: number
  readonly row: StateRow
  readonly value: ChangelogValue
}

export class ArtefactState {
  readonly keys: number
  readonly #sum: Float64Array
  readonly #count: Uint32Array
  readonly #delta: Float64Array
  readonly #random: ReturnType<typeof xoroshiro128plus>

  constructor(keys: number, seed: number) {
    this.keys = keys
    this.#sum = new Float64Array(keys)
    this.#count = new Uint32Array(keys)
    this.#delta = new Float64Array(keys)
    this.#random = xoroshiro128plus(seed)
  }

  #place(index: number) {
    const storeId = `S${index % STORES}`
    const productId = `p${Math.floor(index / STORES) % PRODUCTS}`
    const start = FIRST_WINDOW + ARTEFACT_WINDOW * Math.floor(index / (STORES * PRODUCTS))
    return { storeId, productId, start }
  }

  /** The newest change of a key as the changelog holds it; undefined if it never changed. */
  newest(index: number): Change | undefined {
    const count = this.#count[index]!
    if (count === 0) return undefined
    const { storeId, productId, start } = this.#place(index)
    const key = aggregateKey(storeId, productId, start)
    const sum = this.#sum[index]!
    const value = { key, seq: count, delta: this.#delta[index]!, ts: start, sum, count }
    return { index, row: { key, sum, count, seq: count }, value }
  }

  /** What a key has come to by some updates that nobody kept: the head of a compacted changelog. */
  begin(index: number): Change {
    const updates = this.below(9) + 1
    for (let i = 0; i < updates; i++) this.#add(index, this.#amount())
    return this.newest(index)!
  }

  /** The next order of a key, and the change that it makes. */
  update(index: number, n: number): { readonly order: EnrichedOrder; readonly change: Change } {
    const order = this.order(index, n)
    this.#add(index, order.price * order.qty)
    return { order, change: this.newest(index)! }
  }

  /** An order of a key that changes nothing yet. */
  order(index: number, n: number): EnrichedOrder {
    const { storeId, productId, start } = this.#place(index)
    const price = this.#amount()
    const base = { orderId: `a${n}`, productId, price, qty: 1, storeId }
    return { ...base, ts: start, validated: true, normTs: start }
  }

  /** A change that never was: for transactions that are aborted. */
  phantom(index: number): ChangelogValue {
    const { key, seq, ...rest } = this.newest(index)?.value ?? { key: 'phantom', seq: 0, delta: 0, ts: 0 }
    return { ...rest, key, seq: seq + 1_000, sum: 1, count: seq + 1_000 }
  }

  /** Draws 0 to n-1. */
  below(n: number): number {
    return uniformInt(this.#random, 0, n - 1)
  }

  #amount(): number {
    return (this.below(400) + 1) * 50
  }

  #add(index: number, delta: number): void {
    this.#sum[index]! += delta
    this.#count[index]! += 1
    this.#delta[index] = delta
  }
}
