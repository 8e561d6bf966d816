/**
 * The state directory of one task: `CURRENT` names the generation whose `state.db` is the state.
 *
 *   opb-0/CURRENT            "gen-0003"
 *   opb-0/gen-0003/state.db
 *
 * Promises: a generation is built under a name nobody reads, is on disk, and becomes current by one atomic
 * rename; a database is never renamed over another one's WAL; what cannot be read is set aside under a new
 * name, never deleted.
 * Does not: keep two processes out; the owner row and Kafka's fence do.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import Database from 'better-sqlite3'
import { LabError, messageOf } from '../../core/errors.ts'
import type { SnapshotEntry } from '../../core/contracts/records.ts'
import type { OpenedState, StateHome } from '../../core/ports/state-home.ts'
import type { StateStore, StoreLineage } from '../../core/ports/store.ts'
import { fsyncPath, PROBE, renameDurably, requireWritable, writeDurably } from './files.ts'
import { lineageOf } from './inspect.ts'
import { buildFromChain } from './restore-chain.ts'
import { DamagedState } from './digest.ts'
import { SqliteStore } from './store.ts'

const GENERATION = /^gen-(\d+)$/

interface Begun {
  readonly name: string
  readonly aside: string
  /** Owner of the state that was opened, when the new generation was begun. */
  readonly owner: string | undefined
}

/** Errors that say the file is no database (any more); all others say that we can't get at it. */
const isDamage = (error: unknown): boolean =>
  error instanceof DamagedState ||
  (error instanceof Database.SqliteError &&
    (/^SQLITE_(CORRUPT|NOTADB)/.test(error.code) || error.code === 'SQLITE_ERROR'))

export class StateDirectory implements StateHome {
  readonly where: string
  readonly #snapshots: string
  readonly #verify: boolean
  /** What was current when this home was opened: another incarnation may have switched since. */
  #seen: { readonly name: string | undefined; readonly store: SqliteStore | undefined } | undefined

  /** `snapshotDir` is the task's own: `<...>/snapshots/opb-<partition>`. With `verify` every row is checked at open. */
  constructor(dir: string, snapshotDir: string, { verify = false }: { verify?: boolean } = {}) {
    this.where = dir
    this.#snapshots = snapshotDir
    this.#verify = verify
  }

  prepare(): void {
    requireWritable(this.where, 'state directory')
  }

  /** The current `state.db`, whether or not it is there. */
  currentFile(): string | undefined {
    const name = this.#current()
    return name === undefined ? undefined : path.join(this.where, name, 'state.db')
  }

  peek(): StoreLineage | undefined {
    // What can't be read is open()'s business, which says why.
    const file = this.currentFile()
    return file === undefined ? undefined : lineageOf(file)
  }

  open(): OpenedState {
    const name = this.#current()
    this.#seen = { name, store: undefined }
    if (name === undefined) return { kind: 'absent' }
    const dir = path.join(this.where, name)
    const file = path.join(dir, 'state.db')
    if (!existsSync(file))
      return { kind: 'set-aside', reason: `CURRENT names ${name}, which has no state.db`, where: null }
    let store: SqliteStore | undefined
    try {
      store = new SqliteStore(file)
      // Counting visits every leaf page: a file torn in the middle is found here and not while processing.
      store.checkAtOnce(this.#verify)
      this.#seen = { name, store }
      return { kind: 'open', store, ...(this.#verify ? { verified: store.keyCount() } : {}) }
    } catch (error) {
      store?.close()
      if (!isDamage(error)) throw unusable(file, error)
      const where = this.#setAside(dir)
      return { kind: 'set-aside', reason: messageOf(error), where }
    }
  }

  create(lineage: StoreLineage): StateStore {
    const begun = this.#begin()
    const { name, aside } = begun
    try {
      SqliteStore.create(path.join(aside, 'state.db'), lineage).close()
      this.#makeCurrent(begun)
    } catch (error) {
      throw unusable(aside, error)
    }
    return new SqliteStore(path.join(this.where, name, 'state.db'))
  }

  async restore(chain: readonly SnapshotEntry[], mid?: () => void): Promise<StateStore> {
    const begun = this.#begin()
    const { name, aside } = begun
    try {
      await buildFromChain(this.#snapshots, chain, path.join(aside, 'state.db'), mid)
    } catch (error) {
      rmSync(aside, { recursive: true, force: true })
      throw error
    }
    this.#makeCurrent(begun)
    return new SqliteStore(path.join(this.where, name, 'state.db'))
  }

  /** A generation that is a copy of another task directory's state: for rehearsals. */
  adopt(copy: (target: string) => void): void {
    const begun = this.#begin()
    copy(path.join(begun.aside, 'state.db'))
    this.#makeCurrent(begun)
  }

  retire(): string[] {
    const current = this.#current()
    const old = readdirSync(this.where).filter(
      (name) =>
        name !== current &&
        (GENERATION.test(name) ||
          /^gen-\d+\.tmp$/.test(name) ||
          name === 'CURRENT.tmp' ||
          name.startsWith(PROBE)),
    )
    for (const name of old) rmSync(path.join(this.where, name), { recursive: true, force: true })
    return old
  }

  #current(): string | undefined {
    let name: string
    try {
      name = readFileSync(path.join(this.where, 'CURRENT'), 'utf8').trim()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw unusable(path.join(this.where, 'CURRENT'), error)
    }
    if (!GENERATION.test(name)) {
      throw new LabError(
        'STATE_UNUSABLE',
        `${this.where}/CURRENT names no generation: ${JSON.stringify(name)}`,
        {
          hint: 'write the name of the newest gen-... directory into it, or move the directory away to recover from the snapshot',
        },
      )
    }
    return name
  }

  /** Directory for the next generation, under a name that nobody reads yet. */
  #begin(): Begun {
    this.prepare()
    const numbers = readdirSync(this.where).map((name) => Number(/^gen-(\d+)/.exec(name)?.[1] ?? 0))
    const name = `gen-${String(Math.max(0, ...numbers) + 1).padStart(4, '0')}`
    const aside = path.join(this.where, `${name}.tmp`)
    mkdirSync(aside)
    return { name, aside, owner: this.#seen?.store?.owner() }
  }

  #makeCurrent({ name, aside, owner }: Begun): void {
    const seen = this.#seen
    if (seen && (this.#current() !== seen.name || seen.store?.owner() !== owner)) {
      rmSync(aside, { recursive: true, force: true })
      throw new LabError('OWNER_CHANGED', `another incarnation has taken ${this.where} over meanwhile`, {
        hint: 'this one has to end; the newer one has a state of its own',
      })
    }
    fsyncPath(path.join(aside, 'state.db'))
    fsyncPath(aside)
    renameDurably(aside, path.join(this.where, name))
    writeDurably(path.join(this.where, 'CURRENT'), `${name}\n`)
    if (seen) this.#seen = { name, store: undefined }
  }

  #setAside(dir: string): string {
    for (let n = 1; ; n++) {
      const target = `${dir}.damaged-${n}`
      if (existsSync(target)) continue
      renameSync(dir, target)
      return target
    }
  }
}

const unusable = (where: string, error: unknown): LabError =>
  error instanceof LabError
    ? error
    : new LabError('STATE_UNUSABLE', `state ${where} cannot be used: ${messageOf(error)}`, {
        hint: 'check owner, permissions and free space; the changelog has everything, nothing is lost',
        cause: error,
      })
