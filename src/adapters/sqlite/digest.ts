/**
 * Checksums of what a state file holds. SQLite has none for its pages: a bit that flips in a value goes
 * unnoticed, and integrity_check calls the file fine.
 *
 * Promises: any one bit that differs in a row, its key or its checksum is found, and other damage but for one
 * time in 2^32. Does not: find a row that is gone without a trace, or one put back from an older copy.
 */
import type Database from 'better-sqlite3'
import { crc32 } from 'node:zlib'
import type { StoreRow } from '../../core/ports/store.ts'
import type { StorePosition } from '../../core/ports/store.ts'

/** A file that opens but is no state of ours, or not what was written; the caller sets it aside. */
export class DamagedState extends Error {}

/** Up to so many rows all are checked when a state is opened (about a tenth of a second); beyond it, when read. */
export const CHECKED_AT_ONCE = 100_000

export const rowDigest = ({ key, sum, count, seq, changelogOffset }: StoreRow): number =>
  crc32(`${key},${sum},${count},${seq},${changelogOffset}`)

export const positionDigest = ({ nextInput, nextChangelog }: StorePosition): string =>
  String(crc32(`${nextInput},${nextChangelog}`))

/** Null in rows that were written before there were checksums. */
export interface DigestedRow extends StoreRow {
  readonly digest: number | null
}

export function checkRow(row: DigestedRow): void {
  if (row.digest === null || row.digest === rowDigest(row)) return
  throw new DamagedState(`the row of ${JSON.stringify(row.key)} is not what was written`)
}

/** Every row of the file. */
export function checkRows(db: Database.Database): void {
  const rows = db.prepare<[], [string, number, number, number, number, number | null]>(
    'SELECT key, sum, count, seq, changelog_offset, digest FROM state',
  )
  for (const [key, sum, count, seq, changelogOffset, digest] of rows.raw().iterate())
    checkRow({ key, sum, count, seq, changelogOffset, digest })
}

/** Files of earlier versions get the column, without checksums until their rows are written again. */
export function withDigests(db: Database.Database): void {
  const columns = db.pragma('table_info(state)') as { name: string }[]
  if (columns.length === 0 || columns.some(({ name }) => name === 'digest')) return
  db.exec('ALTER TABLE state ADD COLUMN digest INTEGER')
}
