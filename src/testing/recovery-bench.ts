/**
 * A small OpB for recovery tests: it commits to the log in memory exactly as the commit protocol says, and
 * can be stopped between any two of its steps. Real SQLite, real files, a log in memory.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { StateDirectory } from '../adapters/sqlite/state-directory.ts'
import { SnapshotDirectory } from '../adapters/sqlite/snapshot-files.ts'
import { takeSnapshot } from '../adapters/sqlite/snapshots.ts'
import { HEADER } from '../core/contracts/headers.ts'
import type { Manifest } from '../core/contracts/records.ts'
import type { NewEvent } from '../core/history/event.ts'
import type { LogRecord, TransactionalProducer } from '../core/ports/log.ts'
import { MemoryCluster } from '../core/ports/memory-log.ts'
import type { StateStore } from '../core/ports/store.ts'
import { publishManifest } from '../core/recovery/publish.ts'
import { recoverTask } from '../core/recovery/recover.ts'
import type { Recovered, RecoverOptions, RecoveryDeps } from '../core/recovery/recover.ts'

export const TOPICS = { input: 'in', changelog: 'log', snapshots: 'snap' }
const GROUP = 'opb'

/** Eight updates of four keys. */
export const KEYS = ['a', 'b', 'a', 'c', 'a', 'b', 'd', 'a']

/** The code that a promise was rejected with, its text where it has none, `resolved` where it was not. */
export const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'resolved',
    (error: unknown) => (error as { code?: string }).code ?? String(error),
  )

export class RecoveryBench {
  readonly root = mkdtempSync(path.join(tmpdir(), 'eoslab-recovery-'))
  readonly cluster = new MemoryCluster({ clusterId: 'memory-cluster' })
  readonly events: NewEvent[] = []
  readonly lines: Readonly<Record<string, unknown>>[] = []
  incarnation = 0
  #now = 0
  #stores: StateStore[] = []
  #txn = 0

  constructor() {
    for (const topic of Object.values(TOPICS)) this.cluster.createTopic(topic)
  }

  get stateDir(): string {
    return path.join(this.root, 'opb-0')
  }

  get snapshotDir(): string {
    return path.join(this.root, 'snapshots', 'opb-0')
  }

  dispose(): void {
    for (const store of this.#stores) store.close()
    rmSync(this.root, { recursive: true, force: true })
  }

  loseState(): void {
    for (const store of this.#stores) store.close()
    this.#stores = []
    rmSync(this.stateDir, { recursive: true, force: true })
    mkdirSync(this.stateDir)
  }

  options(over: Partial<RecoverOptions> = {}): RecoverOptions {
    return {
      partition: 0,
      owner: `opb.a.${this.incarnation}`,
      prefix: 't.',
      window: 60,
      changelogMode: 'after-image',
      topics: TOPICS,
      group: GROUP,
      manifest: 'latest',
      local: 'keep',
      stallMs: 1000,
      ...over,
    }
  }

  deps(over: Partial<RecoveryDeps> = {}): RecoveryDeps {
    const log = this.cluster.client()
    return {
      log,
      producer: log.producer({ transactionalId: 't.opb-0', timeoutMs: 10_000 }),
      home: new StateDirectory(this.stateDir, this.snapshotDir),
      shelf: new SnapshotDirectory(this.snapshotDir),
      journal: { append: (event) => this.events.push(event) },
      // Every look at the clock costs 1 ms, so bounded waits end without any time passing.
      clock: { monotonicMs: () => ++this.#now, wallMs: () => 1_757_671_200_000 },
      say: (line) => this.lines.push(line),
      ...over,
    }
  }

  /** Boots the next incarnation. */
  async boot(over: Partial<RecoverOptions> = {}, deps: Partial<RecoveryDeps> = {}): Promise<Life> {
    this.incarnation += 1
    const given = this.deps(deps)
    const recovered = await recoverTask(given, this.options(over))
    this.#stores.push(recovered.store)
    return new Life(this, recovered, given.producer!)
  }

  feed(keys: readonly string[]): void {
    for (const key of keys) {
      this.cluster.append({ topic: TOPICS.input, partition: 0, key, value: '10', headers: {} })
    }
  }

  msgs(): unknown[] {
    return this.lines.map((line) => line['msg'])
  }

  nextTxn(): number {
    return ++this.#txn
  }
}

/** One incarnation after its recovery. */
export class Life {
  readonly bench: RecoveryBench
  readonly recovered: Recovered
  readonly producer: TransactionalProducer

  constructor(bench: RecoveryBench, recovered: Recovered, producer: TransactionalProducer) {
    this.bench = bench
    this.recovered = recovered
    this.producer = producer
  }

  get store(): StateStore {
    return this.recovered.store
  }

  /** Processes `count` inputs in one transaction. Stops before the commit, or between commit and apply. */
  async process(count: number, stop?: 'before-commit' | 'before-apply', mode = 'after-image'): Promise<void> {
    const { nextInput } = this.store.position()
    const input = this.bench.cluster
      .client()
      .reader({ topic: TOPICS.input, partition: 0, from: nextInput, isolation: 'read_committed' })
    const records = (await input.poll()).records.slice(0, count)
    const overlay = new Map<string, { key: string; sum: number; count: number; seq: number }>()
    const changes = records.map((record) => {
      const row = addOne(record, (key) => overlay.get(key) ?? this.store.get(key))
      overlay.set(row.key, row)
      const image = mode === 'off' || mode === 'delta-only' ? {} : { sum: row.sum, count: row.count }
      return {
        topic: TOPICS.changelog,
        partition: 0,
        key: row.key,
        value: JSON.stringify({ key: row.key, seq: row.seq, delta: 10, ts: 1, ...image }),
        headers: { [HEADER.inputNext]: String(record.offset + 1) },
      }
    })
    const next = records.at(-1)!.offset + 1
    const txn = await this.producer.begin()
    const ranges = mode === 'off' ? [] : await txn.produce(changes)
    await txn.addOffsets(GROUP, [{ topic: TOPICS.input, partition: 0, offset: next }])
    if (stop === 'before-commit') return
    await txn.commit()
    if (stop === 'before-apply') return
    const base = ranges[0]?.baseOffset ?? -1
    const at = new Map(changes.map((change, i) => [change.key, base < 0 ? -1 : base + i]))
    this.store.apply({
      owner: `opb.a.${this.bench.incarnation}`,
      expectedNextInput: nextInput,
      rows: [...overlay.values()].map((row) => ({ ...row, changelogOffset: at.get(row.key)! })),
      next: { nextInput: next, nextChangelog: base < 0 ? 0 : base + changes.length },
    })
  }

  async snapshot(n: number, retain = 2): Promise<Manifest> {
    const manifest = await takeSnapshot({
      stateFile: new StateDirectory(this.bench.stateDir, this.bench.snapshotDir).currentFile()!,
      dir: this.bench.snapshotDir,
      snapshotId: `2025-09-12T10:00:0${n}.000Z-p0-e${this.recovered.identity?.epoch ?? 0}-n${n}`,
      createdAt: 1_757_671_200 + n,
      known: this.recovered.known,
      retain,
    })
    const txn = {
      transactionalId: 't.opb-0',
      incarnation: `opb.a.${this.bench.incarnation}`,
      n: this.bench.nextTxn(),
    }
    await publishManifest(
      this.producer,
      { append: (e) => this.bench.events.push(e) },
      {
        topic: TOPICS.snapshots,
        partition: 0,
        manifest,
        txn,
      },
    )
    return manifest
  }
}

type Row = { key: string; sum: number; count: number; seq: number }

export function addOne(record: LogRecord, get: (key: string) => Row | undefined): Row {
  const key = record.key!.toString()
  const old = get(key)
  return { key, sum: (old?.sum ?? 0) + 10, count: (old?.count ?? 0) + 1, seq: (old?.seq ?? 0) + 1 }
}
