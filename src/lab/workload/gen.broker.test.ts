/** `gen` on a real broker: what it says it sent is what the log holds, and the truth tells the same. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, inject, test } from 'vitest'
import { readTruth, truthHash } from '../../adapters/files/truth.ts'
import { connectLog } from '../../adapters/kafka/log.ts'
import { openTopicAdmin } from '../../adapters/kafka/topic-admin.ts'
import { partitionOf } from '../../core/contracts/murmur2.ts'
import type { LogRecord } from '../../core/ports/log.ts'
import { gen } from './gen.ts'
import { type GenFlags, planGen } from './gen-plan.ts'
import { genText } from './gen-text.ts'
import { listPrefixes } from './topics.ts'

const brokers = inject('brokers')
const stateDir = mkdtempSync(path.join(tmpdir(), 'eoslab-gen-'))
afterAll(() => rmSync(stateDir, { recursive: true, force: true }))
const prefix = (name: string): string => `gen-${process.pid}-${name}.`
const run = (flags: GenFlags) => gen({ plan: planGen(flags), brokers, stateDir, quiet: true })

/** Everything in a topic, per partition, in log order. */
async function logOf(topic: string, partitions: number): Promise<LogRecord[][]> {
  const log = await connectLog({ brokers, clientId: 'gen-test' })
  try {
    const read = async (partition: number): Promise<LogRecord[]> => {
      const { highWatermark } = await log.offsets(topic, partition)
      const reader = log.reader({ topic, partition, from: 0, isolation: 'read_committed' })
      const records: LogRecord[] = []
      while (reader.position < highWatermark) records.push(...(await reader.poll({ maxWaitMs: 500 })).records)
      return records
    }
    return await Promise.all(Array.from({ length: partitions }, (_, p) => read(p)))
  } finally {
    await log.close()
  }
}

test('two loads into one topic, dirt included: log, truth and totals agree', async () => {
  const flags = { prefix: prefix('two'), dirty: '10%', 'duplicate-ids': '5%', partitions: '3' }
  const first = await run({ ...flags, orders: '1500' })
  const second = await run({ ...flags, orders: '700', seed: '2' })
  const topic = `${flags.prefix}orders`
  const log = await logOf(topic, 3)
  expect(first).toMatchObject({ topic, partitions: 3, orders: 1500, held_before: 0 })
  expect(second.held_before).toBe(1500)
  expect(genText(second)).toContain('1,500 that the topic held before')
  expect(genText(first)).not.toContain('on top of')
  const prefixes = await listPrefixes({ brokers, stateDir })
  expect(prefixes.find((found) => found.prefix === flags.prefix)?.topics).toHaveLength(6)
  expect(log.map((records) => records.length)).toEqual(
    first.per_partition.map((count, p) => count + second.per_partition[p]!),
  )
  const truth = readTruth(second.truth!)
  expect(truth).toEqual({ topic, partitions: log.map((records) => records.map(truthHash)) })
  expect(log.flat().some((record) => record.value === null)).toBe(true)
  expect(log.flat().some((record) => record.headers['schema-version'] === '2')).toBe(true)
})

test('records from elsewhere: the truth is set aside, not continued', async () => {
  const flags = { prefix: prefix('else'), orders: '20' }
  await run(flags)
  const admin = openTopicAdmin({ brokers })
  await admin.append(`${flags.prefix}orders`, [{ partition: 0, key: 'mine', value: '{}' }])
  await admin.close()
  expect((await run(flags)).truth).toBeNull()
})

test('enriched orders lie where OpB looks for them, and only valid ones', async () => {
  const flags = { prefix: prefix('enriched'), to: 'enriched', orders: '500', dirty: '10%', partitions: '2' }
  const result = await run(flags)
  const log = await logOf(`${flags.prefix}orders.enriched`, 2)
  expect(result.left_out).toBe(result.dirty)
  expect(log.flat().length).toBe(500 - result.left_out)
  for (const [partition, records] of log.entries()) {
    for (const record of records) {
      const { storeId, productId } = JSON.parse(String(record.value)) as Pair
      expect(partitionOf(`${storeId}#${productId}`, 2)).toBe(partition)
    }
  }
  expect(log.every((records) => records.length > 0)).toBe(true)
})

interface Pair {
  storeId: string
  productId: string
}

test('another number of partitions than the topic has is refused', async () => {
  const flags = { prefix: prefix('partitions'), orders: '1' }
  await run(flags)
  await expect(run({ ...flags, partitions: '2' })).rejects.toMatchObject({ code: 'USAGE' })
})

test('a broken file is refused before a broker is looked for', async () => {
  const options = { plan: planGen({ from: '/nowhere.csv' }), brokers: '127.0.0.1:9', stateDir, quiet: true }
  await expect(gen(options)).rejects.toMatchObject({ code: 'BAD_INPUT_FILE' })
})
