/** The cleaner really runs when it is told to, and what told it is never seen by a reader. */
import { afterAll, expect, inject, test } from 'vitest'
import { connectLog } from '../../adapters/kafka/log.ts'
import { openTopicAdmin } from '../../adapters/kafka/topic-admin.ts'
import { openRawLog } from '../../adapters/raw-log/platformatic.ts'
import { committedOf, interpretTopic } from '../../core/oracle/raw.ts'
import { forceCompaction } from './compaction.ts'

const brokers = inject('brokers')
const topic = `compaction-${process.pid}.log`
const admin = openTopicAdmin({ brokers })
const log = await connectLog({ brokers, clientId: 'compaction-test' })
const rawLog = await openRawLog({ brokers })

afterAll(async () => {
  await admin.remove([topic])
  await Promise.allSettled([admin.close(), log.close(), rawLog.close()])
})

test('2,000 records of 20 keys in two partitions become 20, and the log before is handed over', async () => {
  await admin.create([{ topic, partitions: 2, config: { 'cleanup.policy': 'compact' } }])
  const record = (n: number) => ({ partition: n % 2, key: `k${n % 20}`, value: `v${n}` })
  await admin.append(
    topic,
    Array.from({ length: 2000 }, (_, n) => record(n)),
  )
  const compacted = await forceCompaction({ admin, log, rawLog }, topic)
  expect(compacted).toMatchObject({ recordsBefore: 2000, recordsAfter: 20 })
  expect(interpretTopic(compacted.before).flatMap(committedOf)).toHaveLength(2000)
  const left = interpretTopic((await rawLog.topic(topic))!).flatMap(committedOf)
  expect(left.map(({ record: { value } }) => String(value)).sort()).toEqual(
    Array.from({ length: 20 }, (_, n) => `v${1980 + n}`),
  )
})
