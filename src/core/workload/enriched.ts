/**
 * A source of enriched orders out of a source of raw ones, so that OpB can be studied without OpA.
 *
 * Promises: the same rules and bytes as OpA; rejected orders are left out and counted.
 * Does not: add `src` and `txn` headers. No input record and no transaction stand behind these, and a made-up
 * identity would be judged as a real one.
 */
import { encodeEnriched, enrichedPartition } from '../pipelines/reference/enriched.ts'
import { normalise } from '../pipelines/reference/normalise.ts'
import type { OrderSource, SourceRecord } from './source.ts'

export async function* enrich(
  source: OrderSource,
  partitions: number,
  onRejected: (code: string) => void,
): AsyncGenerator<SourceRecord, void> {
  for (let next = await source.next(); next.done !== true; next = await source.next()) {
    const { value, headers } = next.value
    const result = normalise(typeof value === 'string' ? Buffer.from(value) : value, headers ?? {})
    if (!result.ok) {
      onRejected(result.code)
      continue
    }
    const { order } = result
    // enriched orders live by store and product, not by their key
    yield {
      key: order.orderId,
      value: encodeEnriched(order),
      partition: enrichedPartition(order, partitions),
    }
  }
}
