/**
 * How an enriched order looks on the wire: its JSON, and the partition it belongs to. The key is the orderId.
 *
 * Promises: the same order gives the same bytes, members in the order of the contract; the partition is the
 * one that Java's default partitioner gives `storeId#productId`, so that all orders of one store and product
 * meet in one task.
 * Does not: set headers; identity belongs to whoever writes the record.
 */
import { partitionOf } from '../../contracts/murmur2.ts'
import type { EnrichedOrder } from '../../contracts/records.ts'

export function encodeEnriched(order: EnrichedOrder): string {
  const { orderId, productId, price, qty, storeId, ts, validated, normTs } = order
  return JSON.stringify({ orderId, productId, price, qty, storeId, ts, validated, normTs })
}

export const enrichedPartition = (order: EnrichedOrder, partitions: number): number =>
  partitionOf(`${order.storeId}#${order.productId}`, partitions)
