/**
 * Compaction on demand: within seconds the cleaner has been over everything that a topic holds.
 *
 * Promises: when it resolves, each key has one committed record per partition, and the log as it was before
 * comes back with it. The record that closes the segment (the cleaner never touches an active one) is in a
 * transaction that is aborted, so no reader of committed records ever sees it. The topic's own settings are
 * the lab's for compacted topics again afterwards; what the cleaner has not finished by then, it may leave.
 * Does not: compact what is above an open transaction, as the cleaner does not either (TIMEOUT says so).
 */
import type { RawLog } from '../../adapters/raw-log/platformatic.ts'
import type { RawTopic } from '../../core/oracle/input.ts'
import { committedOf, interpretTopic, type FatedPartition } from '../../core/oracle/raw.ts'
import { LabError } from '../../core/errors.ts'
import type { LogPort } from '../../core/ports/log.ts'
import type { TopicAdmin } from '../../core/ports/topics.ts'
import { TRANSACTION_TIMEOUT_MS } from '../matrix/spec.ts'
import { until } from '../wait.ts'

export interface CompactionTools {
  readonly log: LogPort
  readonly admin: Pick<TopicAdmin, 'configure'>
  readonly rawLog: Pick<RawLog, 'topic'>
}

export interface Compacted {
  /** The log before: what the oracle calls a tap. */
  readonly before: RawTopic
  /** Committed records before and after. */
  readonly recordsBefore: number
  readonly recordsAfter: number
  readonly ms: number
}

const EAGER = {
  'cleanup.policy': 'compact',
  'segment.ms': '100',
  'min.cleanable.dirty.ratio': '0.01',
  'min.compaction.lag.ms': '0',
  'delete.retention.ms': '100',
} as const
const CALM = { 'cleanup.policy': 'compact' } as const

/** The lab's brokers look every 500 ms; others every 15 s unless told otherwise. */
const BOUND_MS = 60_000
const NUDGE_AGAIN_MS = 2_000

const countOf = (partitions: readonly FatedPartition[]): number =>
  partitions.reduce((n, partition) => n + committedOf(partition).length, 0)

const isCompact = (partition: FatedPartition): boolean => {
  const records = committedOf(partition)
  return new Set(records.map(({ record }) => record.key?.toString('base64'))).size === records.length
}

export async function forceCompaction(tools: CompactionTools, topic: string): Promise<Compacted> {
  const started = performance.now()
  const before = await read(tools, topic)
  const recordsBefore = countOf(interpretTopic(before))
  await tools.admin.configure(topic, EAGER)
  const nudge = closer(tools.log, topic, before.partitions.length)
  let nudgedAt = -Infinity
  let left = recordsBefore
  try {
    await until(
      async () => {
        if (performance.now() - nudgedAt > NUDGE_AGAIN_MS) {
          await nudge.close()
          nudgedAt = performance.now()
        }
        const partitions = interpretTopic(await read(tools, topic))
        left = countOf(partitions)
        return partitions.every(isCompact)
      },
      {
        what: `the cleaner to compact ${topic}`,
        ms: BOUND_MS,
        everyMs: 100,
        state: () =>
          `${left} of ${recordsBefore} records are left; an open transaction holds the cleaner up, and so does log.cleaner.backoff.ms`,
      },
    )
  } finally {
    await nudge.end()
    await tools.admin.configure(topic, CALM)
  }
  return { before, recordsBefore, recordsAfter: left, ms: performance.now() - started }
}

async function read(tools: CompactionTools, topic: string): Promise<RawTopic> {
  const raw = await tools.rawLog.topic(topic)
  if (raw) return raw
  throw new LabError('MISSING_TOPIC', `topic ${topic} does not exist, so nothing can be compacted`)
}

/** Closes the active segments by one record that is never committed. */
function closer(log: LogPort, topic: string, partitions: number) {
  const timeoutMs = TRANSACTION_TIMEOUT_MS
  const producer = log.producer({ transactionalId: `${topic}.segment-closer`, timeoutMs })
  let fenced = false
  return {
    async close(): Promise<void> {
      if (!fenced) await producer.fence()
      fenced = true
      const transaction = await producer.begin()
      const record = { topic, key: 'eoslab-segment-closer', value: null, headers: {} }
      await transaction.produce(
        Array.from({ length: partitions }, (_, partition) => ({ ...record, partition })),
      )
      await transaction.abort()
    },
    end: (): Promise<void> => producer.close(),
  }
}
