/** The feeder: order, parts, truth and pace, against a topic that keeps what it is given. */
import { expect, test } from 'vitest'
import { partitionOf } from '../../core/contracts/murmur2.ts'
import type { BulkRecord } from '../../core/ports/topics.ts'
import { generateOrders } from '../../core/workload/generator.ts'
import { DEFAULT_PROFILE } from '../../core/workload/profile.ts'
import type { SourceRecord } from '../../core/workload/source.ts'
import { openFeeder } from './feeder.ts'

/** A topic in memory: the part of the port that the feeder uses. */
function memoryTopic() {
  const batches: BulkRecord[][] = []
  return {
    batches,
    append: async (_: string, records: readonly BulkRecord[]) => void batches.push([...records]),
  }
}

const orders = (count: number) => generateOrders({ ...DEFAULT_PROFILE, orders: count, dirty: 0.05 })

test('two parts give the same records as the source, at the partition of their key', async () => {
  const admin = memoryTopic()
  const told: BulkRecord[] = []
  const truth = { append: (records: readonly BulkRecord[]) => void told.push(...records) }
  const feeder = openFeeder({ admin, topic: 't', partitions: 3, source: orders(2500), truth })
  expect(await feeder.feed(1001)).toBe(1001)
  expect(admin.batches.map((batch) => batch.length)).toEqual([1000, 1])
  expect(await feeder.feed()).toBe(1499)
  expect(await feeder.feed()).toBe(0)
  const sent = admin.batches.flat()
  const expected = [...orders(2500)].map(({ key, value, headers }) => ({
    partition: partitionOf(key, 3),
    key,
    value,
    ...(headers ? { headers } : {}),
  }))
  expect(sent).toEqual(expected)
  expect(told).toEqual(expected)
  const { totals } = feeder
  expect(totals.orders).toBe(2500)
  expect(totals.perPartition).toEqual([0, 1, 2].map((p) => sent.filter((r) => r.partition === p).length))
})

test('records without a key go round, and a partition given by the source holds', async () => {
  const admin = memoryTopic()
  const source: SourceRecord[] = [1, 2, 3].map((n) => ({ key: null, value: `${n}` }))
  source.push({ key: 'o1', value: 'x', partition: 1 })
  await openFeeder({ admin, topic: 't', partitions: 2, source: source.values() }).feed()
  expect(admin.batches.flat().map((record) => record.partition)).toEqual([0, 1, 0, 1])
})

test('a batch that fails is not told as truth, and the feeder is finished', async () => {
  const told: BulkRecord[] = []
  const truth = { append: (records: readonly BulkRecord[]) => void told.push(...records) }
  const admin = { append: () => Promise.reject(new Error('broker gone')) }
  const feeder = openFeeder({ admin, topic: 't', partitions: 1, source: orders(10), truth })
  await expect(feeder.feed()).rejects.toThrow('broker gone')
  await expect(feeder.feed()).rejects.toMatchObject({ code: 'BROKER_LOST' })
  expect(told).toEqual([])
})

test('a rate spreads the orders, and a stop ends the wait', async () => {
  const admin = memoryTopic()
  const start = performance.now()
  await openFeeder({ admin, topic: 't', partitions: 1, source: orders(30), rate: 200 }).feed()
  expect(performance.now() - start).toBeGreaterThan(140)
  expect(admin.batches.map((batch) => batch.length)).toEqual([10, 10, 10])
  const slow = openFeeder({ admin: memoryTopic(), topic: 't', partitions: 1, source: orders(30), rate: 0.01 })
  const fed = slow.feed()
  await slow.stop()
  expect(await fed).toBeLessThan(2)
})
