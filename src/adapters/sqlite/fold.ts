/**
 * Folds the write-ahead log of a database that nobody uses into its main file, as the last connection of a
 * clean end does. For faults: damage in the main file shows only where no newer page in the log covers it.
 */
import Database from 'better-sqlite3'

export function foldWal(file: string): void {
  const db = new Database(file, { fileMustExist: true })
  try {
    db.pragma('wal_checkpoint(TRUNCATE)')
  } finally {
    db.close()
  }
}
