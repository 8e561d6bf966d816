/**
 * Full or partial: a pure decision from what was asked, the known snapshots and the number of changed rows.
 *
 * Promises: with `auto`, the partials of a chain never grow beyond about half the bytes of its full one, nor
 * the chain beyond MAX_LINKS files, so that restoring reads at most one and a half times the state and the
 * manifest stays small; without a base, or with a chain that is not known whole, the snapshot is full.
 */
import type { SnapshotEntry } from '../contracts/records.ts'
import { chainOf } from './manifest.ts'

export const SNAPSHOT_KINDS = ['auto', 'full', 'partial'] as const
export type SnapshotKind = (typeof SNAPSHOT_KINDS)[number]

/** Merging earlier costs a copy, later a longer restore: at half, at most 1.5 times the state is read. */
const MERGE_AT = 0.5
const MAX_LINKS = 32

export type Chosen =
  | { readonly kind: 'full' }
  /** `maxRows`: a partial with more would be too much, the snapshot is to be full then. */
  | { readonly kind: 'partial'; readonly base: SnapshotEntry; readonly maxRows: number }

/** `known`: usable snapshots, newest first. */
export function chooseKind(asked: SnapshotKind, known: readonly SnapshotEntry[]): Chosen {
  const [base] = known
  const chain = base && chainOf(base, known)
  if (asked === 'full' || !base || !chain) return { kind: 'full' }
  if (asked === 'partial') return { kind: 'partial', base, maxRows: Number.POSITIVE_INFINITY }
  const [full] = chain
  const grown = chain.slice(1).reduce((sum, link) => sum + link.bytes, 0)
  const left = full!.bytes * MERGE_AT - grown
  const maxRows = Math.floor(left / bytesPerRow(full!))
  return chain.length >= MAX_LINKS || maxRows < 1 ? { kind: 'full' } : { kind: 'partial', base, maxRows }
}

/** Rows worth keeping in memory on top of this full snapshot: beyond half of it `auto` takes a full one. */
export const worthTracking = (kind: SnapshotKind, keys: number): number =>
  kind === 'full' ? 0 : kind === 'partial' ? Number.POSITIVE_INFINITY : Math.ceil(keys * MERGE_AT)

const bytesPerRow = (full: SnapshotEntry): number => full.bytes / Math.max(1, full.keys)
