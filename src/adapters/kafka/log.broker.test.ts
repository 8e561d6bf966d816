import { Kafka, logLevel } from 'kafkajs'
import { describe, expect, inject, it } from 'vitest'
import { logContract } from '../../core/ports/log.contract.ts'
import { connectLog } from './log.ts'
import { openTopicAdmin } from './topic-admin.ts'

let counter = 0
const unique = (name: string): string => `log-test.${process.pid}.${Date.now()}.${++counter}.${name}`

const fixture = () => ({
  open: () => connectLog({ brokers: inject('brokers'), clientId: 'log-test' }),
  unique,
  topic: async (partitions: number) => {
    const topic = unique('topic')
    const admin = openTopicAdmin({ brokers: inject('brokers') })
    await admin.create([{ topic, partitions, config: {} }])
    await admin.close()
    return topic
  },
  deleteBefore: async (topic: string, offset: number) => {
    const admin = new Kafka({ brokers: [inject('brokers')], logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    // The client deletes only from topics it has asked about.
    await admin.fetchTopicOffsets(topic)
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: String(offset) }] })
    await admin.disconnect()
  },
})

logContract('kafkajs, repaired, on Apache Kafka', fixture)

describe('a broker that is not there', () => {
  it('is NO_BROKER within 10 s', async () => {
    await expect(connectLog({ brokers: '127.0.0.1:1', clientId: 'log-test' })).rejects.toMatchObject({
      code: 'NO_BROKER',
    })
  }, 10_000)
})
