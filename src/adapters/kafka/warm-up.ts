/**
 * Wakes a new broker's coordinators.
 *
 * Promises: afterwards the topics for offsets and transactions exist and every one of their partitions
 * answers. On a broker that never saw a transaction, a first client is told NOT_COORDINATOR, and kafkajs
 * takes that for final; the lab pays for it once instead of every first user.
 * Does not: leave a topic behind.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { Kafka } from 'kafkajs'
import { LabError, messageOf } from '../../core/errors.ts'
import { kafkaConfig } from './client.ts'
import { openTopicAdmin } from './topic-admin.ts'

const TOPIC = 'eoslab-warm-up'
const BOUND_MS = 20_000
const ASK_AGAIN_MS = 20
/** Coordinators are chosen by a Java string hash modulo four (lab settings): four names in a row hit each. */
const NAMES = ['eoslab-warm-up-a', 'eoslab-warm-up-b', 'eoslab-warm-up-c', 'eoslab-warm-up-d']

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

async function throwaway(brokers: string, name: string): Promise<void> {
  const kafka = new Kafka(kafkaConfig({ brokers, clientId: name }))
  const producer = kafka.producer({
    transactionalId: name,
    idempotent: true,
    maxInFlightRequests: 1,
    transactionTimeout: 10_000,
    createPartitioner: () => () => 0,
  })
  try {
    await producer.connect()
    const transaction = await producer.transaction()
    await transaction.send({ topic: TOPIC, messages: [{ partition: 0, value: name }] })
    await transaction.sendOffsets({
      consumerGroupId: name,
      topics: [{ topic: TOPIC, partitions: [{ partition: 0, offset: '0' }] }],
    })
    await transaction.commit()
  } finally {
    await producer.disconnect()
  }
}

async function untilItWorks(attempt: () => Promise<void>): Promise<void> {
  const deadline = performance.now() + BOUND_MS
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (performance.now() > deadline) {
        throw new LabError('BROKER_START', `the new broker makes no transaction: ${messageOf(error)}`, {
          cause: error,
        })
      }
      await delay(ASK_AGAIN_MS)
    }
  }
}
