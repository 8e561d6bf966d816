/** Our murmur2 against the partitioner of a Kafka client, over keys of every length and alignment. */
import { Partitioners } from 'kafkajs'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { murmur2, partitionOf } from './murmur2.ts'

const partitioner = Partitioners.DefaultPartitioner()

function kafkajsPartition(key: Uint8Array, partitions: number): number {
  const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({
    partitionId,
    leader: 1,
    partitionErrorCode: 0,
    replicas: [],
    isr: [],
  }))
  return partitioner({ topic: 't', message: { key: Buffer.from(key), value: null }, partitionMetadata })
}

test('agrees with a Kafka client on any key', () => {
  const key = fc.uint8Array({ maxLength: 40 })
  fc.assert(
    fc.property(key, fc.integer({ min: 1, max: 50 }), (bytes, partitions) => {
      expect(partitionOf(bytes, partitions)).toBe(kafkajsPartition(bytes, partitions))
    }),
    { numRuns: 2000 },
  )
})

test('a text key is its UTF-8', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(partitionOf(text, 12)).toBe(kafkajsPartition(Buffer.from(text, 'utf8'), 12))
    }),
  )
})

test('hashes of the reference tests of Apache Kafka', () => {
  const hashes = ['21', 'foobar', 'a-little-bit-long-string'].map((text) => murmur2(Buffer.from(text)))
  expect(hashes).toEqual([-973932308, -790332482, -985981536])
})
