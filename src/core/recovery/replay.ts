/**
 * Replaying changelog records onto a store, chunk by chunk.
 *
 * Promises: rows and positions of a chunk are applied in one store transaction; a record is applied only if
 * its seq is above the state's, so an overlap changes nothing; positions never go back.
 * Does not: read the log (recover.ts does), nor repair holes: in delta-only mode a compacted log has some,
 * they are counted in `holes` and said aloud, because showing that loss is an experiment.
 */
import { LabError } from '../errors.ts'
import { HEADER } from '../contracts/headers.ts'
import type { ChangelogMode, ChangelogValue, StateRow } from '../contracts/records.ts'
import type { LogRecord } from '../ports/log.ts'
import type { NewerRow, StateStore, StoreRow } from '../ports/store.ts'

export interface ReplayCounts {
  records: number
  applied: number
  skipped: number
  bytes: number
  /** Updates that the log no longer had (delta-only mode). */
  holes: number
}

export const noCounts = (): ReplayCounts => ({ records: 0, applied: 0, skipped: 0, bytes: 0, holes: 0 })

export interface ReplayOf {
  readonly topic: string
  readonly owner: string
  readonly mode: Exclude<ChangelogMode, 'off'>
  /**
   * Fetched records are gathered until the first ones of their keys have so many bytes, or all of them four times
   * as many, and applied together: of a key that comes again only the newest row is written.
   */
  readonly chunkBytes: number
}

export interface Fetched {
  readonly records: readonly LogRecord[]
  /** Position of the reader after these records. */
  readonly nextOffset: number
}

interface Change {
  readonly value: ChangelogValue
  readonly record: LogRecord
}

/** What a chunk makes of a key: its newest row, and the seqs that led there. */
interface Newest extends NewerRow {
  sum: number
  count: number
  seq: number
  changelogOffset: number
  readonly above: number
  /** Behind the first one, which is `above`. */
  later: number[] | undefined
}

/** One replay: `take` what was fetched, in order, and `flush` at the end. */
export class Replay {
  readonly #store: StateStore
  readonly #of: ReplayOf
  readonly #counts: ReplayCounts
  #newest = new Map<string, Newest>()
  #bytes = 0
  /** Of the records that were the first of their key: what the chunk will write. */
  #newBytes = 0
  /** Something was taken and not yet applied, be it only a position. */
  #pending = false
  #next: { nextInput: number; nextChangelog: number }

  /** Adds to `counts` as it applies. */
  constructor(store: StateStore, of: ReplayOf, counts: ReplayCounts) {
    this.#store = store
    this.#of = of
    this.#counts = counts
    this.#next = { ...store.position() }
  }

  /** True if a chunk was applied. */
  take({ records, nextOffset }: Fetched): boolean {
    const { mode, chunkBytes } = this.#of
    this.#next.nextChangelog = Math.max(this.#next.nextChangelog, nextOffset)
    if (mode === 'delta-only' || !this.#store.applyIfNewer) {
      const changes = records.map((record) => ({ value: this.#read(record), record }))
      const rows = fold(this.#store, { changes, of: this.#of }, this.#counts).values()
      this.#store.apply({ ...this.#how(), rows })
      return true
    }
    this.#pending = true
    for (const record of records) this.#gather(this.#read(record), record)
    if (this.#newBytes < chunkBytes && this.#bytes < 4 * chunkBytes) return false
    this.flush()
    return true
  }

  /** Applies what was gathered, and the position. */
  flush(): void {
    if (!this.#pending || !this.#store.applyIfNewer) return
    // In key order, because a tree page is then visited once.
    const rows = [...this.#newest.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
    const held = this.#store.applyIfNewer({ ...this.#how(), rows })
    for (const { key, above, later } of rows) this.#count(above, later, held.get(key))
    this.#newest = new Map()
    this.#bytes = 0
    this.#newBytes = 0
    this.#pending = false
  }

  #read(record: LogRecord): ChangelogValue {
    this.#counts.records += 1
    this.#counts.bytes += record.bytes
    this.#bytes += record.bytes
    const inputNext = inputNextOf(record, this.#of)
    if (inputNext > this.#next.nextInput) this.#next.nextInput = inputNext
    return decodeChange(record, this.#of)
  }

  #gather(value: ChangelogValue, record: LogRecord): void {
    const newest = this.#newest.get(value.key)
    if (newest === undefined) {
      const { key, sum, count, seq } = afterImage(value, record, this.#of)
      this.#newBytes += record.bytes
      const changelogOffset = record.offset
      this.#newest.set(key, { key, sum, count, seq, changelogOffset, above: seq, later: undefined })
      return
    }
    ;(newest.later ??= []).push(value.seq)
    if (value.seq <= newest.seq) return
    const { sum, count, seq } = afterImage(value, record, this.#of)
    newest.sum = sum
    newest.count = count
    newest.seq = seq
    newest.changelogOffset = record.offset
  }

  /** Each change of a key counts as it would have, had it been applied alone. */
  #count(above: number, later: readonly number[] | undefined, held: number | undefined): void {
    let seen = Math.max(above, held ?? 0)
    this.#counts[above > (held ?? 0) ? 'applied' : 'skipped'] += 1
    for (const seq of later ?? []) {
      this.#counts[seq > seen ? 'applied' : 'skipped'] += 1
      seen = Math.max(seen, seq)
    }
  }

  #how() {
    const { nextInput } = this.#store.position()
    return { owner: this.#of.owner, expectedNextInput: nextInput, next: { ...this.#next } }
  }
}

function fold(
  store: StateStore,
  { changes, of }: { changes: readonly Change[]; of: ReplayOf },
  counts: ReplayCounts,
): Map<string, StoreRow> {
  const rows = new Map<string, StoreRow>()
  for (const { value, record } of changes) {
    const state = rows.get(value.key) ?? store.get(value.key)
    const seen = state?.seq ?? 0
    if (value.seq <= seen) {
      counts.skipped += 1
      continue
    }
    counts.applied += 1
    if (of.mode === 'delta-only') counts.holes += value.seq - seen - 1
    const row = of.mode === 'delta-only' ? addDelta(state, value) : afterImage(value, record, of)
    rows.set(value.key, { ...row, changelogOffset: record.offset })
  }
  return rows
}

function addDelta(state: StateRow | undefined, value: ChangelogValue): StateRow {
  const sum = (state?.sum ?? 0) + value.delta
  if (!Number.isSafeInteger(sum)) {
    throw new LabError('SUM_OVERFLOW', `the sum of ${value.key} would pass 2^53-1 at seq ${value.seq}`)
  }
  return { key: value.key, sum, count: (state?.count ?? 0) + 1, seq: value.seq }
}

function afterImage(value: ChangelogValue, record: LogRecord, of: ReplayOf): StateRow {
  if (!Number.isSafeInteger(value.sum) || !Number.isSafeInteger(value.count)) {
    throw damaged(
      record,
      of,
      'it has no after-image (sum, count)',
      'was it written with --changelog delta-only?',
    )
  }
  return { key: value.key, sum: value.sum!, count: value.count!, seq: value.seq }
}

function decodeChange(record: LogRecord, of: ReplayOf): ChangelogValue {
  let value: ChangelogValue
  try {
    value = JSON.parse(record.value?.toString() ?? '') as ChangelogValue
  } catch {
    throw damaged(record, of, 'its value is no JSON')
  }
  if (
    typeof value?.key !== 'string' ||
    !Number.isSafeInteger(value.seq) ||
    !Number.isSafeInteger(value.delta)
  ) {
    throw damaged(record, of, 'key, seq or delta is missing or of the wrong type')
  }
  if (value.seq < 1) throw damaged(record, of, `seq is ${value.seq}; the first is 1`)
  return value
}

function inputNextOf(record: LogRecord, of: ReplayOf): number {
  const text = record.headers[HEADER.inputNext] ?? ''
  const next = Number(text)
  if (text === '' || !Number.isSafeInteger(next) || next < 0) {
    throw damaged(
      record,
      of,
      `header ${HEADER.inputNext} is ${text === '' ? 'missing' : JSON.stringify(text)}`,
    )
  }
  return next
}

const damaged = (record: LogRecord, of: ReplayOf, what: string, hint?: string): LabError =>
  new LabError('CHANGELOG_DAMAGED', `${of.topic}/${record.partition} offset ${record.offset}: ${what}`, {
    hint: hint ?? 'something else has written to the changelog; only OpB may',
  })
