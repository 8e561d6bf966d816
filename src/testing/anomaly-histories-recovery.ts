/** Snapshots, recoveries and liveness: a smallest history that has the anomaly, and one that almost has it. */
import { createHash } from 'node:crypto'
import type { NewEvent } from '../core/history/event.ts'
import type { PartialContent } from '../core/oracle/input.ts'
import type { SnapshotEntry } from '../core/contracts/records.ts'
import type { AnomalyCase } from './anomaly-cases.ts'
import { type History, finish, goodHistory } from './histories.ts'

const KEY = 's#p#1694499960'
const good = (): History => finish(goodHistory())

/** OpA has passed everything; the caller goes on with OpB. */
const afterOpa = (): History => goodHistory().opa([0, 1, 2, 3, 4, 5])

/** The state after four of the five changes, and a manifest that says so. */
const ROW_4 = { key: KEY, sum: 37, count: 4, seq: 4 }
const HOLDS_4 = { rows: [ROW_4], nextInput: 4, nextChangelog: 4 }
const hash = createHash('sha256').update(`${KEY},37,4,4\n`).digest('hex')
const UP_TO_4 = { lastChangelogOffset: 3, nextInputOffset: 4, stateHash: hash }
const FROM_SNAPSHOT = { source: 'snapshot', snapshotId: 'snap-1' } as const

const appliedUpTo3 = (): History =>
  good().wrote('opb.a.1', { f: 'apply', type: 'ok', task: 0, n: 1, nextInput: 3 })

const stood = (ms: number): History =>
  afterOpa()
    .opb([0, 1, 2])
    .wrote('opb.a.2', { f: 'resume', type: 'info', task: 0, offset: 3 }, 5_000)
    .wrote('opb.a.2', { f: 'stop', type: 'info' }, 5_000 + ms)

const finishedAndStayed = (line?: NewEvent): History => {
  const h = good().wrote('opb.a.2', { f: 'resume', type: 'info', task: 0, offset: 3 }, 5_000)
  h.wrote('opb.a.2', { f: 'commit', type: 'ok', task: 0, n: 1, kind: 'data' })
  if (line) h.wrote('opb.a.2', line)
  return h.wrote('opb.a.2', { f: 'stop', type: 'info' }, 45_001)
}

/** A full snapshot after two changes, and a partial one on top of it after four. */
const chain = (
  change: { partial?: Partial<PartialContent>; entry?: Partial<SnapshotEntry> } = {},
): History => {
  const rows = [{ key: KEY, sum: 20, count: 2, seq: 2 }]
  const [two, four] = [
    { nextInput: 2, nextChangelog: 2 },
    { nextInput: 4, nextChangelog: 4 },
  ]
  const base = { snapshotId: 'snap-1', sha256: 'aa' }
  const partial = { base, from: two, rows: [ROW_4], keys: 1, ...four, ...change.partial }
  const entry = { snapshotId: 'snap-2', kind: 'partial', base: 'snap-1', stateHash: null, keys: 1 } as const
  return good()
    .manifest(
      { ...base, lastChangelogOffset: 1, nextInputOffset: 2 },
      { intact: true, content: { rows, ...two } },
    )
    .manifest(
      { ...entry, lastChangelogOffset: 3, nextInputOffset: 4, ...change.entry },
      { intact: true, partial },
    )
}

/** Five changes of one key, written as deltas alone, of which the cleaner took all but the last. */
const compacted = (row: { sum: number; count: number }): History => {
  const h = good()
  const log = h.logs.get('changelog')!
  for (const [i, entry] of log.entries()) {
    if (entry.kind !== 'data') continue
    const { key, seq, delta, ts } = JSON.parse(entry.value!.toString()) as Record<string, unknown>
    log[i] = { ...entry, value: Buffer.from(JSON.stringify({ key, seq, delta, ts })) }
  }
  const changelogTap = h.input().topics.changelog!
  h.logs.set('changelog', log.slice(4))
  h.sqlite!.rows.set(KEY, { key: KEY, ...row, seq: 5 })
  const states = h.input().states!.map((state) => ({ ...state, changelogMode: 'delta-only' as const }))
  h.override = { states, changelogTap }
  return h
}

export const RECOVERY_CASES: readonly AnomalyCase[] = [
  {
    name: 'delta-compaction-loss',
    what: 'the cleaner took four deltas that nobody had kept',
    breaks: () => compacted({ sum: 7, count: 1 }),
    place: { topic: 't.opb-changelog', partition: 0, offset: 0, key: KEY },
    also: ['divergence'],
    almost: () => compacted({ sum: 44, count: 5 }),
  },
  {
    name: 'torn-snapshot',
    what: 'a partial holds another number of keys than its manifest says',
    breaks: () => chain({ partial: { rows: [ROW_4, { ...ROW_4, key: 's#q#60' }] } }),
    place: { key: 'snap-2', offset: 3 },
    also: ['path-dependence'],
    almost: () => chain(),
  },
  {
    name: 'torn-snapshot',
    what: 'a partial begins behind the end of its base',
    breaks: () => chain({ partial: { from: { nextInput: 3, nextChangelog: 3 } } }),
    place: { key: 'snap-2', offset: 3 },
    almost: () => chain(),
  },
  {
    name: 'torn-snapshot',
    what: 'a partial was made on another base than its manifest names',
    breaks: () => chain({ partial: { base: { snapshotId: 'snap-1', sha256: 'bb' } } }),
    place: { key: 'snap-2' },
    almost: () => chain(),
  },
  {
    name: 'torn-snapshot',
    what: 'the base of a partial is named nowhere',
    breaks: () => chain({ entry: { base: 'snap-0' } }),
    place: { key: 'snap-2' },
    almost: () => chain(),
  },
  {
    name: 'checkpoint-ahead',
    what: 'the manifest of a partial names an offset beyond its content',
    breaks: () => chain({ entry: { lastChangelogOffset: 4 } }),
    place: { topic: 't.opb-snapshots', key: 'snap-2', offset: 4 },
    also: ['path-dependence'],
    almost: () => chain(),
  },
  {
    name: 'path-dependence',
    what: 'a chain misses a change that a later one of the key covers',
    breaks: () => chain({ partial: { rows: [] } }),
    place: { key: 'snap-2', offset: 3 },
    almost: () => chain(),
  },
  {
    name: 'torn-snapshot',
    what: 'the file is the one described, and holds another key than its hash says',
    breaks: () => good().manifest(UP_TO_4, { content: { ...HOLDS_4, rows: [{ ...ROW_4, sum: 36 }] } }),
    place: { key: 'snap-1', offset: 3 },
    also: [],
    almost: () => good().manifest(UP_TO_4, { content: HOLDS_4 }),
  },
  {
    name: 'torn-snapshot',
    what: 'the file is no database',
    breaks: () => good().manifest({}, { intact: true, unreadable: 'file is not a database' }),
    place: { key: 'snap-1' },
    almost: () => good().manifest({}, { intact: true }),
  },
  {
    name: 'checkpoint-ahead',
    what: 'a manifest names an offset beyond the content of its file',
    breaks: () => good().manifest({ ...UP_TO_4, lastChangelogOffset: 4 }, { content: HOLDS_4 }),
    place: { topic: 't.opb-snapshots', key: 'snap-1', offset: 4 },
    also: ['path-dependence'],
    almost: () => good().manifest(UP_TO_4, { content: HOLDS_4 }),
  },
  {
    name: 'path-dependence',
    what: 'a snapshot that says it includes the last change, and does not',
    breaks: () =>
      good().manifest(
        { ...UP_TO_4, lastChangelogOffset: 4, nextInputOffset: 5 },
        { content: { rows: [ROW_4], nextInput: 5, nextChangelog: 5 } },
      ),
    place: { key: 'snap-1', offset: 4 },
    almost: () => good().manifest(UP_TO_4, { content: HOLDS_4 }),
  },
  {
    name: 'manifest-regression',
    what: 'an older snapshot is published after a newer one',
    breaks: () =>
      good()
        .published({ lastChangelogOffset: 3, nextInputOffset: 4 })
        .published({ snapshotId: 'snap-2', lastChangelogOffset: 1, nextInputOffset: 2 }),
    place: { topic: 't.opb-snapshots', offset: 1, key: 'snap-2' },
    almost: () =>
      good()
        .published({ lastChangelogOffset: 1, nextInputOffset: 2 })
        .published({ snapshotId: 'snap-2', lastChangelogOffset: 1, nextInputOffset: 2 }),
  },
  {
    name: 'replay-gap',
    what: 'a replay was handed one record less than the log holds',
    breaks: () => good().recovered('opb.a.2', { from: 2, to: 6, records: 2, applied: 0 }),
    place: { topic: 't.opb-changelog', partition: 0, offset: 2, incarnation: 'opb.a.2' },
    almost: () => good().recovered('opb.a.2', { from: 2, to: 6, records: 3, applied: 0 }),
  },
  {
    name: 'replay-gap',
    what: 'a replay began one record behind the snapshot',
    breaks: () =>
      good()
        .published({ lastChangelogOffset: 1 })
        .recovered('opb.a.2', { from: 3, to: 6, records: 2, applied: 2 }, FROM_SNAPSHOT),
    place: { topic: 't.opb-changelog', offset: 2, incarnation: 'opb.a.2' },
    almost: () =>
      good()
        .published({ lastChangelogOffset: 1 })
        .recovered('opb.a.2', { from: 2, to: 6, records: 3, applied: 3 }, FROM_SNAPSHOT),
  },
  {
    name: 'non-idempotent-recovery',
    what: 'a life applied again what its state had',
    breaks: () => appliedUpTo3().recovered('opb.a.2', { from: 0, to: 6, records: 5, applied: 5 }),
    place: { topic: 't.opb-changelog', partition: 0, offset: 0, incarnation: 'opb.a.2' },
    almost: () => appliedUpTo3().recovered('opb.a.2', { from: 0, to: 6, records: 5, applied: 2 }),
  },
  {
    name: 'stuck-recovery',
    what: 'a life was fenced in and gave up before it resumed',
    breaks: () =>
      good()
        .wrote('opb.a.2', { f: 'fence', type: 'ok', task: 0 })
        .wrote('opb.a.2', { f: 'error', type: 'info', code: 'TIMEOUT', message: 'waited for offset 6' }),
    place: { topic: 't.orders.enriched', partition: 0, offset: 5, incarnation: 'opb.a.2' },
    // Killed in its recovery, and nobody started another life: that is not its fault.
    almost: () => good().wrote('opb.a.2', { f: 'fence', type: 'ok', task: 0 }),
  },
  {
    name: 'no-progress',
    what: 'a life stood before input for 40 s',
    breaks: () => stood(40_000),
    place: { topic: 't.orders.enriched', partition: 0, offset: 3, incarnation: 'opb.a.2' },
    almost: () => stood(20_000),
  },
  {
    name: 'never-zero-lag',
    what: 'all is processed, and 40 s later the worker has not noticed',
    breaks: () => finishedAndStayed(),
    place: { topic: 't.orders.enriched', partition: 0, offset: 5, incarnation: 'opb.a.2' },
    almost: () => finishedAndStayed({ f: 'lag-zero', type: 'info', task: 0, position: 6 }),
  },
]
