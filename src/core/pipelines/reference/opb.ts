/**
 * OpB: enriched orders in, one running aggregate per (store, product, window) out, and one changelog record
 * per input with the after-image, so that a compacted changelog still holds the whole state.
 *
 * Promises: SQLite is always a prefix of the committed changelog: the overlay becomes durable only after the
 * commit is acknowledged. A sum that would pass 2^53-1 stops OpB before anything is sent; money is never
 * rounded. `seq` counts a key's updates from 1 without gaps. Does not: recover; that is core/recovery.
 */
import { HEADER } from '../../contracts/headers.ts'
import {
  aggregateKey,
  windowStart,
  type ChangelogMode,
  type ChangelogValue,
  type EnrichedOrder,
  type OutputValue,
  type StateRow,
} from '../../contracts/records.ts'
import type { TopicNames } from '../../contracts/names.ts'
import { LabError } from '../../errors.ts'
import type { LogRecord, OutputRecord, ProducedRange } from '../../ports/log.ts'
import type { StateStore } from '../../ports/store.ts'
import type { AppliedRow } from '../../recovery/changed-rows.ts'
import type { Step } from '../../primitives/transactional-loop.ts'

export interface OpbOptions {
  readonly names: TopicNames
  readonly partition: number
  readonly window: number
  readonly changelog: ChangelogMode
  readonly owner: string
  readonly store: StateStore
  /** Told how many updates were applied, for snapshots every n updates, and which rows they left behind. */
  readonly onApplied: (updates: number, rows: readonly AppliedRow[], nextInput: number) => void
  /** Called inside the store's transaction, after the rows and before the positions: for crash points. */
  readonly applyMid?: () => void
}

/** The aggregate's next row after one order. Rejects a sum outside +-(2^53-1). */
export function foldOrder(row: StateRow | undefined, key: string, order: EnrichedOrder): StateRow {
  const delta = order.price * order.qty
  const sum = (row?.sum ?? 0) + delta
  if (!Number.isSafeInteger(sum)) {
    throw new LabError(
      'SUM_OVERFLOW',
      `the sum of ${key} would pass 2^53-1 with order ${order.orderId}; nothing was committed`,
      {
        hint: 'use a smaller --window, or split the key; amounts are never rounded',
      },
    )
  }
  return { key, sum, count: (row?.count ?? 0) + 1, seq: (row?.seq ?? 0) + 1 }
}

/** Key and order of an enriched record. */
export function readEnriched(
  record: LogRecord,
  window: number,
): { key: string; order: EnrichedOrder; start: number } {
  const order = JSON.parse(record.value?.toString('utf8') ?? 'null') as EnrichedOrder
  const start = windowStart(order.normTs, window)
  return { key: aggregateKey(order.storeId, order.productId, start), order, start }
}

interface OverlayRow extends StateRow {
  /** Index of the record of the batch that made it. */
  at: number
  isNew: boolean
}

export function createOpb(options: OpbOptions): Step {
  const { names, partition, store } = options
  let overlay = new Map<string, OverlayRow>()
  let updates = 0
  let expectedNextInput = store.position().nextInput

  const recordsOf = (record: LogRecord, at: number, identity: Record<string, string>): OutputRecord[] => {
    const { key, order, start } = readEnriched(record, options.window)
    const before = overlay.get(key)
    const stored = before ?? store.get(key)
    const row = foldOrder(stored, key, order)
    overlay.set(key, { ...row, at, isNew: before?.isNew ?? stored === undefined })
    const output: OutputValue = {
      key,
      storeId: order.storeId,
      productId: order.productId,
      windowStart: start,
      sum: row.sum,
      count: row.count,
      seq: row.seq,
    }
    const out: OutputRecord = {
      topic: names.output,
      partition,
      key,
      value: JSON.stringify(output),
      headers: identity,
    }
    if (options.changelog === 'off') return [out]
    const delta = order.price * order.qty
    const change: ChangelogValue =
      options.changelog === 'delta-only'
        ? { key, seq: row.seq, delta, ts: order.normTs }
        : { key, seq: row.seq, delta, ts: order.normTs, sum: row.sum, count: row.count }
    const headers = { ...identity, [HEADER.inputNext]: String(record.offset + 1) }
    return [out, { topic: names.changelog, partition, key, value: JSON.stringify(change), headers }]
  }

  return {
    compute: (records, identity) => {
      // A batch that was refused half-way must leave nothing behind for the next one.
      overlay = new Map()
      updates = records.length
      return records.flatMap((record, at) => recordsOf(record, at, identity(record)))
    },
    apply: (ranges: readonly ProducedRange[], nextInput: number) => {
      const range = ranges.find((r) => r.topic === names.changelog && r.partition === partition)
      if (range === undefined && options.changelog !== 'off') {
        throw new LabError('INTERNAL', `no changelog offset came back for ${names.changelog}/${partition}`)
      }
      const base = range?.baseOffset ?? -1
      const rows: AppliedRow[] = [...overlay.values()].map(({ at, ...row }) => ({
        ...row,
        changelogOffset: range ? base + at : -1,
      }))
      const nextChangelog = range ? base + range.count : store.position().nextChangelog
      const next = { nextInput, nextChangelog }
      const { owner, applyMid: mid } = options
      store.apply({ owner, expectedNextInput, rows, next, ...(mid ? { mid } : {}) })
      expectedNextInput = nextInput
      overlay = new Map()
      options.onApplied(updates, rows, nextInput)
    },
  }
}
