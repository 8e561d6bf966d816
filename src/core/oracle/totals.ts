/**
 * Aggregates as the oracle counts them: what `orders` ought to add up to, what `orders.enriched` adds up to,
 * what outputs, changelog and SQLite say. Each is made from its own records; none is corrected by another.
 *
 * Left out of the counted outputs, because they are named elsewhere and would only echo there: outputs whose
 * `src` names no input record (phantom-output), and exact copies, same `src` and same `seq` (duplicate).
 */
import { type OutputValue, aggregateKey, windowStart } from '../contracts/records.ts'
import { type FatedRecord, sourceOf } from './raw.ts'
import { readChangelog, readOutput } from './values.ts'
import { type View, sourceKey, srcOf } from './view.ts'

export interface Sum {
  readonly sum: number
  readonly count: number
}

export interface Row extends Sum {
  readonly seq: number
}

export interface CountedOutput {
  readonly record: FatedRecord
  readonly value: OutputValue
}

const keyOf = (view: View, order: { storeId: string; productId: string; normTs: number }): string =>
  aggregateKey(order.storeId, order.productId, windowStart(order.normTs, view.input.window))

const add = (sums: Map<string, Sum>, key: string, amount: number): void => {
  const { sum, count } = sums.get(key) ?? { sum: 0, count: 0 }
  sums.set(key, { sum: sum + amount, count: count + 1 })
}

/** Every key that the accepted orders can give. */
export const knownKeys = (view: View): ReadonlySet<string> =>
  view.keep('known keys', () => {
    view.whole('orders')
    const accepted = [...view.model().values()].filter((judged) => judged.accepted)
    return new Set(accepted.map((judged) => keyOf(view, judged.order)))
  })

/**
 * What the keys ought to show, from `orders` alone: every accepted order that OpA has passed, unless all its
 * enriched records still lie ahead of OpB.
 */
export const expectedSums = (view: View): ReadonlyMap<string, Sum> =>
  view.keep('expected sums', () => {
    view.whole('orders')
    const sums = new Map<string, Sum>()
    const effects = view.effects(view.opa)
    const opbEnds = new Map(
      view.topic('enriched').map((p) => [p.partition, view.processedEnd(view.opb, p.partition)]),
    )
    const ahead = (f: FatedRecord): boolean => f.record.offset >= opbEnds.get(f.record.partition)!
    const ends = new Map(
      view.topic('orders').map((p) => [p.partition, view.processedEnd(view.opa, p.partition)]),
    )
    for (const f of view.committed('orders')) {
      const { partition, offset } = f.record
      if (offset >= ends.get(partition)!) continue
      const src = sourceKey(f.topic, partition, offset)
      const judged = view.model().get(src)
      if (!judged?.accepted) continue
      const copies = effects.get(src) ?? []
      if (copies.length > 0 && copies.every(ahead)) continue
      add(sums, keyOf(view, judged.order), judged.amount)
    }
    return sums
  })

/** The fold of the committed enriched records below `end(partition)`, duplicates included. */
export function enrichedSums(view: View, end: (partition: number) => number): Map<string, Sum> {
  const sums = new Map<string, Sum>()
  for (const f of view.committed('enriched')) {
    if (f.record.offset >= end(f.record.partition)) continue
    const order = view.enriched(f)
    if (order) add(sums, keyOf(view, order), order.price * order.qty)
  }
  return sums
}

/** Key that the output of an enriched record must have. */
export function keyOfSource(view: View, source: FatedRecord): string | undefined {
  const order = view.enriched(source)
  return order && keyOf(view, order)
}

/** Committed outputs that count, per key in log order. */
export const outputsByKey = (view: View): ReadonlyMap<string, readonly CountedOutput[]> =>
  view.keep('outputs by key', () => {
    const byKey = new Map<string, CountedOutput[]>()
    const seen = new Set<string>()
    for (const record of view.committed('output')) {
      const value = readOutput(record)
      if (!value || !view.sourceRecord(view.opb, record)) continue
      const identity = `${srcOf(record)} ${value.key} ${value.seq}`
      if (seen.has(identity)) continue
      seen.add(identity)
      const list = byKey.get(value.key)
      if (list) list.push({ record, value })
      else byKey.set(value.key, [{ record, value }])
    }
    return byKey
  })

/** Rows that the committed changelog of a partition gives below an offset: after-images, or summed deltas. */
export const changelogRows = (view: View, partition: number, end: number): ReadonlyMap<string, Row> =>
  view.keep(`changelog rows ${partition} ${end}`, () => {
    const rows = new Map<string, Row>()
    for (const f of view.partition('changelog', partition)?.records ?? []) {
      if (f.record.offset >= end) break
      const value = f.fate === 'committed' ? readChangelog(f) : undefined
      if (!value || !sourceOf(f)) continue
      const { key, seq, delta } = value
      const before = rows.get(key) ?? { sum: 0, count: 0, seq: 0 }
      // Replay skips what the state already has; so does this reading.
      if (seq <= before.seq) continue
      rows.set(key, { sum: value.sum ?? before.sum + delta, count: value.count ?? before.count + 1, seq })
    }
    return rows
  })

export const show = (row: Partial<Row> | undefined): string =>
  row ? `sum ${row.sum}, count ${row.count}${row.seq === undefined ? '' : `, seq ${row.seq}`}` : 'nothing'
