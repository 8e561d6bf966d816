/**
 * A look into state and snapshot files that changes nothing: what they say about themselves.
 * Promises: undefined for what is not there or cannot be read; no file is written, none is left behind.
 */
import { existsSync } from 'node:fs'
import Database from 'better-sqlite3'
import type { SnapshotEntry } from '../../core/contracts/records.ts'
import type { StoreLineage, StorePosition } from '../../core/ports/store.ts'
import { readPartialHeader } from './partial-file.ts'
import { readMeta } from './store.ts'

/** What a snapshot file, full or partial, says it belongs to. */
export function lineageOfSnapshot(file: string, kind: SnapshotEntry['kind']): StoreLineage | undefined {
  if (kind === 'full') return lineageOf(file)
  try {
    return readPartialHeader(file).lineage
  } catch {
    return undefined
  }
}

export const lineageOf = (file: string): StoreLineage | undefined => metaOf(file)?.lineage

/** How far the state in the file is. */
export const positionOf = (file: string): StorePosition | undefined => metaOf(file)?.position

function metaOf(file: string): ReturnType<typeof readMeta> | undefined {
  if (!existsSync(file)) return undefined
  let db: Database.Database | undefined
  try {
    db = new Database(file, { readonly: true, fileMustExist: true })
    return readMeta(db)
  } catch {
    return undefined
  } finally {
    db?.close()
  }
}
