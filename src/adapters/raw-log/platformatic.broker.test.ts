/** The raw reader on a real broker, against transactions made by another client (kafkajs). */
import { randomUUID } from 'node:crypto'
import { Kafka, logLevel, type Producer } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { interpret } from '../../core/oracle/raw.ts'
import { type RawLog, openRawLog } from './platformatic.ts'

const brokers = inject('brokers')
const kafka = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING })
const admin = kafka.admin()
const run = randomUUID()
const topic = `raw-${run}`
const group = `raw-group-${run}`
const producers: Producer[] = []
let log: RawLog

async function producer(name: string): Promise<Producer> {
  const made = kafka.producer({
    transactionalId: `raw-${run}-${name}`,
    idempotent: true,
    maxInFlightRequests: 1,
    transactionTimeout: 60_000,
  })
  await made.connect()
  producers.push(made)
  return made
}

beforeAll(async () => {
  await admin.connect()
  await admin.createTopics({ topics: [{ topic, numPartitions: 2 }], waitForLeaders: true })
  log = await openRawLog({ brokers })
})

afterAll(async () => {
  await log.close()
  await admin.deleteTopics({ topics: [topic] })
  await Promise.all(producers.map((p) => p.disconnect()))
  await admin.disconnect()
})

const send = (to: { send: Producer['send'] }, value: string, partition = 0): Promise<unknown> =>
  to.send({ topic, messages: [{ partition, key: value, value, headers: { src: `in/0/${value}` } }] })

describe('the raw log', () => {
  it('brings every record and marker, and the markers tell committed, aborted and open', async () => {
    const [a, b, c] = [await producer('a'), await producer('b'), await producer('c')]
    const plain = kafka.producer()
    await plain.connect()
    producers.push(plain)
    await send(plain, 'plain')
    const first = await a.transaction()
    const second = await b.transaction()
    await send(first, 'a1')
    await send(second, 'b1')
    await send(first, 'a2')
    await first.sendOffsets({
      consumerGroupId: group,
      topics: [{ topic, partitions: [{ partition: 0, offset: '3' }] }],
    })
    await second.abort()
    await first.commit()
    const third = await a.transaction()
    await send(third, 'a3')
    await third.abort()
    const left = await c.transaction()
    await send(left, 'c1')
    await send(left, 'c2', 1)

    const [zero, one] = (await log.topic(topic))!.partitions
    const fates = interpret(zero!).records.map((r) => [
      r.record.value?.toString(),
      r.fate,
      r.record.headers['src'],
    ])
    expect(fates).toEqual([
      ['plain', 'committed', 'in/0/plain'],
      ['a1', 'committed', 'in/0/a1'],
      ['b1', 'aborted', 'in/0/b1'],
      ['a2', 'committed', 'in/0/a2'],
      ['a3', 'aborted', 'in/0/a3'],
      ['c1', 'open', 'in/0/c1'],
    ])
    expect(zero!.entries.map((e) => e.offset)).toEqual(zero!.entries.map((_, i) => i))
    expect(zero!.highWatermark).toBe(zero!.entries.length)
    expect(zero!.lastStableOffset).toBe(interpret(zero!).firstOpen)
    expect(one!.entries).toHaveLength(1)

    expect(await log.groupOffsets([{ group, topic }])).toEqual([{ group, topic, partition: 0, offset: 3 }])
    await left.abort()
    expect(interpret((await log.topic(topic))!.partitions[1]!).records[0]?.fate).toBe('aborted')
  })

  it('reads a marker that fencing wrote under a bumped epoch', async () => {
    const before = await producer('zombie')
    const dangling = await before.transaction()
    await send(dangling, 'z1')
    const after = await producer('zombie')
    const next = await after.transaction() // fences
    await send(next, 'z2')
    await next.commit()
    const records = interpret((await log.topic(topic))!.partitions[0]!).records.slice(-2)
    expect(records.map((r) => [r.record.value?.toString(), r.fate])).toEqual([
      ['z1', 'aborted'],
      ['z2', 'committed'],
    ])
    expect(records[1]!.record.producerId).toBe(records[0]!.record.producerId)
    expect(records[1]!.record.epoch).toBeGreaterThan(records[0]!.record.epoch)
  })

  it('has undefined for a topic that does not exist, and no rows for a group without offsets', async () => {
    expect(await log.topic(`${topic}-not`)).toBeUndefined()
    expect(
      await log.groupOffsets([
        { group: `${group}-not`, topic },
        { group, topic: `${topic}-not` },
      ]),
    ).toEqual([])
  })

  it('fails with NO_BROKER when nothing answers', async () => {
    await expect(openRawLog({ brokers: '127.0.0.1:1' })).rejects.toMatchObject({ code: 'NO_BROKER' })
  })
})
