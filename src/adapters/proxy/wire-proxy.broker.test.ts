/**
 * The proxy between kafkajs and a real broker: what each moment does to the transaction, seen from the side
 * (connections that don't go through the proxy).
 */
import { randomUUID } from 'node:crypto'
import net from 'node:net'
import { performance } from 'node:perf_hooks'
import { Kafka, logLevel } from 'kafkajs'
import type { Admin, ISocketFactory, Producer, Transaction } from 'kafkajs'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import type { FrameSeen, ProxyMoment, WireProxy } from '../../core/ports/proxy.ts'
import { parseTarget, startWireProxy } from './wire-proxy.ts'

const GROUP = 'g'
let topic: string
let transactionalId: string
let proxy: WireProxy
let direct: Kafka
let admin: Admin
const cleanups: (() => unknown)[] = []

const kafka = (socketFactory?: ISocketFactory): Kafka =>
  new Kafka({
    clientId: 'proxied',
    brokers: inject('brokers').split(','),
    logLevel: logLevel.NOTHING,
    requestTimeout: 5000,
    retry: { retries: 5, initialRetryTime: 20 },
    ...(socketFactory ? { socketFactory } : {}),
  })

/** What our workers do: every connection opens with the address it is meant for. */
const throughProxy =
  (address: string, sockets: net.Socket[]): ISocketFactory =>
  ({ host, port, onConnect }) => {
    const socket = net.connect({ ...parseTarget(address)!, noDelay: true }, () => {
      socket.write(`CONNECT ${host}:${port}\n`)
      onConnect()
    })
    sockets.push(socket)
    return socket
  }

beforeEach(async () => {
  const id = randomUUID().slice(0, 8)
  topic = `proxy-${id}`
  transactionalId = `proxy-${id}-0`
  direct = kafka()
  admin = direct.admin()
  await admin.connect()
  await admin.createTopics({
    waitForLeaders: true,
    topics: [{ topic, numPartitions: 1, replicationFactor: 1 }],
  })
  cleanups.push(async () => {
    await admin.deleteTopics({ topics: [topic] })
    await admin.disconnect()
  })
  proxy = await startWireProxy({ monotonicMs: () => performance.now() })
  cleanups.push(() => proxy.close())
})

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** A producer behind the proxy, whose sockets the test may kill as a process's death would. */
async function proxied(): Promise<{ producer: Producer; die: () => void }> {
  const sockets: net.Socket[] = []
  const producer = kafka(throughProxy(proxy.address, sockets)).producer({
    transactionalId,
    maxInFlightRequests: 1,
    transactionTimeout: 30_000,
  })
  await producer.connect()
  const die = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  cleanups.push(async () => {
    die()
    void producer.disconnect().catch(() => undefined)
  })
  return { producer, die }
}

async function stage(producer: Producer, value: string): Promise<Transaction> {
  const transaction = await producer.transaction()
  await transaction.send({ topic, messages: [{ key: 'k', value }] })
  await transaction.sendOffsets({
    consumerGroupId: GROUP + topic,
    topics: [{ topic, partitions: [{ partition: 0, offset: '1' }] }],
  })
  return transaction
}

const armed = (moment: ProxyMoment): Promise<FrameSeen> =>
  new Promise((resolve) => proxy.arm({ transactionalId, moment, fire: resolve }))

/** Values that a read_committed reader gets, up to the one given. */
async function committedValues(until: string): Promise<string[]> {
  const consumer = direct.consumer({
    groupId: `reader-${randomUUID()}`,
    readUncommitted: false,
    maxWaitTimeInMs: 50,
  })
  const values: string[] = []
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  try {
    await new Promise<void>((resolve, reject) => {
      consumer
        .run({
          eachMessage: ({ message }) => {
            values.push(message.value!.toString())
            if (values.at(-1) === until) resolve()
            return Promise.resolve()
          },
        })
        .catch(reject)
    })
  } finally {
    await consumer.disconnect()
  }
  return values
}

/** The next incarnation, beside the proxy: fences, then commits one record, which ends every read. */
async function nextIncarnation(): Promise<void> {
  const producer = direct.producer({ transactionalId, maxInFlightRequests: 1, transactionTimeout: 30_000 })
  await producer.connect()
  const transaction = await producer.transaction()
  await transaction.send({ topic, messages: [{ key: 'k', value: 'end' }] })
  await transaction.commit()
  await producer.disconnect()
}

/** What the client knows of a commit by now. (kafkajs finds out about a dead socket only after its timeout.) */
function fateOf(commit: Promise<void>): () => string {
  let fate = 'pending'
  commit.then(
    () => (fate = 'answered'),
    () => (fate = 'failed'),
  )
  return () => fate
}

/** The last stable offset (kafkajs's admin asks as a read_committed reader would). */
async function stableOffset(): Promise<number> {
  const [offsets] = await admin.fetchTopicOffsets(topic)
  return Number(offsets!.high)
}

const apis = (): string[] => [...new Set(proxy.frames().map((f) => f.api))]

describe('EndTxn of kafkajs on a real broker', () => {
  test('before: the transaction stays open until the next incarnation fences it, then it is aborted', async () => {
    const { producer, die } = await proxied()
    const transaction = await stage(producer, 'lost')
    const fired = armed('before')
    const fate = fateOf(transaction.commit())
    expect(await fired).toMatchObject({ api: 'EndTxn', moment: 'dropped', commit: true, clientId: 'proxied' })
    die()
    expect(await stableOffset()).toBe(0)
    await nextIncarnation()
    expect(await committedValues('end')).toEqual(['end'])
    expect(fate()).not.toBe('answered')
  })

  test('mid: it is committed, though the client never learned', async () => {
    const { producer, die } = await proxied()
    const transaction = await stage(producer, 'kept')
    const fired = armed('mid')
    const fate = fateOf(transaction.commit())
    expect(await fired).toMatchObject({ api: 'EndTxn', moment: 'withheld', errorCode: 0, transactionalId })
    die()
    // One record and its marker, which the coordinator writes after it has answered.
    await expect.poll(stableOffset, { timeout: 5000, interval: 10 }).toBe(2)
    await nextIncarnation()
    expect(await committedValues('end')).toEqual(['kept', 'end'])
    expect(fate()).not.toBe('answered')
    const endings = proxy.frames().filter((f) => f.api === 'EndTxn')
    expect(endings.map((f) => f.moment)).toEqual(['seen', 'withheld'])
  })

  test('after: it is committed and answered', async () => {
    const { producer } = await proxied()
    const transaction = await stage(producer, 'kept')
    const fired = armed('after')
    await transaction.commit()
    expect(await fired).toMatchObject({ moment: 'delivered', errorCode: 0 })
    await nextIncarnation()
    expect(await committedValues('end')).toEqual(['kept', 'end'])
  })

  test('without an order everything passes, and the whole transaction is seen, with one producer id', async () => {
    const { producer } = await proxied()
    for (const value of ['a', 'b']) await (await stage(producer, value)).commit()
    const aborted = await stage(producer, 'x')
    await aborted.abort()
    await (await stage(producer, 'c')).commit()
    expect(await committedValues('c')).toEqual(['a', 'b', 'c'])
    expect(apis().sort()).toEqual([
      'AddOffsetsToTxn',
      'AddPartitionsToTxn',
      'EndTxn',
      'InitProducerId',
      'Produce',
      'TxnOffsetCommit',
    ])
    const seen = proxy.frames().filter((f) => f.api !== 'InitProducerId' || f.direction === 'response')
    expect(
      new Set(seen.filter((f) => f.errorCode === null || f.errorCode === 0).map((f) => f.producerId)).size,
    ).toBe(1)
    expect(
      proxy
        .frames()
        .filter((f) => f.api === 'EndTxn' && f.direction === 'request')
        .map((f) => f.commit),
    ).toEqual([true, true, false, true])
  })
})
