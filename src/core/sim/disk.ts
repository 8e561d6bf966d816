/**
 * The disk of one task: generations of state, and snapshot files, as the adapters keep them, in memory.
 *
 * Promises: what a process has written is there for the next one; a generation becomes current at once or
 * not at all; a handle outlives the removal of its generation, as an open file does. Handles of a dead process
 * change nothing.
 * Does not: lose writes that were acknowledged: a killed process is simulated, a power cut is not.
 */
import type { Manifest, SnapshotEntry } from '../contracts/records.ts'
import { LabError } from '../errors.ts'
import { hashRows, MemoryStore } from '../ports/memory-store.ts'
import type { OpenedState, SnapshotShelf, StateHome } from '../ports/state-home.ts'
import type { StateStore, StoreLineage, StorePosition, StoreRow } from '../ports/store.ts'
import type { At, SnapshotStep } from '../recovery/steps.ts'

export interface SnapshotContent {
  readonly lineage: StoreLineage
  readonly position: StorePosition
  readonly rows: readonly StoreRow[]
}

/** What is left when every process is gone. */
export class TaskDisk {
  readonly partition: number
  readonly generations = new Map<string, MemoryStore>()
  current: string | undefined
  made = 0
  readonly files = new Map<string, SnapshotContent>()
  readonly unfinished = new Map<string, SnapshotContent>()
  readonly manifests = new Map<string, Manifest>()

  constructor(partition: number) {
    this.partition = partition
  }

  /** The local state is gone; snapshots lie elsewhere. */
  lose(): void {
    this.generations.clear()
    this.current = undefined
  }

  currentStore(): MemoryStore | undefined {
    return this.current === undefined ? undefined : this.generations.get(this.current)
  }
}

export const contentOf = (store: StateStore): SnapshotContent => ({
  lineage: store.lineage,
  position: store.position(),
  rows: [...store.rows()],
})

/** Stands for size and digest of a file: the rows and the positions. */
export const digestOf = ({ rows, position }: SnapshotContent): { bytes: number; sha256: string } => ({
  bytes: 100 + rows.length * 40,
  sha256: hashRows([
    ...rows,
    { key: '', sum: position.nextInput, count: position.nextChangelog, seq: rows.length },
  ]),
})

const damaged = (entry: SnapshotEntry, what: string): LabError =>
  new LabError('SNAPSHOT_DAMAGED', `snapshot ${entry.snapshotId}: ${what}`)

/** Builds a store from a snapshot's content; its owner is whoever takes it next. */
export function storeOf({ lineage, rows, position }: SnapshotContent): MemoryStore {
  const store = new MemoryStore(lineage)
  store.takeOwnership('snapshot')
  store.apply({ owner: 'snapshot', expectedNextInput: 0, rows, next: position })
  return store
}

/** What a handle on the disk asks of whoever holds it. */
export interface DiskHands {
  /** A pause between two pieces of work. */
  readonly local: (what: string) => Promise<void>
  /** Throws if the holder is dead. */
  readonly requireAlive: () => void
  /** Called around every write; throws where the schedule has a write fail. */
  readonly write: (when: 'before' | 'after') => void
}

/** Of a rehearsal: nobody dies and nothing fails. */
export const CALM_HANDS: DiskHands = { local: async () => {}, requireAlive: () => {}, write: () => {} }

export class SimHome implements StateHome {
  readonly where: string
  /** What was current when it was opened, as in the adapter. */
  #seen: { readonly name: string | undefined; readonly store: MemoryStore | undefined } | undefined
  readonly #disk: TaskDisk
  readonly #hands: DiskHands

  constructor(disk: TaskDisk, hands: DiskHands) {
    this.#disk = disk
    this.#hands = hands
    this.where = `opb-${disk.partition}`
  }

  prepare(): void {}

  peek(): StoreLineage | undefined {
    return this.#disk.currentStore()?.lineage
  }

  open(): OpenedState {
    const store = this.#disk.currentStore()
    this.#seen = { name: this.#disk.current, store }
    return store ? { kind: 'open', store: this.#handle(store) } : { kind: 'absent' }
  }

  create(lineage: StoreLineage): StateStore {
    return this.#makeCurrent(new MemoryStore(lineage), this.#seen?.store?.owner())
  }

  async restore(chain: readonly SnapshotEntry[], mid?: () => void): Promise<StateStore> {
    const tip = chain.at(-1)!
    if (chain[0]!.kind !== 'full') throw damaged(tip, 'its chain has no full snapshot')
    const owner = this.#seen?.store?.owner()
    await this.#hands.local(`copy ${tip.path}`)
    const files = chain.map((entry) => this.#whole(entry))
    mid?.()
    await this.#hands.local(`switch to ${tip.path}`)
    const rows = new Map<string, StoreRow>()
    for (const [i, file] of files.entries()) {
      for (const row of file.rows) rows.set(row.key, row)
      if (rows.size !== chain[i]!.keys) throw damaged(chain[i]!, `it holds ${rows.size} keys`)
    }
    return this.#makeCurrent(storeOf({ ...files.at(-1)!, rows: [...rows.values()] }), owner)
  }

  /** A snapshot file that is what its manifest says. */
  #whole(entry: SnapshotEntry): SnapshotContent {
    const file = this.#disk.files.get(entry.path)
    if (!file) throw damaged(entry, 'it is not there')
    const { bytes, sha256 } = digestOf(file)
    if (bytes !== entry.bytes || sha256 !== entry.sha256)
      throw damaged(entry, 'it is not what its manifest says')
    const { nextInput, nextChangelog } = file.position
    if (nextInput !== entry.nextInputOffset || nextChangelog !== entry.lastChangelogOffset + 1)
      throw damaged(entry, `it holds input ${nextInput}, changelog ${nextChangelog}`)
    return file
  }

  retire(): string[] {
    this.#hands.requireAlive()
    const old = [...this.#disk.generations.keys()].filter((name) => name !== this.#disk.current)
    for (const name of old) this.#disk.generations.delete(name)
    return old
  }

  #makeCurrent(store: MemoryStore, owner: string | undefined): StateStore {
    this.#write(() => {
      const disk = this.#disk
      const seen = this.#seen
      if (seen && (disk.current !== seen.name || seen.store?.owner() !== owner))
        throw new LabError('OWNER_CHANGED', `the current generation of ${this.where} is another one by now`)
      disk.made += 1
      const name = `gen-${disk.made}`
      disk.generations.set(name, store)
      disk.current = name
      this.#seen = { name, store }
    })
    return this.#handle(store)
  }

  #write(change: () => void): void {
    this.#hands.requireAlive()
    this.#hands.write('before')
    change()
    this.#hands.write('after')
  }

  #handle(store: MemoryStore): StateStore {
    return {
      lineage: store.lineage,
      get: (key) => store.get(key),
      position: () => store.position(),
      owner: () => store.owner(),
      takeOwnership: (owner) => this.#write(() => store.takeOwnership(owner)),
      apply: (request) => this.#write(() => store.apply(request)),
      keyCount: () => store.keyCount(),
      rows: () => store.rows(),
      stateHash: () => store.stateHash(),
      close: () => {},
    }
  }
}

export class SimShelf implements SnapshotShelf {
  readonly where: string
  readonly #disk: TaskDisk
  readonly #hands: Pick<DiskHands, 'requireAlive'>

  constructor(disk: TaskDisk, hands: Pick<DiskHands, 'requireAlive'>) {
    this.#disk = disk
    this.#hands = hands
    this.where = `snapshots/opb-${disk.partition}`
  }

  list(): SnapshotEntry[] {
    return [...this.#disk.manifests.values()].map(({ retained: _retained, ...entry }) => entry)
  }

  has(entry: SnapshotEntry): boolean {
    const content = this.#disk.files.get(entry.path)
    return content !== undefined && digestOf(content).bytes === entry.bytes
  }

  removeLeftovers(): string[] {
    this.#hands.requireAlive()
    const names = [...this.#disk.unfinished.keys()]
    this.#disk.unfinished.clear()
    return names
  }

  prune(kept: readonly SnapshotEntry[], at?: At<SnapshotStep>): string[] {
    const keep = new Set(kept.map((entry) => entry.path))
    const old = [...this.#disk.files.keys()].filter((name) => !keep.has(name))
    for (const name of old) {
      this.#hands.requireAlive()
      this.#disk.manifests.delete(name)
      if (name === old[0]) at?.('prune.mid')
      this.#disk.files.delete(name)
    }
    return old
  }
}
