/**
 * Feeds orders from an open source into a topic, in as many parts as the caller likes.
 *
 * Promises: records reach each partition in the order of the source; the next batch is taken from the source
 * only when the broker has acknowledged the last one, so memory stays bounded; the truth gets a record after
 * its acknowledgement. A batch that failed leaves the feeder unusable, because its fate is unknown.
 * Does not: make topics, or close what it was given.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { partitionOf } from '../../core/contracts/murmur2.ts'
import { LabError } from '../../core/errors.ts'
import type { BulkRecord, TopicAdmin } from '../../core/ports/topics.ts'
import type { OrderSource, SourceRecord } from '../../core/workload/source.ts'

export interface FeederOptions {
  readonly admin: Pick<TopicAdmin, 'append'>
  readonly topic: string
  readonly partitions: number
  readonly source: OrderSource
  readonly truth?: { append(records: readonly BulkRecord[]): void }
  /** Orders per second; as fast as the broker takes them where absent. */
  readonly rate?: number
  readonly onBatch?: (totals: FeederTotals) => void
}

export interface FeederTotals {
  readonly orders: number
  /** Keys and values. */
  readonly bytes: number
  readonly perPartition: readonly number[]
}

export interface OrderFeeder {
  readonly totals: FeederTotals
  /** Feeds up to `count` more; resolves with how many there were. Fewer than asked: the source has ended. */
  feed(count?: number): Promise<number>
  /** Ends a feed that is under way after its current batch; resolves when it has ended. */
  stop(): Promise<void>
}

const BATCH = 1000
/** With a rate, this often a second, so that the stream is even and not a burst a second. */
const BEATS_PER_SECOND = 20

/** Records without a key go round, by their number, so that a repeated load puts them where they were. */
export const inputPartition = (record: SourceRecord, index: number, partitions: number): number =>
  record.partition ?? (record.key === null ? index % partitions : partitionOf(record.key, partitions))

export function openFeeder(options: FeederOptions): OrderFeeder {
  const { admin, topic, partitions, source, truth, rate } = options
  const size = rate === undefined ? BATCH : Math.min(BATCH, Math.max(1, Math.ceil(rate / BEATS_PER_SECOND)))
  const perPartition = Array.from({ length: partitions }, () => 0)
  let orders = 0
  let bytes = 0
  let failed = false
  let running: Promise<number> = Promise.resolve(0)
  const pause = new AbortController()
  const totals = (): FeederTotals => ({ orders, bytes, perPartition: [...perPartition] })

  const place = (record: SourceRecord, index: number): BulkRecord => ({
    partition: inputPartition(record, index, partitions),
    key: record.key,
    value: record.value,
    ...(record.headers ? { headers: record.headers } : {}),
  })

  const take = async (count: number): Promise<BulkRecord[]> => {
    const batch: BulkRecord[] = []
    while (batch.length < count) {
      const next = source.next()
      const step = next instanceof Promise ? await next : next
      if (step.done === true) break
      batch.push(place(step.value, orders + batch.length))
    }
    return batch
  }

  const send = async (batch: readonly BulkRecord[]): Promise<void> => {
    await admin.append(topic, batch)
    truth?.append(batch)
    for (const { partition, key, value } of batch) {
      perPartition[partition]!++
      bytes += Buffer.byteLength(key ?? '') + Buffer.byteLength(value ?? '')
    }
    orders += batch.length
    options.onBatch?.(totals())
  }

  const run = async (count: number): Promise<number> => {
    if (failed) throw new LabError('BROKER_LOST', `an earlier batch to ${topic} failed; its fate is unknown`)
    failed = true // until proven otherwise
    const start = performance.now()
    let fed = 0
    while (fed < count && !pause.signal.aborted) {
      const batch = await take(Math.min(size, count - fed))
      if (batch.length === 0) break
      await send(batch)
      fed += batch.length
      if (rate !== undefined) await untilDue(start + (fed * 1000) / rate, pause.signal)
    }
    failed = false
    return fed
  }

  return {
    get totals() {
      return totals()
    },
    feed: (count = Number.POSITIVE_INFINITY) => (running = run(count)),
    async stop() {
      pause.abort()
      await running.catch(() => 0)
    },
  }
}

/** Waits for the moment the rate allows the next batch; not at all when it has passed. */
async function untilDue(due: number, signal: AbortSignal): Promise<void> {
  const left = due - performance.now()
  if (left > 0) await delay(left, undefined, { signal }).catch(() => undefined)
}
