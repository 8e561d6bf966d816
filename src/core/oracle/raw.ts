/**
 * Raw logs, interpreted: which record was committed, aborted, or is still open.
 *
 * Promises: one pure pass over a partition, trusting nothing but producer id, the transactional flag and the
 * control markers. A marker decides every open record of its producer id and no other; its epoch is not
 * compared, because fencing writes the marker of the old transaction under a bumped epoch. A record outside
 * any transaction is committed.
 * Does not: filter the way a client does, look at the broker's list of aborted transactions, or know topics.
 *
 * Example:  1 data pid7 txn | 2 data pid8 txn | 3 ABORT pid8 | 4 COMMIT pid7
 *           1 committed (7#0), 2 aborted (8#0)
 */
import { type SourceRef, HEADER, decodeSource } from '../contracts/headers.ts'
import type { RawPartition, RawRecord, RawTopic } from './input.ts'

export type Fate = 'committed' | 'aborted' | 'open'

export interface FatedRecord {
  readonly topic: string
  readonly record: RawRecord
  readonly fate: Fate
  /** `<producer id>#<n>`, n counting that producer's markers in this partition; undefined outside a transaction. */
  readonly transaction: string | undefined
}

export interface FatedPartition {
  readonly topic: string
  readonly partition: number
  readonly logStart: number
  readonly lastStableOffset: number
  readonly highWatermark: number
  /** Data records in offset order. */
  readonly records: readonly FatedRecord[]
  /** Offsets taken by control markers. */
  readonly markers: ReadonlySet<number>
  /** Offset of the first record of an open transaction; the high watermark when none is open. */
  readonly firstOpen: number
  /** An offset between the first and the last entry holds neither record nor marker: the cleaner was here. */
  readonly holes: boolean
}

interface Fated {
  topic: string
  record: RawRecord
  fate: Fate
  transaction: string | undefined
}

export function interpret(raw: RawPartition): FatedPartition {
  const records: Fated[] = []
  const markers = new Set<number>()
  const openByProducer = new Map<string, Fated[]>()
  const ended = new Map<string, number>()
  let expected = raw.logStart
  let holes = false
  for (const entry of raw.entries) {
    if (entry.offset !== expected) holes = true
    expected = entry.offset + 1
    const { producerId } = entry
    const n = ended.get(producerId) ?? 0
    if (entry.kind === 'marker') {
      markers.add(entry.offset)
      const fate = entry.outcome === 'COMMIT' ? 'committed' : 'aborted'
      for (const open of openByProducer.get(producerId) ?? []) open.fate = fate
      openByProducer.delete(producerId)
      ended.set(producerId, n + 1)
      continue
    }
    const { topic } = raw
    if (!entry.transactional) {
      records.push({ topic, record: entry, fate: 'committed', transaction: undefined })
      continue
    }
    const fated: Fated = { topic, record: entry, fate: 'open', transaction: `${producerId}#${n}` }
    records.push(fated)
    const open = openByProducer.get(producerId)
    if (open) open.push(fated)
    else openByProducer.set(producerId, [fated])
  }
  let firstOpen = raw.highWatermark
  for (const [first] of openByProducer.values()) firstOpen = Math.min(firstOpen, first!.record.offset)
  const { topic, partition, logStart, lastStableOffset, highWatermark } = raw
  return { topic, partition, logStart, lastStableOffset, highWatermark, records, markers, firstOpen, holes }
}

export const interpretTopic = (raw: RawTopic): FatedPartition[] => raw.partitions.map(interpret)

export const committedOf = (partition: FatedPartition): FatedRecord[] =>
  partition.records.filter((r) => r.fate === 'committed')

const sources = new WeakMap<FatedRecord, SourceRef | null>()

/** The `src` header, taken apart; undefined if there is none or it cannot be read. Every check asks for it. */
export function sourceOf(fated: FatedRecord): SourceRef | undefined {
  const known = sources.get(fated)
  if (known !== undefined) return known ?? undefined
  const source = decodeSource(fated.record.headers[HEADER.src])
  sources.set(fated, source ?? null)
  return source
}
