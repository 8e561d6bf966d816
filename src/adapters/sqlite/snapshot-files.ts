/**
 * Snapshot files of one task: their names, what lies beside them, and whether they are whole.
 *
 *   snapshots/opb-0/2025-09-12T10-00-00.000Z-p0-e3-n7.full.db        the copy
 *   snapshots/opb-0/2025-09-12T10-00-00.000Z-p0-e3-n7.full.db.json   its manifest, written after it
 *   snapshots/opb-0/2025-09-12T10-00-10.000Z-p0-e3-n8.part           rows changed since (partial-file.ts)
 *   snapshots/opb-0/2025-09-12T10-00-10.000Z-p0-e3-n8.part.json
 */
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import type { SnapshotEntry } from '../../core/contracts/records.ts'
import { LabError, messageOf } from '../../core/errors.ts'
import type { SnapshotShelf } from '../../core/ports/state-home.ts'
import { decodeManifest, entriesOf } from '../../core/recovery/manifest.ts'
import type { At, SnapshotStep } from '../../core/recovery/steps.ts'
import { hashFile, PROBE } from './files.ts'

/** Everything that a killed copy may leave behind has this in its name. */
export const UNFINISHED = '.unfinished'

const SUFFIX = { full: '.full.db', partial: '.part' } as const

/** File name of a snapshot: its id without what some file systems refuse. */
export const snapshotName = (snapshotId: string, kind: SnapshotEntry['kind']): string =>
  `${snapshotId.replaceAll(/[^A-Za-z0-9._-]/g, '-').replace(/^\.+/, '')}${SUFFIX[kind]}`

export const snapshotFile = (dir: string, entry: Pick<SnapshotEntry, 'path'>): string =>
  path.join(dir, entry.path)

/** Why the file is not what the entry says, or undefined. Reads all of it. */
export function checkSnapshot(file: string, entry: SnapshotEntry): string | undefined {
  let size: number
  try {
    ;({ size } = statSync(file))
  } catch (error) {
    return messageOf(error)
  }
  if (size !== entry.bytes) return `it has ${size} bytes, its manifest says ${entry.bytes}`
  const sha256 = hashFile(file)
  return sha256 === entry.sha256 ? undefined : `its SHA-256 is ${sha256}, its manifest says ${entry.sha256}`
}

export class SnapshotDirectory implements SnapshotShelf {
  readonly where: string

  constructor(dir: string) {
    this.where = dir
  }

  list(unreadable?: (file: string, reason: string) => void): SnapshotEntry[] {
    const found = new Map<string, SnapshotEntry>()
    for (const name of this.#names().filter((n) => /\.(full\.db|part)\.json$/.test(n))) {
      const decoded = decodeManifest(readFileSync(path.join(this.where, name), 'utf8'))
      if (!decoded.ok) {
        unreadable?.(name, decoded.reason)
        continue
      }
      const entry = entriesOf(decoded.manifest)[0]!
      // A JSON that does not lie beside its own file was copied here by hand; it is no evidence of one.
      if (`${entry.path}.json` === name) found.set(entry.snapshotId, entry)
    }
    return [...found.values()]
  }

  has(entry: SnapshotEntry): boolean {
    return statSync(snapshotFile(this.where, entry), { throwIfNoEntry: false })?.size === entry.bytes
  }

  removeLeftovers(): string[] {
    const names = this.#names()
    const left = names.filter(
      (name) =>
        name.includes(UNFINISHED) ||
        name.startsWith(PROBE) ||
        name.endsWith('.tmp') ||
        /\.db-(wal|shm|journal)$/.test(name),
    )
    for (const name of left) rmSync(path.join(this.where, name), { force: true })
    return left
  }

  /** Removes every snapshot that is not among `kept`. Only after a newer manifest is committed and the fence. */
  prune(kept: readonly SnapshotEntry[], at?: At<SnapshotStep>): string[] {
    const keep = new Set(kept.map((entry) => entry.path))
    const old = this.#names().filter((name) => /\.(full\.db|part)$/.test(name) && !keep.has(name))
    for (const name of old) {
      // The JSON goes first: a file without one is an orphan, a JSON without a file would be a broken promise.
      rmSync(path.join(this.where, `${name}.json`), { force: true })
      if (name === old[0]) at?.('prune.mid')
      rmSync(path.join(this.where, name), { force: true })
    }
    return old
  }

  #names(): string[] {
    try {
      return readdirSync(this.where)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw new LabError('STATE_UNUSABLE', `cannot read ${this.where}: ${messageOf(error)}`, {
        hint: 'Check the path given to --state-dir or --snapshot-dir.',
        cause: error,
      })
    }
  }
}
