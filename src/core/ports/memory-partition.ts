/**
 * One partition of the log in memory: entries in offset order, control markers among them.
 *
 * Promises: an offset is given once; the last stable offset is that of the oldest open transaction's first
 * record; compaction keeps offsets and never takes the last record or anything at or above the LSO.
 * Does not: know transactional ids or fencing; that is the coordinator in memory-log.ts.
 */
import type { LogRecord, OutputRecord, PartitionOffsets } from './log.ts'

/** Who writes records and markers: the coordinator's view of a transactional id. */
export interface ProducerId {
  readonly producerId: string
  readonly epoch: number
}

export type MemoryEntry =
  | {
      readonly kind: 'data'
      readonly offset: number
      readonly record: LogRecord
      readonly producerId: string | undefined
      fate: 'open' | 'committed' | 'aborted'
    }
  | {
      readonly kind: 'marker'
      readonly offset: number
      readonly producerId: string
      readonly epoch: number
      readonly outcome: 'COMMIT' | 'ABORT'
    }

const bytesOf = (text: string | Buffer | null): Buffer | null =>
  text === null ? null : Buffer.isBuffer(text) ? text : Buffer.from(text)

export class MemoryPartition {
  readonly partition: number
  #entries: MemoryEntry[] = []
  #logStart = 0
  #end = 0

  constructor(partition: number) {
    this.partition = partition
  }

  /** Every entry that is left, markers and open records included: the raw log. */
  entries(): readonly MemoryEntry[] {
    return this.#entries
  }

  offsets(): PartitionOffsets {
    const open = this.#entries.find((entry) => entry.kind === 'data' && entry.fate === 'open')
    return { logStart: this.#logStart, lastStableOffset: open?.offset ?? this.#end, highWatermark: this.#end }
  }

  *from(offset: number): Iterable<MemoryEntry> {
    for (let i = this.#indexOf(offset); i < this.#entries.length; i++) yield this.#entries[i]!
  }

  append(record: OutputRecord, timestamp: number, producer: ProducerId | undefined): number {
    const offset = this.#end++
    const key = bytesOf(record.key)
    const value = bytesOf(record.value)
    let bytes = (key?.length ?? 0) + (value?.length ?? 0)
    for (const [name, text] of Object.entries(record.headers)) bytes += Buffer.byteLength(name + text)
    this.#entries.push({
      kind: 'data',
      offset,
      record: {
        partition: this.partition,
        offset,
        timestamp,
        key,
        value,
        headers: { ...record.headers },
        bytes,
      },
      producerId: producer?.producerId,
      fate: producer ? 'open' : 'committed',
    })
    return offset
  }

  /** Writes the marker of a transaction; what it had open here gets its fate. */
  end(producer: ProducerId, outcome: 'COMMIT' | 'ABORT'): void {
    const { producerId, epoch } = producer
    for (const entry of this.#entries) {
      if (entry.kind === 'data' && entry.fate === 'open' && entry.producerId === producerId) {
        entry.fate = outcome === 'COMMIT' ? 'committed' : 'aborted'
      }
    }
    this.#entries.push({ kind: 'marker', offset: this.#end++, producerId, epoch, outcome })
  }

  /** Keeps the newest committed record of each key; offsets stay. */
  compact(): void {
    const { lastStableOffset } = this.offsets()
    const newest = new Map<string, number>()
    for (const entry of this.#entries) {
      if (
        entry.kind === 'data' &&
        entry.fate === 'committed' &&
        entry.record.key &&
        entry.offset < lastStableOffset
      )
        newest.set(entry.record.key.toString('hex'), entry.offset)
    }
    const last = this.#entries.at(-1)?.offset
    this.#entries = this.#entries.filter((entry) => {
      if (entry.kind === 'marker' || entry.offset >= lastStableOffset || entry.offset === last) return true
      if (entry.fate === 'aborted') return false
      return !entry.record.key || newest.get(entry.record.key.toString('hex')) === entry.offset
    })
  }

  /** What retention does: the log begins at `offset` from now on. */
  deleteBefore(offset: number): void {
    this.#logStart = Math.min(Math.max(this.#logStart, offset), this.#end)
    this.#entries = this.#entries.filter((entry) => entry.offset >= this.#logStart)
  }

  #indexOf(offset: number): number {
    let low = 0
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#entries[middle]!.offset < offset) low = middle + 1
      else high = middle
    }
    return low
  }
}
