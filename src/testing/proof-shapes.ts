/**
 * Hand-written histories of the points around the data transaction's core: for each one that proves the hit.
 */
import {
  EARLIER,
  facts,
  FENCED,
  frame,
  journal,
  kill,
  killed,
  LIFE,
  log,
  marker,
  NEXT,
  of,
  partition,
  record,
  transaction,
} from './kills.ts'
import type { Line } from './kills.ts'
import type { HistoryEvent } from '../core/history/event.ts'
import type { RawPartition } from '../core/oracle/input.ts'
import type { KillFacts } from '../core/crash/case.ts'

export const life = (...lines: Line[]): HistoryEvent[] => journal(LIFE, [FENCED, ...lines])
export const one = transaction(1, 100, 0)
export const two = transaction(2, 103, 4)

/** Transaction 1 committed; of transaction 2 the first `records` records and its fate. */
export const half = (records: number, ...fate: RawPartition['entries']): RawPartition[] => [
  partition(
    'out',
    ...[0, 1, 2].map((o) => record(o, 1)),
    marker(3, 'COMMIT'),
    ...[4, 5, 6].slice(0, records).map((o) => record(o, 2)),
    ...fate,
  ),
]
const nothingOfTwo = half(0)

const CUT: Line = {
  f: 'produce',
  type: 'ok',
  n: 2,
  ranges: [{ topic: 'out', partition: 0, baseOffset: 4, count: 2 }],
  sent: 2,
  of: 3,
}

export const HELD = frame({ t: 1013, moment: 'held' })
export const RELEASED = frame({ t: 1500, moment: 'released' })
export const REFUSED = frame({ t: 1501, direction: 'response', moment: 'withheld', errorCode: 47 })
export const later = NEXT.map((e) => ({ ...e, t: e.t + 100 }))

const SNAPSHOT_ID = '2025-09-12T10:00:00.000Z-p0-e3-n2'
export const FILE = '2025-09-12T10-00-00.000Z-p0-e3-n2.full.db'
const TAKEN: Line = { f: 'snapshot', type: 'invoke', snapshotId: SNAPSHOT_ID }
const manifestOf = (snapshotId: string, n: number) => ({
  ...record(0, n),
  value: Buffer.from(JSON.stringify({ snapshotId })),
})
const MANIFESTS = [partition('snaps', manifestOf('older', 9))]
export const publishing = (steps: number): Line[] =>
  [
    { f: 'txn', type: 'invoke', n: 2, kind: 'manifest', records: 1, from: null, next: null },
    { f: 'produce', type: 'ok', n: 2, ranges: [{ topic: 'snaps', partition: 0, baseOffset: 4, count: 1 }] },
    { f: 'commit', type: 'invoke', n: 2, kind: 'manifest' },
    { f: 'commit', type: 'ok', n: 2, kind: 'manifest' },
  ].slice(0, steps) as Line[]
export const published = (outcome: 'COMMIT' | 'ABORT') => [
  partition('snaps', { ...manifestOf(SNAPSHOT_ID, 2), offset: 4 }, marker(5, outcome)),
]

export const recovery = (...lines: Line[]): HistoryEvent[] => life(...lines)
export const COMMITTED: Line = { f: 'committed-offset', type: 'ok', offset: 103 }
export const LOADED: Line = { f: 'manifest', type: 'ok', snapshotId: null }
export const RESTORED: Line = { f: 'restore', type: 'ok', source: 'local', keys: 4 }
const REPLAYING: Line = { f: 'replay', type: 'invoke', from: 10, to: 90 }

export const paused = (place: string, steps: number, ...then: Line[]): HistoryEvent[] => [
  ...life(...one, ...two.slice(0, steps), {
    f: 'pause',
    type: 'invoke',
    point: `opb.pause.${place}`,
    hit: 2,
  }),
  ...journal(LIFE, [{ f: 'pause', type: 'ok', point: `opb.pause.${place}`, t: 1200 }, ...then]).map((e) => ({
    ...e,
    t: Math.max(e.t, 1200),
  })),
]
export const FENCED_COMMIT: Line[] = [
  { f: 'commit', type: 'invoke', n: 2, kind: 'data' },
  { f: 'commit', type: 'fail', n: 2, kind: 'data', code: 'FENCED' },
]

export const SHAPES: Readonly<Record<string, Partial<KillFacts>>> = {
  'poll.after': {
    journals: of(life(...one, kill('opb.poll.after'))),
    partitions: nothingOfTwo,
    sqliteNextInputAtKill: 103,
  },
  'compute.after': { journals: of(killed(1, kill('opb.compute.after'))), partitions: nothingOfTwo },
  'produce.mid': {
    journals: of(life(...one, two[0]!, CUT, kill('opb.produce.mid'))),
    partitions: half(2, marker(6, 'ABORT')),
  },
  'offsets.after': {
    journals: of(killed(3, kill('opb.offsets.after'))),
    partitions: log(marker(7, 'ABORT')),
  },
  'commit.held': {
    journals: of(killed(4), later),
    partitions: log(marker(7, 'ABORT')),
    frames: [...EARLIER, HELD, RELEASED, REFUSED],
  },
  'apply.mid': {
    journals: of(killed(6, kill('opb.apply.mid'))),
    partitions: log(marker(7, 'COMMIT')),
    sqliteNextInputAtKill: 103,
  },
  'apply.after': {
    journals: of(killed(7, kill('opb.apply.after'))),
    partitions: log(marker(7, 'COMMIT')),
    sqliteNextInputAtKill: 106,
  },
  'snapshot-copy.mid': {
    journals: of(life(...one, TAKEN, kill('opb.snapshot-copy.mid'))),
    manifests: MANIFESTS,
    snapshotFiles: [`${FILE}.unfinished`],
  },
  'snapshot-rename.after': {
    journals: of(life(...one, TAKEN, kill('opb.snapshot-rename.after'))),
    manifests: MANIFESTS,
    snapshotFiles: [FILE],
  },
  'manifest-produce.after': {
    journals: of(life(...one, ...publishing(2), kill('opb.manifest-produce.after'))),
    manifests: published('ABORT'),
  },
  'manifest-commit.mid': {
    journals: of(life(...one, ...publishing(3))),
    manifests: published('COMMIT'),
    frames: [frame({ t: 1013 }), frame({ t: 1014, direction: 'response', moment: 'withheld', errorCode: 0 })],
  },
  'manifest-commit.after': {
    journals: of(life(...one, ...publishing(4), kill('opb.manifest-commit.after'))),
    manifests: published('COMMIT'),
  },
  'prune.mid': {
    journals: of(life(...one, ...publishing(4), kill('opb.prune.mid'))),
    manifests: published('COMMIT'),
    snapshotFiles: ['older.full.db', FILE, `${FILE}.json`],
  },
  'fence.after': { journals: of(recovery(kill('opb.fence.after'))) },
  'manifest-load.after': { journals: of(recovery(COMMITTED, LOADED, kill('opb.manifest-load.after'))) },
  'restore.mid': { journals: of(recovery(COMMITTED, LOADED, kill('opb.restore.mid'))) },
  'restore.after': { journals: of(recovery(COMMITTED, LOADED, RESTORED, kill('opb.restore.after'))) },
  'replay.mid': {
    journals: of(recovery(COMMITTED, LOADED, RESTORED, REPLAYING, kill('opb.replay.mid'))),
    sqliteNextChangelogAtKill: 50,
  },
  'replay.after': {
    journals: of(
      recovery(COMMITTED, LOADED, RESTORED, REPLAYING, { f: 'replay', type: 'ok' }, kill('opb.replay.after')),
    ),
  },
  'pause.commit.before': {
    exitSignal: null,
    wokenAt: 1199,
    journals: of(paused('commit.before', 3, ...FENCED_COMMIT)),
    partitions: log(marker(7, 'ABORT')),
  },
  'pause.commit.after': {
    exitSignal: null,
    wokenAt: 1199,
    journals: of(paused('commit.after', 5, { f: 'error', type: 'info', code: 'OWNER_CHANGED' })),
    partitions: log(marker(7, 'COMMIT')),
  },
  'pause.snapshot-rename.before': {
    exitSignal: null,
    wokenAt: 1199,
    journals: of(paused('snapshot-rename.before', 3, { f: 'error', type: 'info', code: 'FENCED' })),
    partitions: log(marker(7, 'ABORT')),
  },
}

export const shape = (place: string, change: Partial<KillFacts> = {}): KillFacts =>
  facts({ point: `opb.${place}`, ...SHAPES[place], ...change })
