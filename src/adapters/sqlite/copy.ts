/**
 * Copies a live state file into a finished snapshot file and reads from the copy what it holds.
 *
 * Promises: the copy is one consistent read, taken on a connection of its own while the owner goes on
 * writing; everything that is reported (offsets, keys, state hash, bytes, SHA-256) is that of the copy; it is
 * on disk when this resolves, with no WAL or journal beside it.
 * Does not: give it its final name. Blocks its thread: meant for snapshot-thread.ts.
 */
import Database from 'better-sqlite3'
import { createHash } from 'node:crypto'
import { rmSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { hashFile } from './files.ts'
import { hashState } from './state-hash.ts'
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

/** A state up to this size is copied through memory, which takes half the time; a larger one page by page. */
const IN_MEMORY_BYTES = 256 << 20

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

/** The bytes of a consistent copy; undefined if they would take more than `limit` of memory. */
function imageOf(source: string, limit: number): Buffer | undefined {
  const live = new Database(source, { readonly: true, fileMustExist: true })
  try {
    const size = (name: string): number => live.pragma(name, { simple: true }) as number
    if (size('page_count') * size('page_size') > limit) return undefined
    const image = live.serialize()
    // Bytes 18 and 19 of SQLite's file header, 2 for WAL and 1 for none: the copy is no WAL database.
    image.fill(1, 18, 20)
    return image
  } finally {
    live.close()
  }
}

/** Writes the copy; its digest, once its content is in the file and before that need be on disk. */
async function writeCopy({ source, target }: CopyOrder, inMemory: number): Promise<string> {
  const image = imageOf(source, inMemory)
  if (image === undefined) {
    copyState({ source, target })
    return hashFile(target)
  }
  const file = await open(target, 'w')
  try {
    // Written by another thread while this one hashes.
    const writing = file.writeFile(image)
    const sha256 = createHash('sha256').update(image).digest('hex')
    await writing
    return sha256
  } finally {
    await file.close()
  }
}

async function sync(target: string): Promise<void> {
  const file = await open(target, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** `mid`: the file has its content, but not all of it need be on disk. */
export async function copyAndDescribe(
  order: CopyOrder,
  mid?: () => void,
  inMemory = IN_MEMORY_BYTES,
): Promise<Written> {
  const { target } = order
  const sha256 = await writeCopy(order, inMemory)
  mid?.()
  // On its way to the disk while this thread reads it again.
  const synced = sync(target)
  const [content] = await Promise.all([contentOf(target), synced])
  return { ...content, bytes: statSync(target).size, sha256 }
}

async function contentOf(
  target: string,
): Promise<Pick<Written, 'lineage' | 'position' | 'keys' | 'stateHash'>> {
  const copy = new Database(target, { readonly: true, fileMustExist: true })
  try {
    const { lineage, position } = readMeta(copy)
    return { lineage, position, ...hashState(copy) }
  } finally {
    copy.close()
  }
}
