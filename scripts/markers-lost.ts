/**
 * Reproduces "Kafka 4.3 loses the markers of a committed transaction when the broker restarts"
 * (docs/findings.md): commit, SIGKILL to the broker as soon as the commit has returned, restart, fence, look.
 *
 *   node scripts/markers-lost.ts [runs] [state directory]
 *
 * Prints one line per run and ends with 1 if a transaction was left hanging. Uses a broker of its own.
 * Does not: touch any other broker; change what it finds.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Kafka, logLevel, type Producer } from 'kafkajs'
import { startPersistent, stopPersistent } from '../src/lab/broker/broker-persistent.ts'

const TRANSACTIONS = 5
const BETWEEN_MS = 50
/** A marker that is still on its way has long arrived by then. */
const SETTLED_MS = 2000
const GONE_MS = 10_000

const runs = Number(process.argv[2] ?? 8)
const stateDir = process.argv[3] ?? mkdtempSync(path.join(tmpdir(), 'markers-lost-'))
const say = (text: string): void => void process.stderr.write(`${text}\n`)

interface Names {
  readonly id: string
  readonly outputs: readonly string[]
  readonly input: string
  readonly group: string
}

const clientOf = (brokers: string): Kafka => new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING })
const producerOf = (brokers: string, { id }: Names): Producer =>
  clientOf(brokers).producer({ transactionalId: id, idempotent: true, maxInFlightRequests: 1 })

async function commitAndKill(broker: { brokers: string; pid: number }, names: Names): Promise<void> {
  const admin = clientOf(broker.brokers).admin()
  await admin.connect()
  const topics = [...names.outputs, names.input].map((topic) => ({ topic, numPartitions: 1 }))
  await admin.createTopics({ topics, waitForLeaders: true })
  await admin.disconnect()
  const producer = producerOf(broker.brokers, names)
  await producer.connect()
  for (let n = 1; n <= TRANSACTIONS; n += 1) {
    const transaction = await producer.transaction()
    for (const topic of names.outputs) await transaction.send({ topic, messages: [{ value: `${n}` }] })
    const partitions = [{ partition: 0, offset: `${n}` }]
    await transaction.sendOffsets({
      consumerGroupId: names.group,
      topics: [{ topic: names.input, partitions }],
    })
    await transaction.commit()
    if (n < TRANSACTIONS) await delay(BETWEEN_MS)
  }
  process.kill(broker.pid, 'SIGKILL')
  void producer.disconnect().catch(() => undefined)
  await gone(broker.pid)
}

async function gone(pid: number): Promise<void> {
  for (const deadline = performance.now() + GONE_MS; performance.now() < deadline; await delay(10)) {
    try {
      process.kill(pid, 0)
    } catch {
      return
    }
  }
  throw new Error(`waited ${GONE_MS} ms for the killed broker, process ${pid}, to be gone`)
}

/** LSO of each output, which kafkajs's admin calls `high`, and the committed offset; after a fence. */
async function look(brokers: string, names: Names): Promise<{ stable: number[]; committed: number }> {
  const next = producerOf(brokers, names)
  await next.connect()
  await delay(SETTLED_MS)
  const admin = clientOf(brokers).admin()
  await admin.connect()
  const stable = []
  for (const topic of names.outputs) stable.push(Number((await admin.fetchTopicOffsets(topic))[0]?.high))
  const [group] = await admin.fetchOffsets({ groupId: names.group, topics: [names.input] })
  await Promise.all([admin.disconnect(), next.disconnect()])
  return { stable, committed: Number(group?.partitions[0]?.offset) }
}

let hanging = 0
try {
  for (let run = 1; run <= runs; run += 1) {
    const prefix = `run${run}-${Date.now()}.`
    const outputs = [`${prefix}out`, `${prefix}changelog`]
    const names: Names = { id: `${prefix}task-0`, outputs, input: `${prefix}in`, group: `${prefix}group` }
    await commitAndKill(await startPersistent({ stateDir, say }), names)
    const { brokers } = await startPersistent({ stateDir, say })
    const { stable, committed } = await look(brokers, names)
    const whole = committed === TRANSACTIONS && stable.every((offset) => offset >= 2 * TRANSACTIONS)
    if (!whole) hanging += 1
    process.stdout.write(
      `${whole ? 'whole  ' : 'HANGING'} ${TRANSACTIONS} transactions committed; last stable offsets ${stable.join(', ')} (whole: ${2 * TRANSACTIONS} or more), committed offset ${committed}\n`,
    )
  }
} finally {
  await stopPersistent({ stateDir })
  if (process.argv[3] === undefined) rmSync(stateDir, { recursive: true, force: true })
}
process.stdout.write(`${hanging} of ${runs} left a transaction hanging\n`)
process.exitCode = hanging > 0 ? 1 : 0
