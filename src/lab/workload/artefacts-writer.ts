/**
 * Writing artefacts: orders, the changes they make, and transactions that come to nothing.
 *
 * Promises: a commit holds the changes and the input offset behind them, in one transaction of the task's own
 * producer, as OpB does it; about every eighth transaction follows one with changes that never were, aborted.
 * Does not: write outputs; recovery reads none.
 */
import { encodeSource, encodeTxn, HEADER, type TxnRef } from '../../core/contracts/headers.ts'
import type { TopicNames } from '../../core/contracts/names.ts'
import { MANIFEST_KEY, type EnrichedOrder } from '../../core/contracts/records.ts'
import { LabError } from '../../core/errors.ts'
import type { OutputRecord, TransactionalProducer } from '../../core/ports/log.ts'
import type { TopicAdmin } from '../../core/ports/topics.ts'
import type { ArtefactState, Change } from '../../core/workload/artefacts.ts'

export interface WriterOptions {
  readonly producer: TransactionalProducer
  readonly admin: Pick<TopicAdmin, 'append'>
  readonly names: TopicNames
  readonly group: string
  readonly state: ArtefactState
}

/** What one transaction carries. */
export interface Batch {
  readonly changes: readonly Change[]
  /** A repeated change has no order of its own. */
  readonly orders: readonly EnrichedOrder[]
  /** Input offset after each change. */
  readonly inputNext: readonly number[]
}

const ABORT_EVERY = 8
/** Records per produce: below the broker's limit for one batch (1 MiB), headers included. */
const PIECE = 2_500
const ABORTED_RECORDS = 50

export class ArtefactWriter {
  /** Changes per transaction. */
  static readonly BATCH = 10_000
  committed = 0
  aborted = 0
  readonly producer: TransactionalProducer
  readonly #o: WriterOptions
  #n = 0

  constructor(options: WriterOptions) {
    this.#o = options
    this.producer = options.producer
  }

  nextTransaction(): TxnRef {
    const { transactionalId } = this.#o.producer
    return { transactionalId, incarnation: 'artefacts', n: ++this.#n }
  }

  /** Appends the orders and commits their changes; resolves with the offset of the first change. */
  async commit({ changes, orders, inputNext }: Batch): Promise<number> {
    const { producer, names, group } = this.#o
    await this.append(orders)
    if (this.#n % ABORT_EVERY === 0) await this.abort()
    const headers = this.#identity()
    const records = changes.map(({ value }, i) => {
      const next = inputNext[i]!
      const src = encodeSource({ topic: names.enriched, partition: 0, offset: Math.max(0, next - 1) })
      return this.#record(value, { ...headers, [HEADER.src]: src, [HEADER.inputNext]: String(next) })
    })
    const transaction = await producer.begin()
    let first: number | undefined
    for (let at = 0; at < records.length; at += PIECE) {
      const [range] = await transaction.produce(records.slice(at, at + PIECE))
      // Nobody else writes here, so the pieces of a transaction follow each other without a gap.
      first ??= range?.baseOffset
    }
    const offset = inputNext.at(-1) ?? 0
    await transaction.addOffsets(group, [{ topic: names.enriched, partition: 0, offset }])
    await transaction.commit()
    if (first === undefined) throw new LabError('INTERNAL', `no offset came back for ${names.changelog}`)
    this.committed += records.length
    return first
  }

  /** Orders, as OpA would have left them; nothing says that they are processed. */
  async append(orders: readonly EnrichedOrder[]): Promise<void> {
    if (orders.length === 0) return
    const record = (order: EnrichedOrder) => ({
      partition: 0,
      key: order.orderId,
      value: JSON.stringify(order),
    })
    await this.#o.admin.append(this.#o.names.enriched, orders.map(record))
  }

  /** A transaction with changes and a manifest that never came to be. */
  async abort(): Promise<void> {
    const { producer, names, state } = this.#o
    const headers = { ...this.#identity(), [HEADER.inputNext]: '0' }
    const transaction = await producer.begin()
    const changes = Array.from({ length: ABORTED_RECORDS }, () =>
      this.#record(state.phantom(state.below(state.keys)), headers),
    )
    const manifest = { topic: names.snapshots, partition: 0, key: MANIFEST_KEY, value: '{}', headers }
    await transaction.produce([...changes, manifest])
    await transaction.abort()
    this.aborted += ABORTED_RECORDS
  }

  #identity(): Record<string, string> {
    return { [HEADER.txn]: encodeTxn(this.nextTransaction()) }
  }

  #record(value: Change['value'], headers: Record<string, string>): OutputRecord {
    return {
      topic: this.#o.names.changelog,
      partition: 0,
      key: value.key,
      value: JSON.stringify(value),
      headers,
    }
  }
}
