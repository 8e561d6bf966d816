/**
 * What the oracle is given: raw logs, group offsets, SQLite rows, journals, the generator's truth.
 * It is never given guarantee, scenario, mutant or crash point. `undefined` means "could not be read",
 * which makes the checks that need it `unknown`; it never makes them pass.
 */
import type { ChangelogMode, SnapshotEntry, StateRow } from '../contracts/records.ts'
import type { TopicNames } from '../contracts/names.ts'
import type { HistoryEvent } from '../history/event.ts'

export interface RawRecord {
  readonly kind: 'data'
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, string>>
  readonly producerId: string
  readonly epoch: number
  readonly transactional: boolean
}

export interface RawMarker {
  readonly kind: 'marker'
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly producerId: string
  readonly epoch: number
  readonly outcome: 'COMMIT' | 'ABORT'
}

export interface RawPartition {
  readonly topic: string
  readonly partition: number
  readonly logStart: number
  readonly lastStableOffset: number
  readonly highWatermark: number
  /** Every record and marker from logStart to highWatermark, in offset order. */
  readonly entries: readonly (RawRecord | RawMarker)[]
}

export interface RawTopic {
  readonly topic: string
  readonly partitions: readonly RawPartition[]
}

export interface GroupOffsetRow {
  readonly group: string
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/** Content of one task's SQLite file, read by the oracle's own reader. */
export interface StateDump {
  readonly partition: number
  readonly file: string
  readonly rows: readonly StateRow[]
  readonly nextInput: number
  readonly nextChangelog: number
  readonly changelogMode: ChangelogMode
  /** Seconds. */
  readonly window: number
  readonly owner: string | undefined
}

export interface SnapshotDump {
  readonly partition: number
  readonly entry: SnapshotEntry
  readonly file: string
  readonly exists: boolean
  /** Size and SHA-256 are those of the entry; absent when nobody looked. */
  readonly intact?: boolean
  /** What a full snapshot holds; absent for a partial one, or when nobody looked. */
  readonly content?: SnapshotContent
  /** What a partial one holds. */
  readonly partial?: PartialContent
  /** Why its content could not be read. */
  readonly unreadable?: string
}

/** The rows changed since the base, and where the whole state stood afterwards. */
export interface PartialContent extends SnapshotContent {
  readonly base: { readonly snapshotId: string; readonly sha256: string }
  /** Where the base stood. */
  readonly from: Pick<StateDump, 'nextInput' | 'nextChangelog'>
  /** Rows of the whole state. */
  readonly keys: number
}

export type SnapshotContent = Pick<StateDump, 'rows' | 'nextInput' | 'nextChangelog'>

/** The generator's own account of what it put into `orders`, in order per partition. */
export interface Truth {
  readonly topic: string
  /** First 16 hex digits of SHA-256 over key, a zero byte, and value; one per record. */
  readonly partitions: readonly (readonly string[])[]
}

export interface OracleInput {
  readonly prefix: string
  readonly pipeline: 'reference' | 'reference-stateless'
  /** Seconds; from flags, else the scenario, else SQLite's meta. */
  readonly window: number
  readonly names: TopicNames
  readonly groups: { readonly opa: string; readonly opb: string }
  readonly topics: Readonly<Record<keyof TopicNames, RawTopic | undefined>>
  /** The changelog as somebody read it before the cleaner ran; without it, what was removed has no offset. */
  readonly changelogTap?: RawTopic | undefined
  readonly groupOffsets: readonly GroupOffsetRow[] | undefined
  readonly states: readonly StateDump[] | undefined
  readonly snapshots: readonly SnapshotDump[] | undefined
  readonly journals: readonly HistoryEvent[] | undefined
  /** Undefined where there is no generator's truth; then `problems.truth` says so if it is there but damaged. */
  readonly truth: Truth | undefined
  /** Why something could not be read, by the name of its field or topic. */
  readonly problems?: Readonly<Record<string, string>>
  /** True when all workers ended on their own and nothing is running: folds must agree exactly. */
  readonly cleanEnd: boolean
}
