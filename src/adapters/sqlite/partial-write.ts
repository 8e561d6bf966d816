/**
 * Writes the file of a partial snapshot: of rows kept in memory (here, piece by piece, so that processing goes
 * on in between), or of rows found by their changelog offset (on the snapshot thread, after a boot).
 *
 * Promises: content and positions are of one committed cut; the file is on disk, under its temporary name,
 * when it is described. Does not: give it its final name.
 */
import Database from 'better-sqlite3'
import { createHash } from 'node:crypto'
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import type { StoreLineage, StorePosition, StoreRow } from '../../core/ports/store.ts'
import type { Cut } from '../../core/recovery/changed-rows.ts'
import type { Written } from './copy.ts'
import { PartialEncoder, ROWS } from './partial-file.ts'
import { readMeta } from './store.ts'

export interface PartialOrder {
  readonly target: string
  readonly snapshotId: string
  readonly base: {
    readonly snapshotId: string
    readonly sha256: string
    readonly keys: number
    readonly position: StorePosition
  }
  readonly zstd: boolean
}

export interface MemoryContent extends Cut {
  readonly lineage: StoreLineage
  readonly position: StorePosition
}

function startOf(order: PartialOrder, lineage: StoreLineage, to: StorePosition) {
  const encoder = new PartialEncoder({ zstd: order.zstd })
  const { snapshotId, sha256, position: from } = order.base
  const header = encoder.header({
    version: 1,
    snapshotId: order.snapshotId,
    base: { snapshotId, sha256 },
    lineage,
    from,
    to,
  })
  return { encoder, header }
}

export async function writePartial(
  order: PartialOrder,
  content: MemoryContent,
  mid?: () => void,
): Promise<Written> {
  const { size, changes, lineage, position } = content
  const { encoder, header } = startOf(order, lineage, position)
  let { keys } = order.base
  const hash = createHash('sha256')
  const file = await open(order.target, 'w')
  let bytes = 0
  try {
    // Every write gives processing a turn; a frame takes about a millisecond to make.
    const put = async (piece: Buffer): Promise<void> => {
      hash.update(piece)
      bytes += piece.length
      await file.writeFile(piece)
    }
    await put(header)
    let rows: StoreRow[] = []
    let written = 0
    let midway = false
    for (const { row, isNew } of changes) {
      if (!midway && written >= (size - ROWS) / 2) {
        midway = true
        mid?.()
      }
      if (isNew) keys += 1
      if (rows.push(row) < ROWS) continue
      written += rows.length
      await put(encoder.rows(rows))
      rows = []
    }
    if (!midway) mid?.()
    if (rows.length > 0) await put(encoder.rows(rows))
    await put(encoder.trailer(keys))
    await file.sync()
  } finally {
    await file.close()
  }
  return { lineage, position, keys, stateHash: null, bytes, sha256: hash.digest('hex') }
}

export interface ScanOrder extends PartialOrder {
  readonly source: string
  /** More changed rows than this are not worth a partial. */
  readonly maxRows: number
}

/** Undefined if there were more than `maxRows`. Blocks its thread. */
export function scanPartial(order: ScanOrder, mid?: () => void): Written | undefined {
  const db = new Database(order.source, { readonly: true, fileMustExist: true })
  try {
    // One read transaction: rows and positions are of the same cut, whatever is applied meanwhile.
    return db.transaction(() => scanIn(db, order, mid))()
  } finally {
    db.close()
  }
}

function scanIn(db: Database.Database, order: ScanOrder, mid?: () => void): Written | undefined {
  const { lineage, position } = readMeta(db)
  const last = order.base.position.nextChangelog - 1
  const limit = Number.isFinite(order.maxRows) ? order.maxRows + 1 : -1
  const rows = db
    .prepare<[number, number], StoreRow>(
      'SELECT key, sum, count, seq, changelog_offset AS changelogOffset FROM state WHERE changelog_offset > ? LIMIT ?',
    )
    .all(last, limit)
  if (rows.length > order.maxRows) return undefined
  const keys = db.prepare<[], number>('SELECT count(*) FROM state').pluck().get() ?? 0
  const { encoder, header } = startOf(order, lineage, position)
  const hash = createHash('sha256')
  let bytes = 0
  const fd = openSync(order.target, 'w')
  try {
    const put = (piece: Buffer): void => {
      hash.update(piece)
      bytes += piece.length
      writeSync(fd, piece)
    }
    put(header)
    mid?.()
    for (let at = 0; at < rows.length; at += ROWS) put(encoder.rows(rows.slice(at, at + ROWS)))
    put(encoder.trailer(keys))
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  return { lineage, position, keys, stateHash: null, bytes, sha256: hash.digest('hex') }
}
