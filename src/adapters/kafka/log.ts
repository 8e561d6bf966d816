/**
 * The log port on a real Apache Kafka, by kafkajs (released 2.2.4 plus the repair in patches/).
 *
 * Promises: those of core/ports/log.ts, shown by log.contract.ts on a real broker. One connection of its own
 * per reader, so that a waiting fetch of one task delays no other; the rest share one.
 * Does not: join consumer groups. Committed offsets live in the operator's canonical group all the same.
 */
import type Cluster from 'kafkajs/src/cluster/index.js'
import type { KafkaBroker } from 'kafkajs/src/cluster/index.js'
import { LabError } from '../../core/errors.ts'
import type {
  LogPort,
  PartitionOffsets,
  PartitionReader,
  ReaderOptions,
  TopicIdentity,
  TransactionalProducer,
} from '../../core/ports/log.ts'
import {
  asLabError,
  bounded,
  newCluster,
  OPERATION_TIMEOUT_MS,
  whileUnsettled,
  type ConnectionOptions,
} from './client.ts'
import { metadata } from './metadata.ts'
import { KafkaTransactionalProducer } from './producer.ts'
import { KafkaReader, releasedBatch } from './reader.ts'

export interface LogOptions extends ConnectionOptions {
  /** The client whose read_committed filter is used. */
  readonly client?: 'kafkajs' | 'kafkajs-as-released'
}

const CONNECT_TIMEOUT_MS = 8000

class KafkaLog implements LogPort {
  readonly #options: LogOptions
  readonly #cluster: Cluster
  readonly #readers: Cluster[] = []
  readonly #producers: KafkaTransactionalProducer[] = []
  #connecting: Promise<void> | undefined

  constructor(options: LogOptions) {
    this.#options = options
    this.#cluster = newCluster(options)
  }

  connect(): Promise<void> {
    return (this.#connecting ??= bounded(
      this.#cluster.connect(),
      CONNECT_TIMEOUT_MS,
      'NO_BROKER',
      `no Kafka broker at ${this.#options.brokers}`,
    ).catch((error: unknown) => {
      throw asLabError(error, 'NO_BROKER', `no Kafka broker at ${this.#options.brokers}`)
    }))
  }

  async clusterId(): Promise<string> {
    return (await this.#metadata([])).clusterId
  }

  async describe(topics: readonly string[]): Promise<TopicIdentity[]> {
    return [...(await this.#metadata(topics)).topics]
  }

  async #metadata(topics: readonly string[]) {
    return this.#call(`metadata of ${topics.join(', ')}`, async () => {
      await this.#cluster.refreshMetadata()
      return metadata(await this.#cluster.findControllerBroker(), topics)
    })
  }

  async offsets(topic: string, partition: number): Promise<PartitionOffsets> {
    return this.#call(`offsets of ${topic}/${partition}`, async () => {
      await this.#cluster.addMultipleTargetTopics([topic])
      const leader = (): Promise<KafkaBroker> => {
        const [nodeId] = Object.keys(this.#cluster.findLeaderForPartitions(topic, [partition]))
        if (nodeId === undefined)
          throw new LabError('MISSING_TOPIC', `${topic} has no partition ${partition}`)
        return this.#cluster.findBroker({ nodeId })
      }
      const ask = async (timestamp: string, isolationLevel: number): Promise<number> => {
        const topics = [{ topic, partitions: [{ partition, timestamp }] }]
        const { responses } = await whileUnsettled(
          async () => (await leader()).listOffsets({ replicaId: -1, isolationLevel, topics }),
          () => this.#cluster.refreshMetadata(),
        )
        return Number(responses[0]!.partitions[0]!.offset)
      }
      // The high watermark first: what is stable below it can only have grown when the LSO is asked.
      const highWatermark = await ask('-1', 0)
      const lastStableOffset = await ask('-1', 1)
      return { logStart: await ask('-2', 0), lastStableOffset, highWatermark }
    })
  }

  async committed(group: string, topic: string, partition: number): Promise<number | undefined> {
    return this.#call(`committed offset of ${group} on ${topic}/${partition}`, async () => {
      const topics = [{ topic, partitions: [{ partition }] }]
      const { responses } = await whileUnsettled(
        async () =>
          (await this.#cluster.findGroupCoordinator({ groupId: group })).offsetFetch({
            groupId: group,
            topics,
          }),
        () => this.#cluster.refreshMetadata(),
      )
      const offset = Number(responses[0]?.partitions[0]?.offset ?? -1)
      return offset < 0 ? undefined : offset
    })
  }

  reader(options: ReaderOptions): PartitionReader {
    let own: Promise<Cluster> | undefined
    const connect = (): Promise<Cluster> =>
      (own ??= (async () => {
        const cluster = newCluster(this.#options)
        this.#readers.push(cluster)
        await cluster.connect()
        return cluster
      })())
    return new KafkaReader(
      connect,
      options,
      this.#options.client === 'kafkajs-as-released' ? releasedBatch : undefined,
    )
  }

  producer(options: { transactionalId: string; timeoutMs: number }): TransactionalProducer {
    const producer = new KafkaTransactionalProducer(this.#options, options)
    this.#producers.push(producer)
    return producer
  }

  async close(): Promise<void> {
    const all = [this.#cluster, ...this.#readers].map((cluster) => cluster.disconnect())
    await Promise.allSettled([...all, ...this.#producers.map((producer) => producer.close())])
  }

  async #call<T>(what: string, work: () => Promise<T>): Promise<T> {
    await this.connect()
    try {
      return await bounded(work(), OPERATION_TIMEOUT_MS, 'BROKER_LOST', what)
    } catch (error) {
      throw asLabError(error, 'BROKER_LOST', what)
    }
  }
}

/** A log on the given brokers; nothing is sent before the first call. */
export function openLog(options: LogOptions): LogPort {
  return new KafkaLog(options)
}

/** A log that has answered once. Rejects with NO_BROKER within 10 s. */
export async function connectLog(options: LogOptions): Promise<LogPort> {
  const log = openLog(options)
  try {
    await log.connect()
    return log
  } catch (error) {
    await log.close()
    throw error
  }
}
