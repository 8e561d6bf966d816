/**
 * Wakes a broker's coordinators before anybody needs them.
 *
 * Promises: after `warmUp` the topics for offsets and transactions exist; after either function every one of
 * their partitions answers. On a broker that never saw a transaction, or has just started, a first client is
 * told NOT_COORDINATOR, and kafkajs takes that for final; the lab pays for it once instead of every first
 * user.
 * Does not: leave a topic behind.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { Kafka, type Producer } from 'kafkajs'
import { LabError, messageOf } from '../../core/errors.ts'
import { kafkaConfig } from './client.ts'
import { openTopicAdmin } from './topic-admin.ts'

const TOPIC = 'eoslab-warm-up'
const BOUND_MS = 20_000
const ASK_AGAIN_MS = 10
/** Coordinators are chosen by a Java string hash modulo four (lab settings): four names in a row hit each. */
const NAMES = ['eoslab-warm-up-a', 'eoslab-warm-up-b', 'eoslab-warm-up-c', 'eoslab-warm-up-d']

/** For a data folder that never saw a transaction: makes the internal topics. */
export async function warmUp(brokers: string): Promise<void> {
  const topics = openTopicAdmin({ brokers, clientId: 'eoslab-warm-up' })
  try {
    await topics.create([{ topic: TOPIC, partitions: 1, config: {} }])
    await Promise.all(NAMES.map((name) => untilItWorks(() => throwaway(brokers, name))))
    await topics.remove([TOPIC])
  } finally {
    await topics.close()
  }
}

/** For a broker that has just started on such a folder: waits until every coordinator has loaded. */
export async function awaken(brokers: string): Promise<void> {
  const admin = new Kafka(kafkaConfig({ brokers, clientId: 'eoslab-awaken' })).admin()
  try {
    await admin.connect()
    await Promise.all([
      ...NAMES.map((groupId) => untilItWorks(() => admin.fetchOffsets({ groupId }))),
      ...NAMES.map((name) => untilItWorks(() => withProducer(brokers, name, fence))),
    ])
  } finally {
    await admin.disconnect()
  }
}

const throwaway = (brokers: string, name: string): Promise<void> =>
  withProducer(brokers, name, async (producer) => {
    const transaction = await producer.transaction()
    await transaction.send({ topic: TOPIC, messages: [{ partition: 0, value: name }] })
    await transaction.sendOffsets({
      consumerGroupId: name,
      topics: [{ topic: TOPIC, partitions: [{ partition: 0, offset: '0' }] }],
    })
    await transaction.commit()
  })

async function fence(producer: Producer): Promise<void> {
  const transaction = await producer.transaction()
  await transaction.abort()
}

async function withProducer(
  brokers: string,
  transactionalId: string,
  use: (producer: Producer) => Promise<void>,
): Promise<void> {
  const producer = new Kafka(kafkaConfig({ brokers, clientId: transactionalId })).producer({
    transactionalId,
    idempotent: true,
    maxInFlightRequests: 1,
    transactionTimeout: 10_000,
    createPartitioner: () => () => 0,
  })
  try {
    await producer.connect()
    await use(producer)
  } finally {
    await producer.disconnect()
  }
}

async function untilItWorks(attempt: () => Promise<unknown>): Promise<void> {
  const deadline = performance.now() + BOUND_MS
  for (;;) {
    try {
      await attempt()
      return
    } catch (error) {
      if (performance.now() > deadline) {
        throw new LabError('BROKER_START', `the coordinators do not answer: ${messageOf(error)}`, {
          cause: error,
        })
      }
      await delay(ASK_AGAIN_MS)
    }
  }
}
