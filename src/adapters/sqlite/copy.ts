/**
 * Copies a live state file into a finished snapshot file and reads from the copy what it holds.
 *
 * Promises: the copy is one consistent read, taken on a connection of its own while the owner goes on
 * writing; everything that is reported (offsets, keys, state hash, bytes, SHA-256) was read from the copy;
 * it is on disk when this returns, with no WAL or journal beside it.
 * Does not: give it its final name. Blocks its thread: meant for snapshot-thread.ts.
 */
import Database from 'better-sqlite3'
import { rmSync, statSync } from 'node:fs'
import { hashRows } from '../../core/ports/memory-store.ts'
import type { StateRow } from '../../core/contracts/records.ts'
import { fsyncPath, hashFile } from './files.ts'
import { readMeta } from './store.ts'
import type { StoredMeta } from './store.ts'

export interface CopyOrder {
  readonly source: string
  readonly target: string
}

/** A finished file, full or partial, and what it holds. */
export interface Written extends Pick<StoredMeta, 'lineage' | 'position'> {
  /** Rows of the whole state. */
  readonly keys: number
  readonly stateHash: string | null
  readonly bytes: number
  readonly sha256: string
}

/** VACUUM INTO and not the backup API: one statement, one read, and a file that is not in WAL mode, so
 *  that nobody who opens it later leaves a -wal beside it. */
export function copyState({ source, target }: CopyOrder): void {
  rmSync(target, { force: true })
  const live = new Database(source, { readonly: true, fileMustExist: true })
  try {
    live.prepare('VACUUM INTO ?').run(target)
  } finally {
    live.close()
  }
}

/** `mid`: the file has its content, but not all of it need be on disk. */
export function copyAndDescribe(order: CopyOrder, mid?: () => void): Written {
  copyState(order)
  mid?.()
  const { target } = order
  const copy = new Database(target, { readonly: true, fileMustExist: true })
  let content: StoredMeta & { keys: number; stateHash: string }
  try {
    let keys = 0
    const rows = copy.prepare<[], StateRow>('SELECT key, sum, count, seq FROM state ORDER BY key').iterate()
    const counted = (function* () {
      for (const row of rows) {
        keys += 1
        yield row
      }
    })()
    const stateHash = hashRows(counted)
    content = { ...readMeta(copy), keys, stateHash }
  } finally {
    copy.close()
  }
  fsyncPath(target)
  return { ...content, bytes: statSync(target).size, sha256: hashFile(target) }
}
