/**
 * The state-home port: where one task keeps its state (generations) and its snapshots.
 *
 * Promises: a new generation is complete and on disk before it becomes the current one; nothing damaged is
 * ever deleted, only set aside; `restore` opens a snapshot only after its size and hash agreed.
 * Does not: decide which to use (core/recovery/plan.ts), nor fence anybody.
 */
import type { SnapshotEntry } from '../contracts/records.ts'
import type { StateStore, StoreLineage } from './store.ts'

export type OpenedState =
  /** `verified`: so many rows were checked, because somebody asked for it. */
  | { readonly kind: 'open'; readonly store: StateStore; readonly verified?: number }
  | { readonly kind: 'absent' }
  /** It was there and could not be read; `where` is its new name, null if there was nothing to move. */
  | { readonly kind: 'set-aside'; readonly reason: string; readonly where: string | null }

export interface StateHome {
  /** For messages. */
  readonly where: string
  /** Makes the directory and proves that it can be written, else STATE_UNUSABLE. */
  prepare(): void
  /** Lineage of the current generation without touching it; undefined if there is none or it can't be read. */
  peek(): StoreLineage | undefined
  /** Opens the current generation. */
  open(): OpenedState
  /** A new, empty generation, made current. */
  create(lineage: StoreLineage): StateStore
  /** A new generation from a snapshot and the partials on top of it (oldest first), made current.
   *  Rejects with SNAPSHOT_DAMAGED and leaves the current generation as it was. `mid` is called once, when a
   *  part of the work is on the disk and the current generation is still the old one. */
  restore(chain: readonly SnapshotEntry[], mid?: () => void): Promise<StateStore>
  /** Removes former generations and unfinished ones. Only after the fence. Returns the names removed. */
  retire(): string[]
}

export interface SnapshotShelf {
  readonly where: string
  /** What the JSON beside the snapshot files says; unreadable ones are left out. */
  list(unreadable?: (file: string, reason: string) => void): SnapshotEntry[]
  /** Whether its file is there in the right size; its content is checked when it is restored. */
  has(entry: SnapshotEntry): boolean
  /** Removes what a killed copy left under a temporary name. Only after the fence. */
  removeLeftovers(): string[]
}
