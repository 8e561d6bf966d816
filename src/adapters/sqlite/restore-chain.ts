/**
 * Builds a state file from a snapshot chain: the full one copied, its partials applied on top, oldest first.
 *
 * Promises: every file's size and SHA-256 agreed with its manifest before anything of it is used, each partial
 * names the one before it as its base and begins where that one ended, and what comes out stands where the
 * newest manifest says; anything else is SNAPSHOT_DAMAGED and names the snapshot.
 * Does not: make the result anybody's current state.
 */
import Database from 'better-sqlite3'
import { copyFile } from 'node:fs/promises'
import path from 'node:path'
import { LabError, messageOf } from '../../core/errors.ts'
import type { SnapshotEntry } from '../../core/contracts/records.ts'
import type { StoreRow } from '../../core/ports/store.ts'
import { snapshotPosition } from '../../core/recovery/plan.ts'
import { DamagedPartial, readPartial } from './partial-file.ts'
import type { PartialHeader } from './partial-file.ts'
import { checkSnapshot, snapshotFile } from './snapshot-files.ts'
import { DamagedState, positionDigest, withDigests } from './digest.ts'
import { readMeta, UPSERT, upsertOf } from './store.ts'
import type { UpsertParameters } from './store.ts'

/** Oldest first. `target` is written anew. */
export async function buildFromChain(
  dir: string,
  chain: readonly SnapshotEntry[],
  target: string,
  mid?: () => void,
): Promise<void> {
  const [full, ...partials] = chain
  if (full?.kind !== 'full') throw damagedSnapshot(chain.at(-1)!, 'its chain has no full snapshot')
  await copyFile(snapshotFile(dir, full), target).catch((error: unknown) => {
    throw damagedSnapshot(full, messageOf(error))
  })
  mid?.()
  // The copy is checked, not the original: it is what will be opened.
  const problem = checkSnapshot(target, full)
  if (problem) throw damagedSnapshot(full, problem)
  const db = opened(target, full)
  try {
    checkContent(db, full)
    for (const [i, partial] of partials.entries()) applyPartial(db, dir, partial, chain[i]!)
  } finally {
    db.close()
  }
}

function opened(target: string, full: SnapshotEntry): Database.Database {
  try {
    const db = new Database(target, { fileMustExist: true })
    // A kill leaves a generation that nobody names; what is made current was synced before.
    db.pragma('journal_mode = MEMORY')
    db.pragma('synchronous = OFF')
    withDigests(db)
    return db
  } catch (error) {
    throw damagedSnapshot(full, messageOf(error))
  }
}

function applyPartial(db: Database.Database, dir: string, entry: SnapshotEntry, base: SnapshotEntry): void {
  const file = path.join(dir, entry.path)
  const problem = checkSnapshot(file, entry)
  if (problem) throw damagedSnapshot(entry, problem)
  const upsert = db.prepare<UpsertParameters>(UPSERT)
  const setMeta = db.prepare<[string, string]>('UPDATE meta SET value = ? WHERE name = ?')
  const rows: StoreRow[] = []
  try {
    readPartial(file, {
      header: (header) => checkHeader(header, { entry, base, db }),
      rows: (some) => void rows.push(...some),
    })
  } catch (error) {
    throw error instanceof DamagedPartial ? damagedSnapshot(entry, error.message) : error
  }
  // In the tree's order every page is visited once.
  rows.sort((a, b) => (a.key < b.key ? -1 : 1))
  const { nextInput, nextChangelog } = snapshotPosition(entry)
  db.transaction(() => {
    for (const row of rows) upsert.run(...upsertOf(row))
    setMeta.run(String(nextChangelog), 'next_changelog')
    setMeta.run(String(nextInput), 'next_input')
    setMeta.run(positionDigest({ nextInput, nextChangelog }), 'position_digest')
  })()
  checkContent(db, entry)
}

function checkHeader(
  header: PartialHeader,
  { entry, base, db }: { entry: SnapshotEntry; base: SnapshotEntry; db: Database.Database },
): void {
  const meta = readMeta(db)
  const pairs: [string, unknown, unknown][] = [
    ['snapshotId', header.snapshotId, entry.snapshotId],
    ['base', header.base, { snapshotId: base.snapshotId, sha256: base.sha256 }],
    ['from', header.from, meta.position],
    ['to', header.to, snapshotPosition(entry)],
    ['lineage', header.lineage, meta.lineage],
  ]
  for (const [name, found, wanted] of pairs)
    if (JSON.stringify(found) !== JSON.stringify(wanted))
      throw new DamagedPartial(
        `its ${name} is ${JSON.stringify(found)}, the chain has ${JSON.stringify(wanted)}`,
      )
}

/** What the file says about itself has to be what its manifest says. */
function checkContent(db: Database.Database, entry: SnapshotEntry): void {
  try {
    const { lineage, position } = readMeta(db)
    const keys = db.prepare<[], number>('SELECT count(*) FROM state').pluck().get() ?? 0
    const found = { ...position, ...picked(lineage), keys }
    const named = { ...snapshotPosition(entry), ...picked(entry), keys: entry.keys }
    for (const field of Object.keys(named) as (keyof typeof named)[])
      if (found[field] !== named[field])
        throw damagedSnapshot(entry, `it holds ${field} ${found[field]}; its manifest says ${named[field]}`)
  } catch (error) {
    if (error instanceof LabError) throw error
    if (!(error instanceof DamagedState || error instanceof Database.SqliteError)) throw error
    throw damagedSnapshot(entry, messageOf(error))
  }
}

const picked = (
  of: Pick<SnapshotEntry, 'partition' | 'clusterId' | 'changelogMode' | 'inputTopicId' | 'changelogTopicId'>,
) => ({
  partition: of.partition,
  clusterId: of.clusterId,
  changelogMode: of.changelogMode,
  inputTopicId: of.inputTopicId,
  changelogTopicId: of.changelogTopicId,
})

export const damagedSnapshot = (entry: SnapshotEntry, what: string): LabError =>
  new LabError('SNAPSHOT_DAMAGED', `snapshot ${entry.snapshotId} (${entry.path}): ${what}`, {
    hint: 'use another one (eoslab snapshot list), or --manifest none for a full replay',
  })
