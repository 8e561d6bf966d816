/**
 * The replay step: brings the state from its own position to the end that was fixed after the fence.
 *
 * Promises: with a changelog, records are applied by seq and nothing is read beyond the target; without one,
 * the input is read again up to the committed offset, updating state and emitting nothing.
 */
import { HEADER } from '../contracts/headers.ts'
import type { StateRow } from '../contracts/records.ts'
import type { LogRecord } from '../ports/log.ts'
import type { StateStore, StoreRow } from '../ports/store.ts'
import type { LogFacts } from './load.ts'
import { needed, refuseGap } from './plan.ts'
import { readTo } from './read-to.ts'
import { noCounts, Replay } from './replay.ts'
import type { ReplayCounts } from './replay.ts'
import type { Fold, RecoverOptions, RecoveryDeps } from './types.ts'

export interface Replayed extends Readonly<ReplayCounts> {
  readonly from: number
  readonly to: number
  readonly ms: number
  /** Records per second; null when there were none. */
  readonly rate: number | null
}

/**
 * Bytes of changelog that are applied together: several fetches, since the more keys of a chunk share a page of
 * the tree, the fewer pages are written to the write-ahead log.
 */
const CHUNK_BYTES = 16 << 20

/** Small enough that what a fetch is decoded into dies young; at 4 MiB a profile had a quarter of the time in garbage collection. */
const FETCH_BYTES = 512 << 10

interface Task {
  readonly store: StateStore
  readonly facts: LogFacts
  /** Overrides the state's own position, to replay an overlap. */
  readonly from: number | undefined
}

export async function catchUp(deps: RecoveryDeps, options: RecoverOptions, task: Task): Promise<Replayed> {
  const { store, facts } = task
  const off = options.changelogMode === 'off'
  const own = needed(store.lineage, store.position())
  const from = Math.min(task.from ?? own, own)
  const topic = off ? options.topics.input : options.topics.changelog
  const { logStart } = off ? facts.input : facts.changelog
  // Not below its own position even in a rehearsal, where the log may have grown since the copy was taken.
  const to = Math.max(from, off ? (facts.committed ?? 0) : facts.changelog.highWatermark)
  if (to > from) refuseGap({ topic, logStart, end: to }, from)
  const { partition } = options
  deps.journal.append({ f: 'replay', type: 'invoke', task: partition, from, to })
  const started = deps.clock.monotonicMs()
  const counts = noCounts()
  // With the changelog off the records are input, and what a pipeline reads of them is its own affair.
  const headers = off ? {} : { headers: [HEADER.inputNext] }
  const reader = deps.log.reader({ topic, partition, from, isolation: 'read_committed', ...headers })
  const maxBytes = options.chunkBytes ?? FETCH_BYTES
  const how = { reader, clock: deps.clock, stallMs: options.stallMs, maxBytes }
  const { owner } = options
  if (options.changelogMode === 'off') {
    await readTo(how, to, ({ records, nextOffset }) => {
      refold(store, { records, owner, fold: deps.fold! }, counts)
      if (nextOffset < to) deps.at?.('replay.mid')
    })
  } else {
    const chunkBytes = options.chunkBytes ?? CHUNK_BYTES
    const replay = new Replay(store, { topic, owner, mode: options.changelogMode, chunkBytes }, counts)
    await readTo(how, to, (fetched) => {
      if (replay.take(fetched) && fetched.nextOffset < to) deps.at?.('replay.mid')
    })
    replay.flush()
  }
  const ms = deps.clock.monotonicMs() - started
  const rate = counts.records > 0 ? Math.round((counts.records / Math.max(ms, 0.001)) * 1000) : null
  deps.journal.append({ f: 'replay', type: 'ok', task: partition, from, to, ...counts, ms })
  if (counts.holes > 0) {
    const note = `the changelog lacks ${counts.holes} updates (deltas alone do not survive compaction); the state is short of them`
    deps.say({ msg: 'replay note', partition, note })
  }
  const { applied, skipped } = counts
  deps.say({
    msg: 'replay done',
    partition,
    applied,
    skipped,
    replay_bytes: counts.bytes,
    replay_rate: rate,
    from,
    to,
  })
  return { ...counts, from, to, ms, rate }
}

interface Refold {
  readonly records: readonly LogRecord[]
  readonly owner: string
  readonly fold: Fold
}

function refold(store: StateStore, { records, owner, fold }: Refold, counts: ReplayCounts): void {
  const before = store.position()
  const rows = new Map<string, StoreRow>()
  const get = (key: string): StateRow | undefined => rows.get(key) ?? store.get(key)
  let { nextInput } = before
  for (const record of records) {
    const row = fold(record, get)
    counts.records += 1
    counts.bytes += record.bytes
    if (row) {
      counts.applied += 1
      rows.set(row.key, { ...row, changelogOffset: -1 })
    } else counts.skipped += 1
    nextInput = record.offset + 1
  }
  store.apply({
    owner,
    expectedNextInput: before.nextInput,
    rows: rows.values(),
    next: { nextInput, nextChangelog: before.nextChangelog },
  })
}
