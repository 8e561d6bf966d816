/**
 * A look into state and snapshot files that changes nothing: what they say about themselves.
 * Promises: undefined for what is not there or cannot be read; no file is written, none is left behind.
 */
import { existsSync } from 'node:fs'
import Database from 'better-sqlite3'
import type { StoreLineage } from '../../core/ports/store.ts'
import { readMeta } from './store.ts'

export function lineageOf(file: string): StoreLineage | undefined {
  if (!existsSync(file)) return undefined
  let db: Database.Database | undefined
  try {
    db = new Database(file, { readonly: true, fileMustExist: true })
    return readMeta(db).lineage
  } catch {
    return undefined
  } finally {
    db?.close()
  }
}
