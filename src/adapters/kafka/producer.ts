/**
 * A transactional producer on kafkajs's public API, one per task.
 *
 * Promises: `fence()` returns when InitProducerId has returned (kafkajs's connect() alone fences nobody);
 * a commit is sent once and never retried, FENCED means surely not committed, anything else COMMIT_UNKNOWN.
 * CONCURRENT_TRANSACTIONS (the previous transaction's markers are still being written) is waited for before
 * anything of the new transaction exists, bounded.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { Kafka, type Producer, type Transaction } from 'kafkajs'
import { LabError } from '../../core/errors.ts'
import type {
  FenceResult,
  GroupOffset,
  LogTransaction,
  OutputRecord,
  ProducedRange,
  TransactionalProducer,
} from '../../core/ports/log.ts'
import {
  asLabError,
  bounded,
  kafkaConfig,
  OPERATION_TIMEOUT_MS,
  protocolType,
  type ConnectionOptions,
} from './client.ts'

const CONCURRENT_WAIT_MS = 4

/** Waits for the markers of the transaction before; nothing of the new one has been sent when it answers so. */
async function whileConcurrent<T>(call: () => Promise<T>): Promise<T> {
  const deadline = process.hrtime.bigint() + BigInt(OPERATION_TIMEOUT_MS) * 1_000_000n
  for (;;) {
    try {
      return await call()
    } catch (error) {
      if (protocolType(error) !== 'CONCURRENT_TRANSACTIONS' || process.hrtime.bigint() > deadline) throw error
      await delay(CONCURRENT_WAIT_MS)
    }
  }
}

interface TopicMessages {
  topic: string
  messages: {
    key: OutputRecord['key']
    value: OutputRecord['value']
    partition: number
    headers: Record<string, string>
  }[]
}

function byTopic(records: readonly OutputRecord[]): { topics: TopicMessages[]; counts: Map<string, number> } {
  const topics = new Map<string, TopicMessages>()
  const counts = new Map<string, number>()
  for (const { topic, partition, key, value, headers } of records) {
    let entry = topics.get(topic)
    if (!entry) topics.set(topic, (entry = { topic, messages: [] }))
    entry.messages.push({ key, value, partition, headers })
    const id = `${topic}/${partition}`
    counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  return { topics: [...topics.values()], counts }
}

class KafkaTransaction implements LogTransaction {
  readonly #transaction: Transaction
  readonly #id: string

  constructor(transaction: Transaction, id: string) {
    this.#transaction = transaction
    this.#id = id
  }

  async produce(records: readonly OutputRecord[]): Promise<ProducedRange[]> {
    if (records.length === 0) return []
    const { topics, counts } = byTopic(records)
    const what = `produce of ${this.#id}`
    try {
      const acknowledged = await bounded(
        whileConcurrent(() => this.#transaction.sendBatch({ topicMessages: topics, acks: -1 })),
        OPERATION_TIMEOUT_MS,
        'BROKER_LOST',
        what,
      )
      return acknowledged.map(({ topicName, partition, baseOffset }) => ({
        topic: topicName,
        partition,
        baseOffset: Number(baseOffset),
        count: counts.get(`${topicName}/${partition}`) ?? 0,
      }))
    } catch (error) {
      throw asLabError(error, 'BROKER_LOST', what)
    }
  }

  async addOffsets(group: string, offsets: readonly GroupOffset[]): Promise<void> {
    const topics = [...new Set(offsets.map((o) => o.topic))].map((topic) => ({
      topic,
      partitions: offsets
        .filter((o) => o.topic === topic)
        .map(({ partition, offset }) => ({ partition, offset: String(offset) })),
    }))
    const what = `adding offsets of group ${group} to the transaction of ${this.#id}`
    try {
      const call = whileConcurrent(() => this.#transaction.sendOffsets({ consumerGroupId: group, topics }))
      await bounded(call, OPERATION_TIMEOUT_MS, 'BROKER_LOST', what)
    } catch (error) {
      throw asLabError(error, 'BROKER_LOST', what)
    }
  }

  async commit(): Promise<void> {
    const what = `commit of ${this.#id}`
    try {
      await bounded(this.#transaction.commit(), OPERATION_TIMEOUT_MS, 'COMMIT_UNKNOWN', what)
    } catch (error) {
      throw asLabError(error, 'COMMIT_UNKNOWN', what)
    }
  }

  async abort(): Promise<void> {
    const what = `abort of ${this.#id}`
    try {
      await bounded(this.#transaction.abort(), OPERATION_TIMEOUT_MS, 'BROKER_LOST', what)
    } catch (error) {
      throw asLabError(error, 'BROKER_LOST', what)
    }
  }
}

export class KafkaTransactionalProducer implements TransactionalProducer {
  readonly transactionalId: string
  readonly #producer: Producer
  readonly #connected: Promise<void>
  #first: Transaction | undefined
  #fenced = false

  constructor(connection: ConnectionOptions, options: { transactionalId: string; timeoutMs: number }) {
    this.transactionalId = options.transactionalId
    this.#producer = new Kafka(kafkaConfig(connection)).producer({
      transactionalId: options.transactionalId,
      transactionTimeout: options.timeoutMs,
      maxInFlightRequests: 1,
      idempotent: true,
      allowAutoTopicCreation: false,
      metadataMaxAge: 300_000,
    })
    // Connecting fences nobody; begun early so that it overlaps with reading the state.
    this.#connected = this.#producer.connect()
    this.#connected.catch(() => {})
  }

  async fence(): Promise<FenceResult> {
    if (this.#fenced)
      throw new LabError('INTERNAL', `${this.transactionalId} was fenced twice by one incarnation`)
    this.#fenced = true
    const what = `fence of ${this.transactionalId}`
    try {
      await bounded(this.#connected, OPERATION_TIMEOUT_MS, 'BROKER_LOST', what)
      // kafkajs sends InitProducerId with the first transaction; that transaction is then used, not wasted.
      this.#first = await bounded(this.#producer.transaction(), OPERATION_TIMEOUT_MS, 'BROKER_LOST', what)
    } catch (error) {
      throw asLabError(error, 'BROKER_LOST', what)
    }
    return identityOf(this.#first)
  }

  async begin(): Promise<LogTransaction> {
    if (!this.#fenced)
      throw new LabError('INTERNAL', `${this.transactionalId} began a transaction before its fence`)
    const transaction = this.#first ?? (await this.#producer.transaction())
    this.#first = undefined
    return new KafkaTransaction(transaction, this.transactionalId)
  }

  async close(): Promise<void> {
    await this.#connected.catch(() => {})
    await bounded(this.#producer.disconnect(), 5000, 'BROKER_LOST', `close of ${this.transactionalId}`).catch(
      () => {},
    )
  }
}

function identityOf(transaction: Transaction): FenceResult {
  const { producerId, producerEpoch } = (
    transaction as unknown as { eoslabIdentity(): { producerId: unknown; producerEpoch: number } }
  ).eoslabIdentity()
  return { producerId: String(producerId), epoch: producerEpoch }
}
