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

export interface ReplayChunk {
  readonly topic: string
  readonly owner: string
  readonly mode: Exclude<ChangelogMode, 'off'>
  readonly records: readonly LogRecord[]
  /** Position of the reader after these records. */
  readonly nextOffset: number
}

interface Change {
  readonly value: ChangelogValue
  readonly record: LogRecord
}

/** Applies one chunk and adds to `counts`. */
export function replayChunk(store: StateStore, chunk: ReplayChunk, counts: ReplayCounts): void {
  const before = store.position()
  let { nextInput } = before
  const changes = chunk.records.map((record) => {
    counts.records += 1
    counts.bytes += record.bytes
    nextInput = Math.max(nextInput, inputNextOf(record, chunk))
    return { value: decodeChange(record, chunk), record }
  })
  const how = {
    owner: chunk.owner,
    expectedNextInput: before.nextInput,
    next: { nextInput, nextChangelog: Math.max(before.nextChangelog, chunk.nextOffset) },
  }
  if (chunk.mode === 'after-image' && store.applyIfNewer) {
    // Nearly always all of a chunk is new: then nothing need be read before it is written.
    const { rows, applied, skipped } = latest(changes, chunk)
    if (store.applyIfNewer({ ...how, rows })) {
      counts.applied += applied
      counts.skipped += skipped
      return
    }
  }
  store.apply({ ...how, rows: fold(store, { changes, chunk }, counts).values() })
}

/** The last row of each key, in key order (a tree page is then visited once), if all of the chunk is new. */
function latest(
  changes: readonly Change[],
  chunk: ReplayChunk,
): { rows: NewerRow[]; applied: number; skipped: number } {
  const found = new Map<string, { value: ChangelogValue; record: LogRecord; above: number }>()
  let skipped = 0
  for (const { value, record } of changes) {
    const earlier = found.get(value.key)
    if (earlier === undefined) found.set(value.key, { value, record, above: value.seq })
    else if (value.seq <= earlier.value.seq) skipped += 1
    else {
      earlier.value = value
      earlier.record = record
    }
  }
  const rows = [...found.values()].map(({ value, record, above }) => ({
    ...afterImage(value, record, chunk),
    changelogOffset: record.offset,
    above,
  }))
  rows.sort((a, b) => (a.key < b.key ? -1 : 1))
  return { rows, applied: changes.length - skipped, skipped }
}

function fold(
  store: StateStore,
  { changes, chunk }: { changes: readonly Change[]; chunk: ReplayChunk },
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
    if (chunk.mode === 'delta-only') counts.holes += value.seq - seen - 1
    const row = chunk.mode === 'delta-only' ? addDelta(state, value) : afterImage(value, record, chunk)
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

function afterImage(value: ChangelogValue, record: LogRecord, chunk: ReplayChunk): StateRow {
  if (!Number.isSafeInteger(value.sum) || !Number.isSafeInteger(value.count)) {
    throw damaged(
      record,
      chunk,
      'it has no after-image (sum, count)',
      'was it written with --changelog delta-only?',
    )
  }
  return { key: value.key, sum: value.sum!, count: value.count!, seq: value.seq }
}

function decodeChange(record: LogRecord, chunk: ReplayChunk): ChangelogValue {
  let value: ChangelogValue
  try {
    value = JSON.parse(record.value?.toString() ?? '') as ChangelogValue
  } catch {
    throw damaged(record, chunk, 'its value is no JSON')
  }
  if (
    typeof value?.key !== 'string' ||
    !Number.isSafeInteger(value.seq) ||
    !Number.isSafeInteger(value.delta)
  ) {
    throw damaged(record, chunk, 'key, seq or delta is missing or of the wrong type')
  }
  if (value.seq < 1) throw damaged(record, chunk, `seq is ${value.seq}; the first is 1`)
  return value
}

function inputNextOf(record: LogRecord, chunk: ReplayChunk): number {
  const text = record.headers[HEADER.inputNext] ?? ''
  const next = Number(text)
  if (text === '' || !Number.isSafeInteger(next) || next < 0) {
    throw damaged(
      record,
      chunk,
      `header ${HEADER.inputNext} is ${text === '' ? 'missing' : JSON.stringify(text)}`,
    )
  }
  return next
}

const damaged = (record: LogRecord, chunk: ReplayChunk, what: string, hint?: string): LabError =>
  new LabError('CHANGELOG_DAMAGED', `${chunk.topic}/${record.partition} offset ${record.offset}: ${what}`, {
    hint: hint ?? 'something else has written to the changelog; only OpB may',
  })
