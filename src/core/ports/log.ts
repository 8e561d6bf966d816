/**
 * The log port: what operators, recovery and tools need of Kafka, and no more.
 *
 * Promises of an adapter (checked by log.contract.ts): a read_committed reader never delivers a record of
 * an aborted or open transaction, wherever it begins; `nextOffset` advances over control, aborted and
 * compacted-away records; after `fence()` has resolved every earlier producer of the transactional id is
 * refused, its open transaction is aborted, and committed offsets are stable.
 * Errors that cross the port are LabErrors: FENCED, COMMIT_UNKNOWN, BROKER_LOST, MISSING_TOPIC, NO_BROKER.
 * Offsets are plain numbers (safe up to 2^53-1); -1 stands for "none" only where said.
 */

export type Isolation = 'read_committed' | 'read_uncommitted'

export interface LogRecord {
  readonly partition: number
  readonly offset: number
  /** Milliseconds, set by the producer. */
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, string>>
  /** Key plus value plus header bytes. */
  readonly bytes: number
}

export interface FetchedChunk {
  readonly records: readonly LogRecord[]
  /** Position after this fetch: where the next one begins. */
  readonly nextOffset: number
  readonly highWatermark: number
  readonly lastStableOffset: number
}

export interface ReaderOptions {
  readonly topic: string
  readonly partition: number
  readonly from: number
  readonly isolation: Isolation
  /** Only these headers are asked for; an adapter may leave out others, which nobody then has to decode. */
  readonly headers?: readonly string[]
}

export interface PartitionReader {
  readonly topic: string
  readonly partition: number
  /** Offset that the next poll begins at. */
  readonly position: number
  seek(offset: number): void
  /** One fetch. Waits up to maxWaitMs when there is nothing to read, then returns an empty chunk.
   *  Rejects with RECOVERY_GAP if the position is outside the log. */
  poll(options?: { maxWaitMs?: number; maxBytes?: number }): Promise<FetchedChunk>
}

export interface OutputRecord {
  readonly topic: string
  readonly partition: number
  readonly key: string | Buffer | null
  readonly value: string | Buffer | null
  readonly headers: Record<string, string>
}

/** First offset given to the records of one partition, in the order they were handed over. */
export interface ProducedRange {
  readonly topic: string
  readonly partition: number
  readonly baseOffset: number
  readonly count: number
}

export interface GroupOffset {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

export interface LogTransaction {
  /** Resolves when all records are acknowledged; order within a partition is kept. */
  produce(records: readonly OutputRecord[]): Promise<ProducedRange[]>
  addOffsets(group: string, offsets: readonly GroupOffset[]): Promise<void>
  /** Rejects with FENCED (surely not committed) or COMMIT_UNKNOWN. Never retried by the adapter. */
  commit(): Promise<void>
  abort(): Promise<void>
}

export interface FenceResult {
  readonly producerId: string
  readonly epoch: number
}

export interface TransactionalProducer {
  readonly transactionalId: string
  /** InitProducerId: fences every earlier producer of this id and aborts its open transaction. Once only. */
  fence(): Promise<FenceResult>
  begin(): Promise<LogTransaction>
  close(): Promise<void>
}

export interface PartitionOffsets {
  readonly logStart: number
  readonly lastStableOffset: number
  readonly highWatermark: number
}

export interface TopicIdentity {
  readonly topic: string
  readonly topicId: string
  readonly partitions: number
}

export interface LogPort {
  /** Rejects with NO_BROKER within 10 s if nothing answers. */
  connect(): Promise<void>
  clusterId(): Promise<string>
  /** Identity of existing topics; a missing one is left out. */
  describe(topics: readonly string[]): Promise<TopicIdentity[]>
  offsets(topic: string, partition: number): Promise<PartitionOffsets>
  /** Committed offset of a group, or undefined if there is none. */
  committed(group: string, topic: string, partition: number): Promise<number | undefined>
  reader(options: ReaderOptions): PartitionReader
  producer(options: { transactionalId: string; timeoutMs: number }): TransactionalProducer
  close(): Promise<void>
}
