/** Collecting from a real broker and judging it, then again after changes planted from outside. */
import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Admin } from '@platformatic/kafka'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { topicNames } from '../../core/contracts/names.ts'
import { MANIFEST_KEY } from '../../core/contracts/records.ts'
import type { HistoryEvent } from '../../core/history/event.ts'
import { judge } from '../../core/oracle/judge.ts'
import type { AnomalyName } from '../../core/oracle/verdict.ts'
import { collect, endedCleanly } from './collect.ts'

const brokers = inject('brokers')
const kafka = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING })
const admin = kafka.admin()
const plain = kafka.producer()
const prefix = `check-${randomUUID()}.`
const names = topicNames(prefix)
const stateRoot = mkdtempSync(path.join(tmpdir(), 'eoslab-collect-'))

const order = (orderId: string): object => ({
  orderId,
  productId: 'p',
  price: 5,
  qty: 2,
  storeId: 's',
  ts: 100,
})
const enriched = (orderId: string): object => ({ ...order(orderId), validated: true, normTs: 100 })

async function step(
  operator: string,
  input: string,
  output: string,
  values: [number, string, object][],
): Promise<void> {
  const producer = kafka.producer({
    transactionalId: `${prefix}${operator}-0`,
    idempotent: true,
    maxInFlightRequests: 1,
  })
  await producer.connect()
  const txn = await producer.transaction()
  const messages = values.map(([offset, key, value]) => ({
    key,
    value: JSON.stringify(value),
    headers: { src: `${input}/0/${offset}`, txn: `${prefix}${operator}-0/${operator}.a.1/1` },
  }))
  await txn.send({ topic: output, messages })
  const offset = String(values.at(-1)![0] + 1)
  await txn.sendOffsets({
    consumerGroupId: `${prefix}${operator}`,
    topics: [{ topic: input, partitions: [{ partition: 0, offset }] }],
  })
  await txn.commit()
  await producer.disconnect()
}

const judged = async (): Promise<{
  anomalies: readonly AnomalyName[]
  judgement: ReturnType<typeof judge>
}> => {
  const input = await collect({ brokers, prefix, stateRoot, pipeline: 'reference-stateless', cleanEnd: true })
  const judgement = judge(input)
  return { judgement, anomalies: judgement.anomalies }
}

const entry = (snapshotId: string): object => ({
  snapshotId,
  path: snapshotId,
  lastChangelogOffset: 0,
  nextInputOffset: 0,
  bytes: 1,
  sha256: '',
})

const line = (incarnation: string, f: HistoryEvent['f'], i: number): HistoryEvent => ({
  f,
  type: 'info',
  t: i,
  at: i,
  who: incarnation.split('.')[0]!,
  incarnation,
  i,
})

/** kafkajs would join the group for it, which takes seconds. */
async function moveTo(groupId: string, offset: number): Promise<void> {
  const tool = new Admin({ clientId: 'planter', bootstrapBrokers: brokers.split(',') })
  const partitionOffsets = [{ partition: 0, offset: BigInt(offset) }]
  await tool.alterConsumerGroupOffsets({ groupId, topics: [{ name: names.enriched, partitionOffsets }] })
  await tool.close()
}

beforeAll(async () => {
  await Promise.all([admin.connect(), plain.connect()])
  mkdirSync(path.join(stateRoot, prefix))
  const topics = Object.values(names).map((topic) => ({ topic, numPartitions: 1 }))
  await admin.createTopics({ topics, waitForLeaders: true })
  const messages = ['a', 'b'].map((id) => ({ key: id, value: JSON.stringify(order(id)) }))
  await plain.send({ topic: names.orders, messages })
  const values: [number, string, object][] = [
    [0, 'a', enriched('a')],
    [1, 'b', enriched('b')],
  ]
  await step('opa', names.orders, names.enriched, values)
  await step('opb', names.enriched, names.output, values)
})

afterAll(async () => {
  await admin.deleteTopics({ topics: Object.values(names) })
  await Promise.all([admin.disconnect(), plain.disconnect()])
  rmSync(stateRoot, { recursive: true, force: true })
})

describe('collect and judge', () => {
  it('finds a right history valid, with its totals', async () => {
    const { judgement } = await judged()
    expect(judgement.checks.filter((c) => c.verdict === 'invalid' || c.verdict === 'unknown')).toEqual([])
    expect(judgement.totals).toMatchObject({ orders: 2, enriched: 2, output: 2, sum_in: 20, sum_out: 20 })
  })

  it('finds the group offset moved by one', async () => {
    const groupId = `${prefix}opb`
    await moveTo(groupId, 3)
    const { anomalies, judgement } = await judged()
    expect(anomalies).toEqual(['offset-ahead'])
    const found = judgement.checks.find((c) => c.check === 'offset-ahead')!.anomalies[0]!
    expect(found.place).toEqual({ topic: names.enriched, partition: 0, offset: 3, key: groupId })
    await moveTo(groupId, 2)
  })

  it('finds a damaged truth, and has source-mismatch unknown', async () => {
    const file = path.join(stateRoot, prefix, 'truth.jsonl')
    writeFileSync(file, 'not json\n')
    const { judgement } = await judged()
    expect(judgement.verdict).toBe('unknown')
    expect(judgement.checks.find((c) => c.check === 'source-mismatch')?.verdict).toBe('unknown')
    rmSync(file)
  })

  it('finds outputs planted from outside', async () => {
    await plain.send({ topic: names.output, messages: [{ key: 'x', value: 'planted' }] })
    expect((await judged()).anomalies).toEqual(['phantom-output'])
    const copy = { key: 'b', value: JSON.stringify(enriched('b')), headers: { src: `${names.enriched}/0/1` } }
    await plain.send({ topic: names.output, messages: [copy] })
    const { anomalies, judgement } = await judged()
    expect([...anomalies].sort()).toEqual(['duplicate', 'phantom-output'])
    expect(judgement.overcharge).toEqual([
      { orderId: 'b', amount: 10, src: `${names.enriched}/0/1`, cause: 'duplicate' },
    ])
  })

  it('names the snapshots of the newest manifest', async () => {
    for (const id of ['s1', 's2']) {
      const value = JSON.stringify({ ...entry(id), retained: id === 's2' ? [entry('s1')] : [] })
      await plain.send({ topic: names.snapshots, messages: [{ key: MANIFEST_KEY, value }] })
    }
    const { snapshots } = await collect({ brokers, prefix, stateRoot })
    expect(snapshots?.map((s) => [s.entry.snapshotId, s.exists])).toEqual([
      ['s2', false],
      ['s1', false],
    ])
  })

  it('says so when there is nothing under the prefix', async () => {
    await expect(collect({ brokers, prefix: 'nobody.', stateRoot })).rejects.toMatchObject({
      code: 'MISSING_TOPIC',
    })
  })
})

describe('a clean end', () => {
  it('is that the newest life of every worker said stop', () => {
    const killed = [line('opa.a.1', 'boot', 1), line('opa.a.1', 'kill', 2)]
    expect(endedCleanly([...killed, line('opa.a.2', 'boot', 1), line('opa.a.2', 'stop', 2)])).toBe(true)
    expect(endedCleanly([...killed, line('opa.a.2', 'boot', 1)])).toBe(false)
    expect(endedCleanly([line('opa.a.1', 'stop', 1), line('opb.a.1', 'boot', 1)])).toBe(false)
    expect(endedCleanly([line('opa.a.9', 'stop', 1), line('opa.a.10', 'boot', 1)])).toBe(false)
  })

  it('is not known without a journal', () => {
    expect(endedCleanly([])).toBe(false)
  })
})
