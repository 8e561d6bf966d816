/**
 * Our reading of the raw log beside Kafka's own console consumer, on one broker and one log: random
 * interleavings of committed, aborted, fenced and open transactions of several producers over several
 * partitions and many small segments, read from anywhere. Three opinions have to agree: what the producers
 * did (the books below), what the markers say to us, and what the Java client hands out.
 */
import { randomUUID } from 'node:crypto'
import * as fc from 'fast-check'
import { Kafka, type Admin, type Producer, type Transaction } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { type FatedPartition, interpretTopic } from '../../core/oracle/raw.ts'
import { type ConsumeOrder, type Printed, consoleConsumer } from '../../testing/console-consumer.ts'
import { kafkaConfig } from '../kafka/client.ts'
import { type RawLog, openRawLog } from './platformatic.ts'

const PARTITIONS = 6
const PRODUCERS = 5
/** EOSLAB_TEST_SEED repeats a run; the number is in every failure. */
const seed = Number(process.env['EOSLAB_TEST_SEED'] ?? Date.now() % 2 ** 31)

const steps = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant('send' as const),
        producer: fc.nat(PRODUCERS - 1),
        partition: fc.nat(PARTITIONS - 1),
        count: fc.integer({ min: 1, max: 4 }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constantFrom('commit' as const, 'abort' as const, 'fence' as const),
        producer: fc.nat(PRODUCERS - 1),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('plain' as const), partition: fc.nat(PARTITIONS - 1) }),
    },
  ),
  { minLength: 260, maxLength: 260 },
)

const brokers = inject('brokers')
const kafka = new Kafka(kafkaConfig({ brokers, clientId: 'java-beside-us' }))
const run = randomUUID()
const topic = `java-${run}`
const admin: Admin = kafka.admin()
const clients: Producer[] = []
let log: RawLog
let consume: (order: ConsumeOrder) => Promise<Printed[]>

const connected = async (producer: Producer): Promise<Producer> => {
  clients.push(producer)
  await producer.connect()
  return producer
}

type Fate = 'committed' | 'aborted' | 'open'

/** The books: what was sent with which end, and how many markers that makes. */
class Books {
  readonly fates = new Map<string, Fate>()
  markers = 0
  readonly #open = new Map<number, { txn: Transaction; values: string[]; partitions: Set<number> }>()
  readonly #producers = new Map<number, Producer>()
  #plain: Producer | undefined

  async #producer(n: number): Promise<Producer> {
    const options = { transactionalId: `${run}-${n}`, idempotent: true, maxInFlightRequests: 1 }
    const made =
      this.#producers.get(n) ?? (await connected(kafka.producer({ ...options, transactionTimeout: 120_000 })))
    this.#producers.set(n, made)
    return made
  }

  async send(n: number, partition: number, count: number): Promise<void> {
    const txn = this.#open.get(n)?.txn ?? (await (await this.#producer(n)).transaction())
    const open = this.#open.get(n) ?? { txn, values: [], partitions: new Set() }
    this.#open.set(n, open)
    const values = Array.from({ length: count }, () => this.#value('open'))
    await txn.send({ topic, messages: values.map((value) => ({ partition, value })) })
    open.values.push(...values)
    open.partitions.add(partition)
  }

  async plain(partition: number): Promise<void> {
    this.#plain ??= await connected(kafka.producer())
    await this.#plain.send({ topic, messages: [{ partition, value: this.#value('committed') }] })
  }

  /** `fence`: another life of the producer aborts what the one before left open. */
  async end(n: number, how: 'commit' | 'abort' | 'fence'): Promise<void> {
    const open = this.#open.get(n)
    if (!open) return
    this.#open.delete(n)
    if (how === 'commit') await open.txn.commit()
    else if (how === 'abort') await open.txn.abort()
    else {
      this.#producers.delete(n)
      const txn = await (await this.#producer(n)).transaction()
      await txn.abort()
    }
    for (const value of open.values) this.fates.set(value, how === 'commit' ? 'committed' : 'aborted')
    this.markers += open.partitions.size
  }

  async fenceAll(): Promise<void> {
    for (const n of this.#open.keys()) await this.end(n, 'fence')
  }

  #value(fate: Fate): string {
    const value = `v${this.fates.size}`
    this.fates.set(value, fate)
    return value
  }
}

const books = new Books()

/** The log, once every marker is written: an answered commit is not yet a written one. */
const settled = (): Promise<FatedPartition[]> =>
  vi.waitFor(
    async () => {
      const partitions = interpretTopic((await log.topic(topic))!)
      const written = partitions.reduce((sum, p) => sum + p.markers.size, 0)
      expect(written).toBe(books.markers)
      return partitions
    },
    { timeout: 10_000, interval: 20 },
  )

const byPlace = (a: Printed, b: Printed): number => a.partition - b.partition || a.offset - b.offset

/** What we take for visible at an isolation level, from the given offset of each partition. */
const ours = (
  partitions: readonly FatedPartition[],
  isolation: ConsumeOrder['isolation'],
  from: readonly number[],
): Printed[] =>
  partitions.flatMap((p) =>
    p.records
      .filter(
        ({ record, fate }) =>
          record.offset >= from[p.partition]! &&
          (isolation === 'read_uncommitted' || (fate === 'committed' && record.offset < p.firstOpen)),
      )
      .map(({ record }) => ({
        partition: p.partition,
        offset: record.offset,
        value: record.value!.toString(),
      })),
  )

/** What Java prints from there, in its own group. */
async function theirs(isolation: ConsumeOrder['isolation'], from: readonly number[]): Promise<Printed[]> {
  const group = `${topic}-${isolation}-${randomUUID()}`
  const partitions = from.map((offset, partition) => ({ partition, offset: String(offset) }))
  const clerk = await connected(kafka.producer({ transactionalId: group, maxInFlightRequests: 1 }))
  const txn = await clerk.transaction()
  await txn.sendOffsets({ consumerGroupId: group, topics: [{ topic, partitions }] })
  await txn.commit()
  return (await consume({ brokers, topic, isolation, group })).toSorted(byPlace)
}

/** Somewhere in each partition, its beginning and its end included; markers and aborted records too. */
const anywhere = (partitions: readonly FatedPartition[]): number[] => {
  const percent = fc.array(fc.integer({ min: 0, max: 100 }), {
    minLength: PARTITIONS,
    maxLength: PARTITIONS,
  })
  const [shares] = fc.sample(percent, { seed, numRuns: 1 })
  return partitions.map((p, i) => Math.floor((shares![i]! * p.lastStableOffset) / 100))
}

const fatesOf = (partitions: readonly FatedPartition[]): Map<string, Fate> =>
  new Map(partitions.flatMap((p) => p.records).map((r) => [r.record.value!.toString(), r.fate]))

beforeAll(async () => {
  await admin.connect()
  const configEntries = [{ name: 'internal.segment.bytes', value: '1024' }]
  await admin.createTopics({
    topics: [{ topic, numPartitions: PARTITIONS, configEntries }],
    waitForLeaders: true,
  })
  log = await openRawLog({ brokers })
  consume = await consoleConsumer()
  for (const step of fc.sample(steps, { seed, numRuns: 1 })[0]!) {
    if (step.do === 'send') await books.send(step.producer, step.partition, step.count)
    else if (step.do === 'plain') await books.plain(step.partition)
    else await books.end(step.producer, step.do)
  }
})

afterAll(async () => {
  await log.close()
  await admin.deleteTopics({ topics: [topic] })
  await Promise.all([...clients, admin].map((client) => client.disconnect()))
})

describe(`our reading and Java's, seed ${seed}`, () => {
  it('agree at both isolation levels, from anywhere, while transactions are open', async () => {
    const partitions = await settled()
    expect(fatesOf(partitions)).toEqual(books.fates)
    expect(new Set(books.fates.values())).toEqual(new Set(['committed', 'aborted', 'open']))
    expect(partitions.map((p) => p.lastStableOffset)).toEqual(partitions.map((p) => p.firstOpen))
    const from = anywhere(partitions)
    const levels = ['read_committed', 'read_uncommitted'] as const
    const printed = await Promise.all(levels.map((level) => theirs(level, from)))
    for (const [i, level] of levels.entries()) expect(printed[i]).toEqual(ours(partitions, level, from))
    expect(printed[1]!.length).toBeGreaterThan(printed[0]!.length)
  })

  it('agree where the head of the log is gone, once nothing is open any more', async () => {
    await books.fenceAll()
    const before = await settled()
    const heads = anywhere(before)
    const cuts = heads.map((offset, partition) => ({ partition, offset: String(offset) }))
    // kafkajs looks for leaders only in what it has asked for before, and refuses a head that stays.
    await admin.fetchTopicOffsets(topic)
    await admin.deleteTopicRecords({ topic, partitions: cuts.filter(({ offset }) => offset !== '0') })
    const partitions = interpretTopic((await log.topic(topic))!)
    expect(partitions.map((p) => p.logStart)).toEqual(heads)
    for (const [value, fate] of fatesOf(partitions))
      expect([value, fate]).toEqual([value, books.fates.get(value)])
    const printed = await theirs('read_committed', heads)
    expect(printed).toEqual(ours(partitions, 'read_committed', heads))
    expect(printed.length).toBeGreaterThan(0)
  })
})
