/**
 * Record contracts, schema v1 (contracts/schema-v1.md): the shapes on the wire, and nothing else.
 * Shared by operators, recovery and oracle; the rules that turn one into another are not here.
 *
 * Money is integer cents-like units within +-(2^53-1); times are seconds unless the name says otherwise.
 */

export interface EnrichedOrder {
  readonly orderId: string
  readonly productId: string
  readonly price: number
  readonly qty: number
  readonly storeId: string
  /** As received. */
  readonly ts: number | string
  readonly validated: true
  /** Seconds. */
  readonly normTs: number
}

export interface OutputValue {
  readonly key: string
  readonly storeId: string
  readonly productId: string
  readonly windowStart: number
  readonly sum: number
  readonly count: number
  readonly seq: number
}

/** `sum` and `count` are the after-image; absent in delta-only mode. */
export interface ChangelogValue {
  readonly key: string
  readonly seq: number
  readonly delta: number
  readonly ts: number
  readonly sum?: number
  readonly count?: number
}

export type ChangelogMode = 'after-image' | 'delta-only' | 'off'

export interface SnapshotEntry {
  readonly snapshotId: string
  /** The last changelog offset included; replay starts after it. -1 when nothing is included. */
  readonly lastChangelogOffset: number
  /** Seconds. */
  readonly createdAt: number
  readonly partition: number
  readonly kind: 'full' | 'partial'
  /** The snapshot that a partial builds on; null for a full one. */
  readonly base: string | null
  /** Relative to the snapshot directory of the task. */
  readonly path: string
  readonly bytes: number
  readonly sha256: string
  /** Rows of the whole state, of a partial too. */
  readonly keys: number
  readonly nextInputOffset: number
  /** Null for a partial: computing it would cost what the whole state costs. */
  readonly stateHash: string | null
  readonly changelogMode: ChangelogMode
  readonly schemaVersion: 1
  readonly clusterId: string
  /** Kafka topic ids of input and changelog at the time. */
  readonly inputTopicId: string
  readonly changelogTopicId: string
}

/** Value of the constant key in opb-snapshots: the newest snapshot, and every one still kept. */
export interface Manifest extends SnapshotEntry {
  readonly retained: readonly SnapshotEntry[]
}

export const MANIFEST_KEY = 'opb-manifest-latest'

export const SCHEMA_VERSION = 1

/** Window a timestamp falls into: floor(normTs / window) * window, all in seconds. */
export const windowStart = (normTs: number, windowSeconds: number): number =>
  Math.floor(normTs / windowSeconds) * windowSeconds

export const aggregateKey = (storeId: string, productId: string, start: number): string =>
  `${storeId}#${productId}#${start}`

/** One row of OpB's state. */
export interface StateRow {
  readonly key: string
  readonly sum: number
  readonly count: number
  readonly seq: number
}

/** The line of a row in the state hash: SHA-256 over these lines sorted by key (as UTF-8 bytes). */
export const stateHashLine = (row: StateRow): string => `${row.key},${row.sum},${row.count},${row.seq}\n`
