/**
 * Kafka's default partitioner for keyed records: murmur2 over the key's bytes, sign bit cleared, modulo
 * the number of partitions (org.apache.kafka.common.utils.Utils.murmur2, Apache Kafka).
 */
const SEED = 0x9747b28c
const M = 0x5bd1e995

export function murmur2(data: Uint8Array): number {
  const { length } = data
  let h = (SEED ^ length) | 0
  const words = length >> 2
  for (let i = 0; i < words; i++) {
    const at = i << 2
    let k = data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24)
    k = Math.imul(k, M)
    k ^= k >>> 24
    k = Math.imul(k, M)
    h = Math.imul(h, M) ^ k
  }
  const rest = words << 2
  const left = length & 3
  if (left === 3) h ^= data[rest + 2]! << 16
  if (left >= 2) h ^= data[rest + 1]! << 8
  if (left >= 1) {
    h ^= data[rest]!
    h = Math.imul(h, M)
  }
  h ^= h >>> 13
  h = Math.imul(h, M)
  h ^= h >>> 15
  return h
}

const encoder = new TextEncoder()

/** Partition of a key, as Java's default partitioner would choose it. */
export const partitionOf = (key: string | Uint8Array, partitions: number): number =>
  (murmur2(typeof key === 'string' ? encoder.encode(key) : key) & 0x7fffffff) % partitions
