import { afterAll, describe, expect, inject, it } from 'vitest'
import { Kafka } from 'kafkajs'
import { kafkaConfig } from './client.ts'
import { batches, openTopicAdmin } from './topic-admin.ts'

const brokers = inject('brokers')
const prefix = `admin-test.${process.pid}.${Date.now()}.`
const admin = openTopicAdmin({ brokers })

afterAll(async () => {
  await admin.remove(await admin.list(prefix))
  await admin.close()
})

const record = (n: number) => ({ partition: n % 2, key: `k${n}`, value: `v${n}` })

/** Values by partition, as a plain consumer of a fresh group reads them. */
async function readAll(topic: string, count: number): Promise<Map<number, string[]>> {
  const consumer = new Kafka(kafkaConfig({ brokers, clientId: 'reader' })).consumer({
    groupId: `${topic}.reader`,
  })
  const values = new Map<number, string[]>()
  let seen = 0
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await new Promise<void>((resolve, reject) => {
    const take = async ({ partition, message }: { partition: number; message: { value: Buffer | null } }) => {
      values.set(partition, [...(values.get(partition) ?? []), String(message.value)])
      seen += 1
      if (seen === count) resolve()
    }
    consumer.run({ eachMessage: take }).catch(reject)
  })
  await consumer.disconnect()
  return values
}

describe('topics on a real broker', () => {
  it('creates what is missing with its settings, leaves the rest, lists by prefix, removes', async () => {
    const specs = ['a', 'b'].map((name) => ({
      topic: `${prefix}${name}`,
      partitions: 3,
      config: { 'cleanup.policy': 'compact' },
    }))
    await admin.create(specs.slice(0, 1))
    await admin.create(specs)
    expect(await admin.list(prefix)).toEqual([`${prefix}a`, `${prefix}b`])
    expect(await admin.list(`${prefix}b`)).toEqual([`${prefix}b`])

    const kafka = new Kafka(kafkaConfig({ brokers, clientId: 'look' })).admin()
    await kafka.connect()
    const { topics } = await kafka.fetchTopicMetadata({ topics: [`${prefix}b`] })
    expect(topics[0]?.partitions).toHaveLength(3)
    const { resources } = await kafka.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: 2, name: `${prefix}b`, configNames: ['cleanup.policy'] }],
    })
    expect(resources[0]?.configEntries[0]?.configValue).toBe('compact')
    await kafka.disconnect()

    await admin.remove([`${prefix}a`, `${prefix}never-was`])
    expect(await admin.list(prefix)).toEqual([`${prefix}b`])
  })

  it('takes two creators of the same topic at once', async () => {
    const other = openTopicAdmin({ brokers })
    const spec = [{ topic: `${prefix}race`, partitions: 2, config: {} }]
    await Promise.all([admin.create(spec), other.create(spec)])
    expect(await admin.list(`${prefix}race`)).toEqual([`${prefix}race`])
    await other.close()
  })

  it('appends in order per partition, across sends and bytes as they are', async () => {
    const topic = `${prefix}load`
    await admin.create([{ topic, partitions: 2, config: {} }])
    await admin.append(
      topic,
      Array.from({ length: 600 }, (_, n) => record(n)),
    )
    await admin.append(
      topic,
      Array.from({ length: 400 }, (_, n) => record(600 + n)),
    )
    const values = await readAll(topic, 1000)
    expect(values.get(0)).toEqual(Array.from({ length: 500 }, (_, n) => `v${2 * n}`))
    expect(values.get(1)).toEqual(Array.from({ length: 500 }, (_, n) => `v${2 * n + 1}`))
  })

  it('says that a record is too large, and names the topic', async () => {
    const topic = `${prefix}large`
    await admin.create([{ topic, partitions: 1, config: {} }])
    const large = [{ partition: 0, key: null, value: 'x'.repeat(1_200_000) }]
    await expect(admin.append(topic, large)).rejects.toMatchObject({
      code: 'BAD_INPUT_FILE',
      message: expect.stringContaining(topic) as string,
    })
  })

  it('is NO_BROKER in time where nothing listens', async () => {
    const nowhere = openTopicAdmin({ brokers: '127.0.0.1:1' })
    await expect(nowhere.list('')).rejects.toMatchObject({ code: 'NO_BROKER' })
  }, 10_000)
})

describe('batches', () => {
  it('cuts by bytes, never loses, and lets one large record pass alone', () => {
    const records = [10, 60, 50, 200, 1].map((size) => ({ partition: 0, key: null, value: 'x'.repeat(size) }))
    const cut = [...batches(records, 100)].map((batch) => batch.map(({ value }) => value?.length))
    expect(cut).toEqual([[10, 60], [50], [200], [1]])
  })
})
