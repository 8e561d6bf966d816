/**
 * The topics port on kafkajs: create, list, delete, and load in bulk.
 *
 * Promises: `create` leaves existing topics as they are and resolves when every partition has a leader;
 * `remove` resolves when the names are gone from the metadata; both waits are bounded (TIMEOUT). `append`
 * keeps the order within a partition and repeats nothing (idempotent producer, acks=all). Connects at the
 * first call; NO_BROKER within ten seconds if nothing answers.
 * Does not: touch topics outside the names it is given; internal topics (`__...`) are never listed.
 */
import { setTimeout as delay } from 'node:timers/promises'
import kafkajs, { Kafka, type Admin, type Producer } from 'kafkajs'
import { LabError } from '../../core/errors.ts'
import type { BulkRecord, TopicAdmin, TopicSpec } from '../../core/ports/topics.ts'
import { asLabError, bounded, kafkaConfig, protocolType, splitAddress } from './client.ts'

const CONNECT_MS = 9_000
const SETTLE_MS = 15_000
const ASK_AGAIN_MS = 10
const CALL_MS = 20_000
/** Well below the broker's limit for one batch (1 MiB), headers and framing included. */
const BATCH_BYTES = 512 * 1024

export interface TopicAdminOptions {
  readonly brokers: string
  readonly clientId?: string
}

export function openTopicAdmin(options: TopicAdminOptions): TopicAdmin {
  const { brokers, clientId = 'eoslab-topics' } = options
  for (const broker of brokers.split(',')) splitAddress(broker)
  const kafka = new Kafka({ ...kafkaConfig({ brokers, clientId }), retry: { retries: 8 } })
  const connected = <T extends { connect(): Promise<void> }>(client: T): (() => Promise<T>) => {
    let once: Promise<T> | undefined
    return () => (once ??= connect(client, brokers))
  }
  const admin = kafka.admin()
  const producer = kafka.producer({
    idempotent: true,
    maxInFlightRequests: 5,
    allowAutoTopicCreation: false,
    // Every record names its partition; kafkajs asks the partitioner all the same.
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition ?? 0,
  })
  const theAdmin = connected(admin)
  const theProducer = connected(producer)
  return {
    list: async (prefix) => listOf(await theAdmin(), prefix),
    create: async (topics) => createAll(await theAdmin(), topics),
    remove: async (topics) => removeAll(await theAdmin(), topics),
    configure: async (topic, config) => configure(await theAdmin(), topic, config),
    append: async (topic, records) => appendAll(await theProducer(), topic, records),
    close: async () => {
      await Promise.allSettled([admin.disconnect(), producer.disconnect()])
    },
  }
}

async function connect<T extends { connect(): Promise<void> }>(client: T, brokers: string): Promise<T> {
  const hint = 'Is it running? eoslab broker status'
  try {
    await bounded(client.connect(), CONNECT_MS, 'NO_BROKER', `no Kafka broker at ${brokers}`)
    return client
  } catch (error) {
    throw new LabError('NO_BROKER', `no Kafka broker answers at ${brokers}`, { hint, cause: error })
  }
}

async function listOf(admin: Admin, prefix: string): Promise<string[]> {
  const names = await call('listing topics', admin.listTopics())
  return names.filter((name) => name.startsWith(prefix) && !name.startsWith('__')).sort()
}

async function createAll(admin: Admin, topics: readonly TopicSpec[]): Promise<void> {
  const existing = new Set(await call('listing topics', admin.listTopics()))
  const missing = topics.filter(({ topic }) => !existing.has(topic))
  if (missing.length > 0) {
    const specs = missing.map(({ topic, partitions, config }) => ({
      topic,
      numPartitions: partitions,
      replicationFactor: -1,
      configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
    }))
    // Should somebody be faster, kafkajs takes "exists already" for an answer, and so do we.
    await call('creating topics', admin.createTopics({ topics: specs, waitForLeaders: false }))
  }
  const names = topics.map(({ topic }) => topic)
  await until(`a leader for every partition of ${names.join(', ')}`, () => haveLeaders(admin, names))
}

async function haveLeaders(admin: Admin, names: string[]): Promise<boolean> {
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: names })
    return topics.every(
      ({ partitions }) => partitions.length > 0 && partitions.every(({ leader }) => leader >= 0),
    )
  } catch (error) {
    if (['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE'].includes(protocolType(error) ?? ''))
      return false
    throw asLabError(error, 'BROKER_LOST', 'asking for leaders')
  }
}

async function removeAll(admin: Admin, names: readonly string[]): Promise<void> {
  const existing = new Set(await call('listing topics', admin.listTopics()))
  const there = names.filter((name) => existing.has(name))
  if (there.length === 0) return
  await call('deleting topics', admin.deleteTopics({ topics: there }))
  await until(`${there.join(', ')} to be gone`, async () => {
    const left = new Set(await call('listing topics', admin.listTopics()))
    return there.every((name) => !left.has(name))
  })
}

async function configure(admin: Admin, topic: string, config: TopicSpec['config']): Promise<void> {
  const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }))
  // Reached through the default export: Node does not see this name in the CommonJS module.
  const resources = [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configEntries }]
  await call(`configuring ${topic}`, admin.alterConfigs({ validateOnly: false, resources }))
}

async function appendAll(producer: Producer, topic: string, records: readonly BulkRecord[]): Promise<void> {
  for (const batch of batches(records)) {
    const messages = batch.map(({ partition, key, value, headers }) => ({
      partition,
      key,
      value,
      ...(headers === undefined ? {} : { headers }),
    }))
    await call(`appending to ${topic}`, producer.send({ topic, messages, acks: -1 }))
  }
}

/** Cuts by bytes: one send becomes one batch per partition, and the broker limits a batch. */
export function* batches(records: readonly BulkRecord[], limit = BATCH_BYTES): Generator<BulkRecord[]> {
  let batch: BulkRecord[] = []
  let bytes = 0
  for (const record of records) {
    const size = Buffer.byteLength(record.value ?? '') + Buffer.byteLength(record.key ?? '')
    if (batch.length > 0 && bytes + size > limit) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(record)
    bytes += size
  }
  if (batch.length > 0) yield batch
}

async function call<T>(what: string, promise: Promise<T>): Promise<T> {
  try {
    return await bounded(promise, CALL_MS, 'BROKER_LOST', what)
  } catch (error) {
    if (protocolType(error) === 'MESSAGE_TOO_LARGE') {
      throw new LabError('BAD_INPUT_FILE', `${what}: a record is larger than the broker takes (1 MiB)`, {
        hint: 'Shorten the record; an order is a few hundred bytes.',
        cause: error,
      })
    }
    throw asLabError(error, 'BROKER_LOST', what)
  }
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + SETTLE_MS
  while (!(await holds())) {
    if (performance.now() > deadline) {
      throw new LabError('TIMEOUT', `waited ${SETTLE_MS / 1000} s for ${what}`, {
        hint: 'The log of the broker may say why: eoslab broker status',
      })
    }
    await delay(ASK_AGAIN_MS)
  }
}
