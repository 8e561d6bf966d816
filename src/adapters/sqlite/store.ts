/**
 * The store port on SQLite: one file per task, WAL, one upsert per changed key.
 *
 * Promises: an apply is one transaction (BEGIN IMMEDIATE) that first checks owner and expected offset, so a
 * former owner, even in another process, changes nothing; after a SIGKILL the file holds whole batches only.
 * Does not: survive a power loss unchanged (synchronous NORMAL); what is missing then comes from the changelog.
 */
import Database from 'better-sqlite3'
import { LabError, messageOf } from '../../core/errors.ts'
import { refuseStranger } from '../../core/ports/memory-store.ts'
import {
  CHECKED_AT_ONCE,
  checkRow,
  checkRows,
  DamagedState,
  positionDigest,
  rowDigest,
  withDigests,
} from './digest.ts'
import type { DigestedRow } from './digest.ts'
import type { ChangelogMode, StateRow } from '../../core/contracts/records.ts'
import type {
  ApplyRequest,
  NewerRow,
  StateStore,
  StoreLineage,
  StorePosition,
  StoreRow,
} from '../../core/ports/store.ts'
import { toldRefusal } from './files.ts'
import { hashState } from './state-hash.ts'

/** What `provenance.json` says about the connection. */
export const PRAGMAS = {
  journal_mode: 'WAL',
  synchronous: 'NORMAL',
  // 128 MiB of WAL before a checkpoint: measured to double the rate of random upserts over 4000.
  wal_autocheckpoint: 32_000,
  // After a checkpoint the WAL shrinks again, so that a burst does not keep its disk space.
  journal_size_limit: 67_108_864,
  // 16 MiB: the inner pages of a state of millions of keys stay in memory.
  cache_size: -16_384,
} as const

/** Version of the SQLite inside better-sqlite3. */
export function sqliteVersion(): string {
  const db = new Database(':memory:')
  try {
    return db.prepare('SELECT sqlite_version()').pluck().get() as string
  } finally {
    db.close()
  }
}

/** Longest wait for another connection's write (a zombie inside its own apply). */
const BUSY_MS = 5_000

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS state(
    key TEXT PRIMARY KEY, sum INTEGER, count INTEGER, seq INTEGER, changelog_offset INTEGER, digest INTEGER
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
`

export const UPSERT = `
  INSERT INTO state(key, sum, count, seq, changelog_offset, digest) VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT(key) DO UPDATE SET sum = excluded.sum, count = excluded.count, seq = excluded.seq,
    changelog_offset = excluded.changelog_offset, digest = excluded.digest
`
const UPSERT_NEWER = `${UPSERT} WHERE state.seq < ?`

export type UpsertParameters = [
  key: string,
  sum: number,
  count: number,
  seq: number,
  changelogOffset: number,
  digest: number,
]

export const upsertOf = (row: StoreRow): UpsertParameters => [
  row.key,
  row.sum,
  row.count,
  row.seq,
  row.changelogOffset,
  rowDigest(row),
]

/** Lineage and positions as `meta` holds them: what a copy of the file says about itself. */
export interface StoredMeta {
  readonly lineage: StoreLineage
  readonly position: StorePosition
  readonly owner: string | undefined
}

export function readMeta(db: Database.Database): StoredMeta {
  const rows = db.prepare<[], { name: string; value: string }>('SELECT name, value FROM meta').all()
  const meta = new Map(rows.map((r) => [r.name, r.value]))
  const text = (name: string): string => {
    const value = meta.get(name)
    if (value === undefined) throw new DamagedState(`meta has no ${name}`)
    return value
  }
  const integer = (name: string): number => {
    const value = Number(text(name))
    if (!Number.isSafeInteger(value)) throw new DamagedState(`meta.${name} is no integer: ${text(name)}`)
    return value
  }
  const position = { nextInput: integer('next_input'), nextChangelog: integer('next_changelog') }
  const digest = meta.get('position_digest')
  if (digest !== undefined && digest !== positionDigest(position))
    throw new DamagedState('the offsets in meta are not what was written')
  return {
    lineage: {
      prefix: text('prefix'),
      clusterId: text('cluster_id'),
      inputTopicId: text('input_topic_id'),
      changelogTopicId: text('changelog_topic_id'),
      changelogMode: text('changelog_mode') as ChangelogMode,
      schemaVersion: integer('schema_version'),
      partition: integer('partition'),
      window: integer('window'),
    },
    position,
    owner: meta.get('owner') || undefined,
  }
}

const lineageMeta = (lineage: StoreLineage): [string, string][] => [
  ['prefix', lineage.prefix],
  ['cluster_id', lineage.clusterId],
  ['input_topic_id', lineage.inputTopicId],
  ['changelog_topic_id', lineage.changelogTopicId],
  ['changelog_mode', lineage.changelogMode],
  ['schema_version', String(lineage.schemaVersion)],
  ['partition', String(lineage.partition)],
  ['window', String(lineage.window)],
  ['owner', ''],
  ['next_input', '0'],
  ['next_changelog', '0'],
  ['position_digest', positionDigest({ nextInput: 0, nextChangelog: 0 })],
]

type IfNewer = Omit<ApplyRequest, 'rows'> & { readonly rows: Iterable<NewerRow> }

export class SqliteStore implements StateStore {
  readonly file: string
  readonly lineage: StoreLineage
  readonly #db: Database.Database
  readonly #get: Database.Statement<[string], DigestedRow>
  readonly #meta: Database.Statement<[string], { value: string }>
  readonly #setMeta: Database.Statement<[string, string]>
  readonly #apply: Database.Transaction<(request: ApplyRequest) => void>
  readonly #applyIfNewer: Database.Transaction<(request: IfNewer) => Map<string, number>>
  /** Counting visits every leaf page; between two applies once is enough. */
  #count: number | undefined

  /** Opens a file that `create` or a snapshot made. Throws what SQLite throws, or DamagedState. */
  constructor(file: string) {
    this.file = file
    this.#db = new Database(file, { fileMustExist: true, timeout: BUSY_MS })
    try {
      for (const [name, value] of Object.entries(PRAGMAS)) this.#db.pragma(`${name} = ${value}`)
      this.lineage = readMeta(this.#db).lineage
      withDigests(this.#db)
      this.#get = this.#db.prepare(
        'SELECT key, sum, count, seq, changelog_offset AS changelogOffset, digest FROM state WHERE key = ?',
      )
      this.#meta = this.#db.prepare('SELECT value FROM meta WHERE name = ?')
      this.#setMeta = this.#db.prepare('UPDATE meta SET value = ? WHERE name = ?')
      const upsert = this.#db.prepare<UpsertParameters>(UPSERT)
      this.#apply = this.#db.transaction((request: ApplyRequest) => {
        refuseStranger(this, request)
        for (const row of request.rows) upsert.run(...upsertOf(row))
        this.#advance(request)
      })
      const newer = this.#db.prepare<[...UpsertParameters, above: number]>(UPSERT_NEWER)
      this.#applyIfNewer = this.#db.transaction((request: IfNewer) => {
        refuseStranger(this, request)
        const held = new Map<string, number>()
        for (const row of request.rows) {
          if (newer.run(...upsertOf(row), row.above).changes > 0) continue
          // Rare: an overlap, or a record that was written twice.
          const stored = this.#get.get(row.key)!.seq
          held.set(row.key, stored)
          if (row.seq > stored) upsert.run(...upsertOf(row))
        }
        this.#advance(request)
        return held
      })
    } catch (error) {
      this.#db.close()
      throw error
    }
  }

  /** Makes an empty file with this lineage at offset 0; fails if there is one. */
  static create(file: string, lineage: StoreLineage): SqliteStore {
    const db = new Database(file)
    try {
      // Auto-vacuum off and the default page size: rows never leave, so there is nothing to give back.
      db.exec(SCHEMA)
      const insert = db.prepare<[string, string]>('INSERT INTO meta(name, value) VALUES (?, ?)')
      db.transaction(() => {
        for (const [name, value] of lineageMeta(lineage)) insert.run(name, value)
      })()
    } finally {
      db.close()
    }
    return new SqliteStore(file)
  }

  get(key: string): StateRow | undefined {
    const row = this.#get.get(key)
    if (!row) return undefined
    try {
      checkRow(row)
    } catch (error) {
      throw new LabError('STATE_DAMAGED', `state ${this.file}: ${messageOf(error)}`, { cause: error })
    }
    const { sum, count, seq } = row
    return { key, sum, count, seq }
  }

  /** Throws DamagedState at a row that is not what was written; larger states only if asked, else as they are read. */
  checkAtOnce(whateverSize = false): void {
    if (this.keyCount() <= CHECKED_AT_ONCE || whateverSize) checkRows(this.#db)
  }

  position(): StorePosition {
    return {
      nextInput: Number(this.#value('next_input')),
      nextChangelog: Number(this.#value('next_changelog')),
    }
  }

  owner(): string | undefined {
    return this.#value('owner') || undefined
  }

  takeOwnership(owner: string): void {
    this.#guarded(() => this.#setMeta.run(owner, 'owner'))
  }

  applyIfNewer(request: IfNewer): ReadonlyMap<string, number> {
    this.#count = undefined
    return this.#guarded(() => this.#applyIfNewer.immediate(request))
  }

  apply(request: ApplyRequest): void {
    this.#count = undefined
    this.#guarded(() => this.#apply.immediate(request))
  }

  keyCount(): number {
    return (this.#count ??= this.#db.prepare<[], number>('SELECT count(*) FROM state').pluck().get() ?? 0)
  }

  /** Until the iteration ends, this connection takes no write. */
  rows(): Iterable<StoreRow> {
    return this.#db
      .prepare<[], StoreRow>(
        'SELECT key, sum, count, seq, changelog_offset AS changelogOffset FROM state ORDER BY key',
      )
      .iterate()
  }

  stateHash(): string {
    return hashState(this.#db).stateHash
  }

  close(): void {
    this.#db.close()
  }

  #advance({ mid, next }: Pick<ApplyRequest, 'mid' | 'next'>): void {
    mid?.()
    this.#setMeta.run(String(next.nextChangelog), 'next_changelog')
    this.#setMeta.run(String(next.nextInput), 'next_input')
    this.#setMeta.run(positionDigest(next), 'position_digest')
  }

  #value(name: string): string {
    return this.#meta.get(name)?.value ?? ''
  }

  /** SQLite's own errors leave as LabErrors that name the file; ours and the caller's pass. */
  #guarded<T>(run: () => T): T {
    try {
      return run()
    } catch (error) {
      if (!(error instanceof Database.SqliteError)) throw error
      const busy = error.code.startsWith('SQLITE_BUSY')
      throw new LabError(
        'STATE_UNUSABLE',
        `state ${this.file} cannot be written: ${messageOf(error)} (${error.code})${busy ? '' : toldRefusal(`${this.file}-wal`)}`,
        {
          hint: busy
            ? 'another process has held the file for 5 s; find and end it, then start again'
            : 'check the disk (space, permissions); the changelog has everything, nothing is lost',
          cause: error,
        },
      )
    }
  }
}
