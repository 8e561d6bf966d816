/**
 * The log port in memory: topics, transactions, markers that take offsets, fencing, isolation.
 *
 * Promises: what log.contract.ts asks of every adapter. Two `client()`s of one MemoryCluster see one log,
 * as two processes see one broker.
 * Does not: know time. Waiting is the `wait` argument (default: none), and transactions expire only when
 * `expire()` is called. No consumer groups beyond committed offsets, no idempotent-producer sequences.
 */
import { LabError } from '../errors.ts'
import type {
  FetchedChunk,
  GroupOffset,
  Isolation,
  LogPort,
  LogRecord,
  OutputRecord,
  PartitionReader,
  ProducedRange,
  TransactionalProducer,
} from './log.ts'
import { MemoryPartition } from './memory-partition.ts'

interface Topic {
  readonly topicId: string
  readonly partitions: readonly MemoryPartition[]
}

/** What the transaction coordinator knows of one transactional id. */
interface ProducerState {
  readonly producerId: string
  epoch: number
  open: OpenTransaction | undefined
}

interface OpenTransaction {
  readonly touched: Set<MemoryPartition>
  readonly offsets: Map<string, number>
}

export interface MemoryClusterOptions {
  readonly clusterId?: string
  /** Called by a reader that found nothing; resolve when it may look again. */
  readonly wait?: (ms: number) => Promise<void>
  /** Stamp of appended records. */
  readonly wallMs?: () => number
}

export class MemoryCluster {
  readonly clusterId: string
  readonly #topics = new Map<string, Topic>()
  readonly #producers = new Map<string, ProducerState>()
  readonly #committed = new Map<string, number>()
  readonly #wait: (ms: number) => Promise<void>
  readonly #wallMs: () => number
  #ids = 0

  constructor(options: MemoryClusterOptions = {}) {
    this.clusterId = options.clusterId ?? 'memory'
    this.#wait = options.wait ?? (() => Promise.resolve())
    this.#wallMs = options.wallMs ?? (() => 0)
  }

  createTopic(topic: string, partitions = 1): void {
    if (this.#topics.has(topic)) return
    const made = Array.from({ length: partitions }, (_, partition) => new MemoryPartition(partition))
    this.#topics.set(topic, { topicId: `memory-topic-${++this.#ids}`, partitions: made })
  }

  deleteTopic(topic: string): void {
    this.#topics.delete(topic)
    for (const at of this.#committed.keys()) if (at.includes(`\n${topic}\n`)) this.#committed.delete(at)
  }

  /** A plain, non-transactional append. Returns the offset. */
  append(record: OutputRecord): number {
    return this.partition(record.topic, record.partition).append(record, this.#wallMs(), undefined)
  }

  /** For compaction and retention: partition(...).compact(), .deleteBefore(offset). */
  partition(topic: string, partition: number): MemoryPartition {
    const found = this.#topics.get(topic)?.partitions[partition]
    if (!found) {
      throw new LabError('MISSING_TOPIC', `topic ${topic} has no partition ${partition}`, {
        hint: 'create it: eoslab topics create --prefix P',
      })
    }
    return found
  }

  topic(name: string): { topicId: string; partitions: number } | undefined {
    const topic = this.#topics.get(name)
    return topic && { topicId: topic.topicId, partitions: topic.partitions.length }
  }

  committed(group: string, topic: string, partition: number): number | undefined {
    return this.#committed.get(`${group}\n${topic}\n${partition}`)
  }

  setCommitted(group: string, at: GroupOffset): void {
    this.#committed.set(`${group}\n${at.topic}\n${at.partition}`, at.offset)
  }

  /** What the coordinator does when a transaction's timeout has passed: abort under a bumped epoch. */
  expire(transactionalId: string): void {
    const state = this.#producers.get(transactionalId)
    if (state?.open) this.#abortBumped(state)
  }

  client(): LogPort {
    return {
      connect: () => Promise.resolve(),
      close: () => Promise.resolve(),
      clusterId: () => Promise.resolve(this.clusterId),
      describe: async (topics) =>
        topics.flatMap((topic) => {
          const found = this.topic(topic)
          return found ? [{ topic, ...found }] : []
        }),
      offsets: async (topic, partition) => this.partition(topic, partition).offsets(),
      committed: async (group, topic, partition) => this.committed(group, topic, partition),
      reader: (options) => new MemoryReader(this, options, this.#wait),
      producer: ({ transactionalId }) => this.#producer(transactionalId),
    }
  }

  #abortBumped(state: ProducerState): void {
    state.epoch += 1
    this.#end(state, 'ABORT')
  }

  #end(state: ProducerState, outcome: 'COMMIT' | 'ABORT'): void {
    const { open } = state
    if (!open) return
    for (const partition of open.touched) partition.end(state, outcome)
    if (outcome === 'COMMIT') for (const [at, offset] of open.offsets) this.#committed.set(at, offset)
    state.open = undefined
  }

  #initProducer(transactionalId: string): ProducerState {
    const known = this.#producers.get(transactionalId)
    if (known) {
      if (known.open) this.#abortBumped(known)
      known.epoch += 1
      return known
    }
    const state: ProducerState = {
      producerId: String(1000 + this.#producers.size),
      epoch: 0,
      open: undefined,
    }
    this.#producers.set(transactionalId, state)
    return state
  }

  #producer(transactionalId: string): TransactionalProducer {
    let mine: { state: ProducerState; epoch: number } | undefined
    const check = (): ProducerState => {
      if (!mine) throw new LabError('INTERNAL', `producer ${transactionalId} has not fenced yet`)
      if (mine.state.epoch !== mine.epoch) {
        throw new LabError(
          'FENCED',
          `${transactionalId} epoch ${mine.epoch} is fenced by epoch ${mine.state.epoch}`,
        )
      }
      return mine.state
    }
    return {
      transactionalId,
      fence: async () => {
        if (mine) throw new LabError('INTERNAL', `producer ${transactionalId} has fenced already`)
        const state = this.#initProducer(transactionalId)
        mine = { state, epoch: state.epoch }
        return { producerId: state.producerId, epoch: state.epoch }
      },
      begin: async () => {
        if (!mine) throw new LabError('INTERNAL', `producer ${transactionalId} has not fenced yet`)
        // Like the protocol, begin talks to nobody: a fenced producer finds out when it sends.
        return {
          produce: async (records) => this.#produce(check(), records),
          addOffsets: async (group, offsets) => {
            const open = opened(check())
            for (const at of offsets) open.offsets.set(`${group}\n${at.topic}\n${at.partition}`, at.offset)
          },
          commit: async () => this.#end(check(), 'COMMIT'),
          abort: async () => this.#end(check(), 'ABORT'),
        }
      },
      close: () => Promise.resolve(),
    }
  }

  #produce(state: ProducerState, records: readonly OutputRecord[]): ProducedRange[] {
    // All partitions are looked up first, so that a missing one leaves no half of the batch.
    const targets = records.map((record) => this.partition(record.topic, record.partition))
    const ranges = new Map<
      MemoryPartition,
      { topic: string; partition: number; baseOffset: number; count: number }
    >()
    for (const [i, record] of records.entries()) {
      const partition = targets[i]!
      opened(state).touched.add(partition)
      const offset = partition.append(record, this.#wallMs(), state)
      const range = ranges.get(partition)
      if (range) range.count += 1
      else
        ranges.set(partition, {
          topic: record.topic,
          partition: record.partition,
          baseOffset: offset,
          count: 1,
        })
    }
    return [...ranges.values()]
  }
}

const opened = (state: ProducerState): OpenTransaction =>
  (state.open ??= { touched: new Set(), offsets: new Map() })

class MemoryReader implements PartitionReader {
  readonly topic: string
  readonly partition: number
  position: number
  readonly #cluster: MemoryCluster
  readonly #isolation: Isolation
  readonly #wait: (ms: number) => Promise<void>

  constructor(
    cluster: MemoryCluster,
    options: { topic: string; partition: number; from: number; isolation: Isolation },
    wait: (ms: number) => Promise<void>,
  ) {
    this.topic = options.topic
    this.partition = options.partition
    this.position = options.from
    this.#cluster = cluster
    this.#isolation = options.isolation
    this.#wait = wait
  }

  seek(offset: number): void {
    this.position = offset
  }

  async poll(options: { maxWaitMs?: number; maxBytes?: number } = {}): Promise<FetchedChunk> {
    const fetched = this.#fetch(options.maxBytes ?? 1_048_576)
    if (fetched.nextOffset > this.position || !options.maxWaitMs) return this.#advance(fetched)
    await this.#wait(options.maxWaitMs)
    return this.#advance(this.#fetch(options.maxBytes ?? 1_048_576))
  }

  #advance(chunk: FetchedChunk): FetchedChunk {
    this.position = chunk.nextOffset
    return chunk
  }

  #fetch(maxBytes: number): FetchedChunk {
    const log = this.#cluster.partition(this.topic, this.partition)
    const { logStart, lastStableOffset, highWatermark } = log.offsets()
    if (this.position < logStart || this.position > highWatermark) {
      throw new LabError(
        'RECOVERY_GAP',
        `${this.topic}/${this.partition}: offset ${this.position} is outside the log (${logStart} to ${highWatermark})`,
      )
    }
    const end = this.#isolation === 'read_committed' ? lastStableOffset : highWatermark
    const records: LogRecord[] = []
    let bytes = 0
    let next = Math.max(this.position, end)
    for (const entry of log.from(this.position)) {
      if (entry.offset >= end) break
      if (entry.kind === 'marker') continue
      if (this.#isolation === 'read_committed' && entry.fate !== 'committed') continue
      if (bytes >= maxBytes) {
        next = entry.offset
        break
      }
      records.push(entry.record)
      bytes += entry.record.bytes
    }
    return { records, nextOffset: next, highWatermark, lastStableOffset }
  }
}
