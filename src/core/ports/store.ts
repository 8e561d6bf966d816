/**
 * The store port: OpB's state of one task. SQLite on disk, or in memory for tests.
 *
 * Promises: `apply` and `replayChunk` are atomic; both first check that the stored owner is the caller and
 * that the stored next input offset is the expected one (else OWNER_CHANGED / RECOVERY_MISMATCH), so a
 * former owner that wakes up changes nothing. Rows and positions never part.
 * Does not: decide what to restore or replay; that is core/recovery.
 */
import type { ChangelogMode, StateRow } from '../contracts/records.ts'

export interface StoreLineage {
  readonly prefix: string
  readonly clusterId: string
  readonly inputTopicId: string
  readonly changelogTopicId: string
  readonly changelogMode: ChangelogMode
  readonly schemaVersion: number
  readonly partition: number
  /** Seconds. */
  readonly window: number
}

export interface StorePosition {
  /** Next input offset: everything below it is in the rows. */
  readonly nextInput: number
  /** Next changelog offset: everything below it is in the rows. */
  readonly nextChangelog: number
}

export interface StoreRow extends StateRow {
  /** Offset of the changelog record that made this row; -1 with the changelog off. */
  readonly changelogOffset: number
}

export interface ApplyRequest {
  readonly owner: string
  readonly expectedNextInput: number
  readonly rows: Iterable<StoreRow>
  readonly next: StorePosition
  /** Called inside the transaction, after the rows and before the positions: for crash points. */
  readonly mid?: () => void
}

/** A row to be written if what is stored has a lower seq, or is not there. */
export interface NewerRow extends StoreRow {
  /** The caller wants to know of a stored seq that is not below this one. */
  readonly above: number
}

export interface StateStore {
  readonly lineage: StoreLineage
  get(key: string): StateRow | undefined
  position(): StorePosition
  owner(): string | undefined
  /** Writes the new owner; called right after the fence. */
  takeOwnership(owner: string): void
  apply(request: ApplyRequest): void
  /**
   * As `apply`, for a replay: rows whose seq is not above the stored one are left out. It answers with the seq
   * that was stored for each key whose one was not below `above`. A store without it is asked for each row
   * before it is written, which costs a replay about as much as the writing.
   */
  applyIfNewer?(
    request: Omit<ApplyRequest, 'rows'> & { readonly rows: Iterable<NewerRow> },
  ): ReadonlyMap<string, number>
  keyCount(): number
  /** All rows, sorted by key as UTF-8 bytes. */
  rows(): Iterable<StoreRow>
  stateHash(): string
  close(): void
}
