/**
 * Raw logs through @platformatic/kafka's low-level fetch: every record and every control marker, at
 * isolation 0, so that nothing has been filtered before the oracle sees it.
 *
 * Promises: what was in the log when the read began, from the log's start to its high watermark; a topic that
 * does not exist is undefined; NO_BROKER within 10 s when nothing answers, TIMEOUT when a read stands still.
 * Does not: interpret markers (src/core/oracle/raw.ts does) or join a group. The client is imported on first
 * use, because that alone takes more than half a second.
 */
import type { Admin, Consumer, KafkaRecord, RecordsBatch } from '@platformatic/kafka'
import { LabError, messageOf } from '../../core/errors.ts'
import type { GroupOffsetRow, RawMarker, RawPartition, RawRecord, RawTopic } from '../../core/oracle/input.ts'

export interface GroupRequest {
  readonly group: string
  readonly topic: string
}

export interface RawLog {
  /** Undefined if there is no such topic. */
  topic(name: string): Promise<RawTopic | undefined>
  /** Committed offsets, pending ones not counted; partitions without one are left out. */
  groupOffsets(requests: readonly GroupRequest[]): Promise<GroupOffsetRow[]>
  close(): Promise<void>
}

const TRANSACTIONAL = 0x10
const CONTROL = 0x20
/** Marker types: the second 16-bit number of a control record's key. */
const MARKERS: Readonly<Record<number, RawMarker['outcome']>> = { 0: 'ABORT', 1: 'COMMIT' }
const FETCH_BYTES = 8 << 20
const CONNECT_MS = 8_000
/** Answers in a row that may bring nothing although the high watermark is not reached. */
const PATIENCE = 50
const WAIT_MS = 100

interface Location {
  readonly topic: string
  readonly topicId: string
  readonly partition: number
  readonly node: number
}

export async function openRawLog(options: { brokers: string }): Promise<RawLog> {
  const { Admin, Consumer } = await import('@platformatic/kafka')
  const base = {
    clientId: 'eoslab-oracle',
    bootstrapBrokers: options.brokers.split(','),
    retries: 2,
    retryDelay: 50,
    connectTimeout: 3_000,
    requestTimeout: 20_000,
    metadataMaxAge: 0,
  }
  const log = new PlatformaticRawLog(
    options.brokers,
    new Admin(base),
    // It joins no group; the client wants a name all the same.
    new Consumer({ ...base, groupId: 'eoslab-oracle', autocommit: false }),
  )
  await log.connect()
  return log
}

class PlatformaticRawLog implements RawLog {
  readonly #brokers: string
  readonly #admin: Admin
  readonly #consumer: Consumer

  constructor(brokers: string, admin: Admin, consumer: Consumer) {
    this.#brokers = brokers
    this.#admin = admin
    this.#consumer = consumer
  }

  async connect(): Promise<void> {
    try {
      await within(CONNECT_MS, this.#admin.metadata({ topics: [] }))
    } catch (error) {
      await this.close()
      throw new LabError('NO_BROKER', `no Kafka broker answers at ${this.#brokers}: ${messageOf(error)}`, {
        hint: 'Start one with: eoslab broker start',
        cause: error,
      })
    }
  }

  async topic(name: string): Promise<RawTopic | undefined> {
    const places = await this.#locate(name)
    if (!places) return undefined
    const bounds = await this.#guard(`the offsets of ${name}`, async () => {
      const at = async (timestamp: bigint, isolationLevel: 0 | 1): Promise<bigint[]> =>
        (await this.#consumer.listOffsets({ topics: [name], timestamp, isolationLevel })).get(name) ?? []
      // The stable offset first: read the other way round, it could lie above the high watermark.
      const stable = await at(-1n, 1)
      return { start: await at(-2n, 0), stable, high: await at(-1n, 0) }
    })
    const partitions: RawPartition[] = []
    for (const place of places) {
      const logStart = Number(bounds.start[place.partition] ?? 0n)
      const highWatermark = Number(bounds.high[place.partition] ?? 0n)
      partitions.push({
        topic: name,
        partition: place.partition,
        logStart,
        lastStableOffset: Number(bounds.stable[place.partition] ?? 0n),
        highWatermark,
        entries: await this.#entries(place, logStart, highWatermark),
      })
    }
    return { topic: name, partitions }
  }

  async groupOffsets(requests: readonly GroupRequest[]): Promise<GroupOffsetRow[]> {
    const rows: GroupOffsetRow[] = []
    for (const { group, topic } of requests) {
      const places = await this.#locate(topic)
      if (!places) continue
      const partitionIndexes = places.map((p) => p.partition)
      const answer = await this.#guard(`the committed offsets of ${group}`, () =>
        this.#admin.listConsumerGroupOffsets({
          groups: [{ groupId: group, topics: [{ name: topic, partitionIndexes }] }],
        }),
      )
      for (const { partitionIndex, committedOffset } of answer
        .flatMap((g) => g.topics)
        .flatMap((t) => t.partitions)) {
        if (committedOffset < 0n) continue
        rows.push({ group, topic, partition: partitionIndex, offset: Number(committedOffset) })
      }
    }
    return rows
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.#consumer.close(true), this.#admin.close()])
  }

  async #locate(name: string): Promise<Location[] | undefined> {
    try {
      const metadata = await this.#admin.metadata({ topics: [name], forceUpdate: true })
      const found = metadata.topics.get(name)
      if (!found) return undefined
      return Array.from({ length: found.partitionsCount }, (_, partition) => {
        const { leader } = found.partitions[partition]!
        return { topic: name, topicId: found.id, partition, node: leader }
      })
    } catch (error) {
      if (isUnknownTopic(error)) return undefined
      throw lost(`where ${name} is`, error)
    }
  }

  async #entries(place: Location, from: number, to: number): Promise<(RawRecord | RawMarker)[]> {
    const entries: (RawRecord | RawMarker)[] = []
    let next = from
    let empty = 0
    while (next < to) {
      const batches = await this.#fetch(place, next)
      const before = next
      for (const batch of batches) {
        // A fetch from the middle of a batch brings the whole batch; compaction leaves batches without records.
        for (const entry of decode(batch, place.partition)) {
          if (entry.offset >= next && entry.offset < to) entries.push(entry)
        }
        next = Math.max(next, Number(batch.firstOffset) + batch.lastOffsetDelta + 1)
      }
      empty = next > before ? 0 : empty + 1
      if (empty > PATIENCE) {
        throw new LabError(
          'TIMEOUT',
          `${place.topic}/${place.partition} brought nothing at offset ${next} though it ends at ${to}`,
          {
            hint: 'Look at the broker; the log may have been cut while it was read. Then run the check again.',
          },
        )
      }
    }
    return entries
  }

  async #fetch(place: Location, offset: number): Promise<RecordsBatch[]> {
    const { partition, topicId, node } = place
    const response = await this.#guard(`${place.topic}/${partition} at offset ${offset}`, () =>
      this.#consumer.fetch({
        node,
        isolationLevel: 0,
        minBytes: 1,
        maxWaitTime: WAIT_MS,
        maxBytes: FETCH_BYTES,
        topics: [
          {
            topicId,
            partitions: [
              {
                partition,
                currentLeaderEpoch: -1,
                fetchOffset: BigInt(offset),
                lastFetchedEpoch: -1,
                partitionMaxBytes: FETCH_BYTES,
              },
            ],
          },
        ],
      }),
    )
    const topic = response.responses.find((r) => r.topicId === topicId)
    return topic?.partitions.find((p) => p.partitionIndex === partition)?.records ?? []
  }

  async #guard<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw lost(what, error)
    }
  }
}

const lost = (what: string, error: unknown): LabError =>
  new LabError('BROKER_LOST', `could not read ${what}: ${messageOf(error)}`, {
    hint: 'Check that the broker is still there (eoslab broker status), then run the check again.',
    cause: error,
  })

function isUnknownTopic(error: unknown): boolean {
  const nested = error as
    | { apiId?: string; message?: string; errors?: unknown[]; cause?: unknown }
    | undefined
  if (!nested || typeof nested !== 'object') return false
  // The client turns the broker's code into a user error without one; its sentence is all there is.
  if (nested.apiId === 'UNKNOWN_TOPIC_OR_PARTITION' || nested.message?.startsWith('Unknown topic '))
    return true
  return isUnknownTopic(nested.cause) || (nested.errors ?? []).some(isUnknownTopic)
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

function* decode(batch: RecordsBatch, partition: number): Generator<RawRecord | RawMarker> {
  const producerId = String(batch.producerId)
  const epoch = batch.producerEpoch
  const transactional = (batch.attributes & TRANSACTIONAL) !== 0
  const first = Number(batch.firstOffset)
  const since = Number(batch.firstTimestamp)
  for (const record of batch.records) {
    const offset = first + record.offsetDelta
    const timestamp = since + Number(record.timestampDelta)
    if ((batch.attributes & CONTROL) === 0) {
      const { key, value } = record
      const headers = headersOf(record)
      yield {
        kind: 'data',
        partition,
        offset,
        timestamp,
        key,
        value,
        headers,
        producerId,
        epoch,
        transactional,
      }
      continue
    }
    const outcome = record.key && record.key.length >= 4 ? MARKERS[record.key.readInt16BE(2)] : undefined
    // Other control records (leader changes, snapshots) end no transaction.
    if (outcome) yield { kind: 'marker', partition, offset, timestamp, producerId, epoch, outcome }
  }
}

function headersOf({ headers }: KafkaRecord): Record<string, string> {
  const texts: Record<string, string> = {}
  for (const [name, value] of headers)
    if (name && value) texts[name.toString('utf8')] = value.toString('utf8')
  return texts
}
