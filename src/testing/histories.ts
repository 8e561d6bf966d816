/**
 * Histories by hand: a small language for writing down what a pipeline did, transaction by transaction, so
 * that a test can say "this transaction aborted, that offset was lost" in one line each.
 *
 * Promises: what is not said is right, that is, a builder used without deviations gives a valid history.
 * Does not: share code with the operators. It knows good orders only as far as the tests need them.
 */
import { createHash } from 'node:crypto'
import { topicNames } from '../core/contracts/names.ts'
import type { SnapshotEntry, StateRow } from '../core/contracts/records.ts'
import type { HistoryEvent, NewEvent } from '../core/history/event.ts'
import type { OracleInput, RawMarker, RawPartition, RawRecord, SnapshotDump } from '../core/oracle/input.ts'
import type { Role } from '../core/oracle/view.ts'

const WINDOW = 60
const names = topicNames('t.')
const ROLES = Object.keys(names) as Role[]

export interface TransactionOptions {
  readonly outcome?: 'commit' | 'abort' | 'open'
  readonly incarnation?: string
  readonly producer?: string
  readonly epoch?: number
  readonly n?: number
  /** Commit the offsets with it (the default), or not. */
  readonly offsets?: boolean
  /** Leave these effects out. */
  readonly without?: readonly Role[]
  /** Give this outcome to one topic only. */
  readonly torn?: Partial<Record<Role, 'commit' | 'abort'>>
  /** State that the transaction builds on, when not the committed one. */
  readonly base?: ReadonlyMap<string, StateRow>
  readonly change?: (role: Role, record: RawRecord) => RawRecord
}

type Entry = RawRecord | RawMarker

type SnapshotOnDisk = Partial<Pick<SnapshotDump, 'exists' | 'intact' | 'content' | 'partial' | 'unreadable'>>

const ENRICHED_AT = 1_694_500_000

export class History {
  readonly logs = new Map<Role, Entry[]>(ROLES.map((role) => [role, []]))
  readonly journals: HistoryEvent[] = []
  readonly snapshots: (SnapshotOnDisk & { entry: SnapshotEntry; exists: boolean })[] = []
  offsets: { opa?: number; opb?: number } = {}
  committed = new Map<string, StateRow>()
  aborted = new Map<string, StateRow>()
  sqlite: { rows: Map<string, StateRow>; nextInput: number; nextChangelog: number } | undefined
  override: Partial<OracleInput> = {}
  stable: Partial<Record<Role, number>> = {}
  #n = 0
  #clock = 1000

  append(role: Role, record: Partial<RawRecord>): number {
    const log = this.logs.get(role)!
    const offset = log.length
    log.push({
      kind: 'data',
      partition: 0,
      offset,
      timestamp: 0,
      key: null,
      value: null,
      headers: {},
      producerId: '-1',
      epoch: -1,
      transactional: false,
      ...record,
    })
    return offset
  }

  marker(role: Role, producerId: string, outcome: 'COMMIT' | 'ABORT', epoch = 0): void {
    const log = this.logs.get(role)!
    log.push({ kind: 'marker', partition: 0, offset: log.length, timestamp: 0, producerId, epoch, outcome })
  }

  order(orderId: string, price = 10, more: Record<string, unknown> = {}): number {
    const body = { orderId, productId: 'p', price, qty: 1, storeId: 's', ts: ENRICHED_AT, ...more }
    return this.append('orders', { key: Buffer.from(orderId), value: Buffer.from(JSON.stringify(body)) })
  }

  bad(orderId: string): number {
    return this.append('orders', { key: Buffer.from(orderId), value: Buffer.from('not json') })
  }

  /** OpA processes these offsets of `orders` in one transaction. */
  opa(batch: readonly number[], options: TransactionOptions = {}): this {
    const orders = this.logs.get('orders')!
    const effects = batch.map((offset): [Role, Partial<RawRecord>] => {
      const { key, value } = orders[offset] as RawRecord
      const headers = { src: `${names.orders}/0/${offset}` }
      if (!value!.toString().startsWith('{')) return ['dlq', { key, value, headers }]
      const order = JSON.parse(value!.toString()) as { ts: number }
      const enriched = { ...order, validated: true, normTs: order.ts }
      return ['enriched', { key, value: Buffer.from(JSON.stringify(enriched)), headers }]
    })
    this.#transaction('opa', effects, batch, options)
    return this
  }

  /** OpB processes these offsets of `orders.enriched` in one transaction, and SQLite applies it if committed. */
  opb(batch: readonly number[], options: TransactionOptions = {}): this {
    const state = new Map(options.base ?? this.committed)
    const effects = batch.flatMap((offset): [Role, Partial<RawRecord>][] => {
      const source = this.logs.get('enriched')![offset] as RawRecord
      const o = JSON.parse(source.value!.toString()) as Record<string, number>
      const start = Math.floor(o['normTs']! / WINDOW) * WINDOW
      const key = `${o['storeId']}#${o['productId']}#${start}`
      const delta = o['price']! * o['qty']!
      const was = state.get(key) ?? { key, sum: 0, count: 0, seq: 0 }
      const row = { key, sum: was.sum + delta, count: was.count + 1, seq: was.seq + 1 }
      state.set(key, row)
      const headers = { src: `${names.enriched}/0/${offset}` }
      const output = { ...row, storeId: o['storeId'], productId: o['productId'], windowStart: start }
      const change = { ...row, delta, ts: o['normTs'] }
      return [
        ['output', { key: Buffer.from(key), value: Buffer.from(JSON.stringify(output)), headers }],
        ['changelog', { key: Buffer.from(key), value: Buffer.from(JSON.stringify(change)), headers }],
      ]
    })
    this.#transaction('opb', effects, batch, options)
    if ((options.outcome ?? 'commit') !== 'commit') {
      this.aborted = state
      return this
    }
    this.committed = state
    this.apply()
    return this
  }

  /** SQLite catches up with what is committed. */
  apply(): this {
    const nextChangelog = this.logs.get('changelog')!.length
    this.sqlite = { rows: new Map(this.committed), nextInput: this.offsets.opb ?? 0, nextChangelog }
    return this
  }

  /** The wrapper: enriched records passed through. */
  pass(batch: readonly number[], options: TransactionOptions = {}): this {
    const effects = batch.map((offset): [Role, Partial<RawRecord>] => {
      const { key, value } = this.logs.get('enriched')![offset] as RawRecord
      return ['output', { key, value, headers: { src: `${names.enriched}/0/${offset}` } }]
    })
    this.#transaction('opb', effects, batch, options)
    return this
  }

  #transaction(
    operator: 'opa' | 'opb',
    effects: readonly [Role, Partial<RawRecord>][],
    batch: readonly number[],
    options: TransactionOptions,
  ): void {
    const { outcome = 'commit', without = [], torn = {}, change } = options
    const producerId = options.producer ?? (operator === 'opa' ? '1' : '2')
    const epoch = options.epoch ?? 0
    const txn = `t.${operator}-0/${options.incarnation ?? `${operator}.a.1`}/${options.n ?? ++this.#n}`
    const touched = new Set<Role>()
    for (const [role, record] of effects) {
      if (without.includes(role)) continue
      touched.add(role)
      const headers = { ...record.headers, txn }
      const full = { ...record, headers, producerId, epoch, transactional: true } as RawRecord
      this.append(role, change ? change(role, full) : full)
    }
    for (const role of touched) {
      const end = torn[role] ?? outcome
      if (end !== 'open') this.marker(role, producerId, end === 'commit' ? 'COMMIT' : 'ABORT', epoch)
    }
    if (outcome === 'commit' && options.offsets !== false) this.offsets[operator] = Math.max(...batch) + 1
  }

  /** A new incarnation fetched this offset after its fence. */
  fetched(operator: 'opa' | 'opb', incarnation: string, offset: number | null): this {
    const topic = operator === 'opa' ? names.orders : names.enriched
    const at = this.#clock++
    const place = { group: `t.${operator}`, topic, partition: 0, offset }
    this.journals.push({
      f: 'committed-offset',
      type: 'ok',
      task: 0,
      ...place,
      t: at,
      at,
      who: operator,
      incarnation,
      i: this.journals.length + 1,
    })
    return this
  }

  /** An incarnation was given this epoch by its fence; the line may be written much later. */
  fenced(operator: 'opa' | 'opb', incarnation: string, epoch: number): this {
    const at = this.#clock++
    this.journals.push({
      f: 'fence',
      type: 'ok',
      task: 0,
      transactionalId: `t.${operator}-0`,
      producerId: '1',
      epoch,
      t: at,
      at,
      who: operator,
      incarnation,
      i: this.journals.length + 1,
    })
    return this
  }

  /** A line in an incarnation's journal; `at` in milliseconds, one after the last line if not said. */
  wrote(incarnation: string, line: NewEvent, at: number = this.#clock): this {
    this.#clock = at + 1
    const who = incarnation.split('.')[0]!
    const i = this.journals.filter((e) => e.incarnation === incarnation).length + 1
    this.journals.push({ ...line, t: at, at, who, incarnation, i })
    return this
  }

  /** A life of OpB that kept its state or restored a snapshot, and replayed. */
  recovered(
    incarnation: string,
    replay: Record<'from' | 'to' | 'records' | 'applied', number>,
    restored: { source?: 'local' | 'snapshot'; snapshotId?: string } = {},
  ): this {
    const { source = 'local', snapshotId = null } = restored
    this.wrote(incarnation, { f: 'fence', type: 'ok', task: 0 })
    this.wrote(incarnation, { f: 'restore', type: 'ok', task: 0, source, snapshotId })
    return this.wrote(incarnation, { f: 'replay', type: 'ok', task: 0, ...replay })
  }

  /** A committed record in opb-snapshots. */
  published(entry: Partial<SnapshotEntry>): this {
    const manifest = { snapshotId: 'snap-1', path: 'snap-1', nextInputOffset: 1, retained: [], ...entry }
    const value = Buffer.from(JSON.stringify({ partition: 0, lastChangelogOffset: 0, ...manifest }))
    this.append('snapshots', { key: Buffer.from('opb-manifest-latest'), value })
    return this
  }

  manifest(entry: Partial<SnapshotEntry>, file: SnapshotOnDisk = {}): this {
    const rows = file.content?.rows ?? []
    const lines = rows.map(({ key, sum, count, seq }) => `${key},${sum},${count},${seq}\n`)
    this.snapshots.push({
      exists: true,
      ...file,
      entry: {
        snapshotId: 'snap-1',
        lastChangelogOffset: 0,
        nextInputOffset: 1,
        partition: 0,
        kind: 'full',
        changelogMode: 'after-image',
        keys: rows.length,
        stateHash: createHash('sha256').update(lines.join('')).digest('hex'),
        ...entry,
      } as SnapshotEntry,
    })
    return this
  }

  input(): OracleInput {
    const topics = Object.fromEntries(
      ROLES.map((role) => [role, { topic: names[role], partitions: [this.#partition(role)] }]),
    ) as unknown as OracleInput['topics']
    const rows = Object.entries(this.offsets) as ['opa' | 'opb', number][]
    return {
      prefix: 't.',
      pipeline: 'reference',
      window: WINDOW,
      names,
      groups: { opa: 't.opa', opb: 't.opb' },
      topics,
      groupOffsets: rows.map(([operator, offset]) => ({
        group: `t.${operator}`,
        topic: operator === 'opa' ? names.orders : names.enriched,
        partition: 0,
        offset,
      })),
      states: this.sqlite
        ? [
            {
              ...this.sqlite,
              rows: [...this.sqlite.rows.values()],
              partition: 0,
              file: 'opb-0/state.db',
              changelogMode: 'after-image',
              window: WINDOW,
              owner: 'opb.a.1',
            },
          ]
        : [],
      snapshots: this.snapshots.map((s) => ({ partition: 0, file: `opb-0/${s.entry.snapshotId}`, ...s })),
      journals: this.journals,
      truth: undefined,
      cleanEnd: true,
      ...this.override,
    }
  }

  #partition(role: Role): RawPartition {
    const entries = this.logs.get(role)!
    const highWatermark = (entries.at(-1)?.offset ?? -1) + 1
    const open = new Map<string, number>()
    for (const e of entries) {
      if (e.kind === 'marker') open.delete(e.producerId)
      else if (e.transactional && !open.has(e.producerId)) open.set(e.producerId, e.offset)
    }
    const lastStableOffset = this.stable[role] ?? Math.min(highWatermark, ...open.values())
    return { topic: names[role], partition: 0, logStart: 0, lastStableOffset, highWatermark, entries }
  }
}

/** Six orders of one key, one of them rejected, all of them processed: offsets 0..5, enriched 0..4. */
export function goodHistory(): History {
  const h = new History()
  for (const id of ['a', 'b', 'c']) h.order(id)
  h.bad('x')
  for (const id of ['d', 'e']) h.order(id, 7)
  return h
}

export const finish = (h: History): History =>
  h
    .fetched('opa', 'opa.a.1', null)
    .fetched('opb', 'opb.a.1', null)
    .opa([0, 1, 2, 3, 4, 5])
    .opb([0, 1, 2, 3, 4])
