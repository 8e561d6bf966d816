/**
 * Reads one partition by fetch, from any offset, without a consumer group: ownership of a task is static,
 * so a restart waits for no session timeout and the position is known exactly, markers included.
 *
 * Promises (log.contract.ts): with read_committed no record of an aborted or open transaction is delivered,
 * wherever the fetch begins; the filter is kafkajs's own Batch with the repair of patches/ applied (or, for
 * the client-as-released mutant, the released package's Batch).
 */
import RepairedBatch from 'kafkajs/src/consumer/batch.js'
import type Cluster from 'kafkajs/src/cluster/index.js'
import type { FetchPartition, KafkaBroker, RawMessage } from 'kafkajs/src/cluster/index.js'
import { LabError } from '../../core/errors.ts'
import type {
  FetchedChunk,
  Isolation,
  LogRecord,
  PartitionReader,
  ReaderOptions,
} from '../../core/ports/log.ts'
import { asLabError, bounded, OPERATION_TIMEOUT_MS, protocolType, whileUnsettled } from './client.ts'

type BatchClass = typeof RepairedBatch
type BatchSource = () => BatchClass | Promise<BatchClass>

/** Loaded by the mutant alone. */
export async function releasedBatch(): Promise<BatchClass> {
  const { default: batch } = await import('kafkajs-as-released/src/consumer/batch.js')
  return batch
}

const last = (value: Buffer | Buffer[] | null): Buffer | null =>
  Array.isArray(value) ? (value.at(-1) ?? null) : value

/** `wanted`: the others are counted and not made into text, which costs more than all else here. */
function toRecord(message: RawMessage, partition: number, wanted: readonly string[] | undefined): LogRecord {
  const headers: Record<string, string> = {}
  let bytes = (message.key?.length ?? 0) + (message.value?.length ?? 0)
  for (const name of Object.keys(message.headers)) {
    const value = last(message.headers[name]!)
    bytes += name.length + (value?.length ?? 0)
    if (wanted === undefined || wanted.includes(name)) headers[name] = value?.toString('utf8') ?? ''
  }
  return {
    partition,
    offset: Number(message.offset),
    timestamp: Number(message.timestamp),
    key: message.key,
    value: message.value,
    headers,
    bytes,
  }
}

export class KafkaReader implements PartitionReader {
  readonly topic: string
  readonly partition: number
  position: number
  readonly #cluster: () => Promise<Cluster>
  readonly #isolation: Isolation
  readonly #headers: readonly string[] | undefined
  readonly #batch: BatchSource
  #broker: KafkaBroker | undefined

  constructor(
    cluster: () => Promise<Cluster>,
    options: ReaderOptions,
    batch: BatchSource = () => RepairedBatch,
  ) {
    this.topic = options.topic
    this.partition = options.partition
    this.position = options.from
    this.#isolation = options.isolation
    this.#headers = options.headers
    this.#cluster = cluster
    this.#batch = batch
  }

  seek(offset: number): void {
    this.position = offset
  }

  async poll(options: { maxWaitMs?: number; maxBytes?: number } = {}): Promise<FetchedChunk> {
    const what = `fetch of ${this.topic}/${this.partition} at ${this.position}`
    const work = whileUnsettled(
      () => this.#fetch(options.maxWaitMs ?? 100, options.maxBytes ?? 4 << 20),
      async () => {
        this.#broker = undefined
        await (await this.#cluster()).refreshMetadata()
      },
    )
    const part = await bounded(work, OPERATION_TIMEOUT_MS, 'BROKER_LOST', what).catch((error: unknown) => {
      this.#broker = undefined
      if (protocolType(error) === 'OFFSET_OUT_OF_RANGE') {
        throw new LabError('RECOVERY_GAP', `${what}: the offset is outside the log`, { cause: error })
      }
      throw asLabError(error, 'BROKER_LOST', what)
    })
    const Batch = await this.#batch()
    const { messages } = new Batch(this.topic, String(this.position), part)
    this.position = Math.max(this.position, Number(part.messages.nextOffset ?? this.position))
    return {
      records: messages.map((message) => toRecord(message, this.partition, this.#headers)),
      nextOffset: this.position,
      highWatermark: Number(part.highWatermark),
      // The broker leaves it out (-1) for read_uncommitted: then the high watermark is the end of what we see.
      lastStableOffset:
        Number(part.lastStableOffset) < 0 ? Number(part.highWatermark) : Number(part.lastStableOffset),
    }
  }

  async #fetch(maxWaitTime: number, maxBytes: number): Promise<FetchPartition> {
    const broker = (this.#broker ??= await this.#leader())
    const response = await broker.fetch({
      replicaId: -1,
      isolationLevel: this.#isolation === 'read_committed' ? 1 : 0,
      maxWaitTime,
      minBytes: 1,
      maxBytes,
      topics: [
        {
          topic: this.topic,
          partitions: [{ partition: this.partition, fetchOffset: String(this.position), maxBytes }],
        },
      ],
    })
    const part = response.responses[0]?.partitions[0]
    if (!part)
      throw new LabError(
        'BROKER_LOST',
        `the broker answered a fetch of ${this.topic}/${this.partition} without that partition`,
      )
    return part
  }

  async #leader(): Promise<KafkaBroker> {
    const cluster = await this.#cluster()
    await cluster.addMultipleTargetTopics([this.topic])
    const [nodeId] = Object.keys(cluster.findLeaderForPartitions(this.topic, [this.partition]))
    if (nodeId === undefined) {
      throw new LabError('MISSING_TOPIC', `${this.topic} has no partition ${this.partition}`, {
        hint: 'create the topics: eoslab topics create --prefix P',
      })
    }
    return cluster.findBroker({ nodeId })
  }
}
