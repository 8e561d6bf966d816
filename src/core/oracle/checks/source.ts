/**
 * source-mismatch: `orders` holds exactly what the generator says it put there, in its order.
 *
 * Proves that input was not lost, doubled or changed before the pipeline saw it.
 * Does not prove anything about input without a generator's truth: then it is not applicable.
 *
 *   truth  p0: h1 h2 h3
 *   orders p0: h1 h3        -> source-mismatch at orders/0/1 (h2 expected)
 *   orders p0: h1 h2 h3     -> fine
 */
import { createHash } from 'node:crypto'
import type { Check } from '../check.ts'
import { committedOf } from '../raw.ts'
import type { RawRecord } from '../input.ts'
import type { Anomaly } from '../verdict.ts'
import { textOf } from '../view.ts'

const ZERO = Buffer.of(0)

export const truthHash = ({ key, value }: Pick<RawRecord, 'key' | 'value'>): string =>
  createHash('sha256')
    .update(key ?? '')
    .update(ZERO)
    .update(value ?? '')
    .digest('hex')
    .slice(0, 16)

export const sourceMismatch: Check = {
  name: 'source-mismatch',
  proves: 'orders holds what the generator wrote, record by record',
  notApplicable: (input) =>
    input.truth || input.problems?.['truth'] ? undefined : "there is no generator's truth beside this prefix",
  *run(view): Generator<Anomaly> {
    const { truth } = view.input
    if (!truth) throw view.missing('truth', "the generator's truth could not be read")
    view.whole('orders')
    const partitions = view.topic('orders')
    for (const [partition, hashes] of truth.partitions.entries()) {
      const log = partitions.find((p) => p.partition === partition)
      const records = log ? committedOf(log) : []
      const length = Math.max(records.length, hashes.length)
      for (let i = 0; i < length; i++) {
        const found = records[i]
        const hash = found && truthHash(found.record)
        if (hash === hashes[i]) continue
        const at = found ? view.place(found) : { topic: view.input.names.orders, partition }
        yield {
          name: 'source-mismatch',
          message: `record ${i} of ${view.input.names.orders}/${partition} has hash ${hash ?? 'none'}, the generator wrote ${hashes[i] ?? 'none'}; ${records.length} records found, ${hashes.length} written`,
          place: { ...at, ...(found ? { key: textOf(found.record.key) } : {}) },
        }
        break // what follows is shifted, and would say the same again
      }
    }
  },
}
