/**
 * Hand-written kills for the tests of evidence and story: for each kind of point one history that proves the
 * hit. Tests change one thing at a time.
 */
import type { KillFacts } from '../core/crash/evidence.ts'
import type { HistoryEvent, NewEvent } from '../core/history/event.ts'
import type { RawMarker, RawPartition, RawRecord } from '../core/oracle/input.ts'
import type { FrameSeen } from '../core/ports/proxy.ts'

export const TX = 'c1.opb-0'
export const PID = '12'
export const LIFE = 'opb.a.1'

export type Line = NewEvent & { t?: number; at?: number }

/** Line k of a journal is written at monotonic 1000 + k and wall 500,000 + k. */
export const journal = (incarnation: string, lines: readonly Line[]): HistoryEvent[] =>
  lines.map((line, k) => ({
    task: 0,
    t: 1000 + k,
    at: 500_000 + k,
    who: 'opb',
    incarnation,
    i: k + 1,
    ...line,
  }))

export const FENCED: Line = { f: 'fence', type: 'ok', transactionalId: TX, producerId: PID, epoch: 3 }

/** A whole data transaction of three records at output offset `base`, input offsets `from` to `from + 2`. */
export const transaction = (n: number, from: number, base: number): Line[] => [
  { f: 'txn', type: 'invoke', n, kind: 'data', records: 3, from, next: from + 3 },
  { f: 'produce', type: 'ok', n, ranges: [{ topic: 'out', partition: 0, baseOffset: base, count: 3 }] },
  { f: 'offsets', type: 'ok', n, group: 'g', topic: 'in', partition: 0, offset: from + 3 },
  { f: 'commit', type: 'invoke', n, kind: 'data' },
  { f: 'commit', type: 'ok', n, kind: 'data' },
  { f: 'apply', type: 'invoke', n },
  { f: 'apply', type: 'ok', n, nextInput: from + 3, nextChangelog: base + 4 },
]

export const record = (offset: number, n: number, life = LIFE): RawRecord => ({
  kind: 'data',
  partition: 0,
  offset,
  timestamp: 0,
  key: null,
  value: null,
  headers: { txn: `${TX}/${life}/${n}` },
  producerId: PID,
  epoch: 3,
  transactional: true,
})

export const marker = (
  offset: number,
  outcome: 'COMMIT' | 'ABORT',
  more: Partial<RawMarker> = {},
): RawMarker => ({
  kind: 'marker',
  partition: 0,
  offset,
  timestamp: 500_200,
  producerId: PID,
  epoch: outcome === 'ABORT' ? 4 : 3,
  outcome,
  ...more,
})

export const partition = (topic: string, ...entries: RawPartition['entries']): RawPartition => ({
  topic,
  partition: 0,
  logStart: 0,
  lastStableOffset: 100,
  highWatermark: 100,
  entries,
})

/** Transaction 1 committed (offsets 0 to 3), transaction 2 at 4 to 6 and its fate. */
export const log = (...fate: RawPartition['entries']): RawPartition[] => [
  partition(
    'out',
    ...[0, 1, 2].map((o) => record(o, 1)),
    marker(3, 'COMMIT'),
    ...[4, 5, 6].map((o) => record(o, 2)),
    ...fate,
  ),
  partition('untouched', { ...record(0, 9), producerId: '77' }, marker(1, 'ABORT', { producerId: '77' })),
]

export const frame = (more: Partial<FrameSeen>): FrameSeen => ({
  api: 'EndTxn',
  direction: 'request',
  moment: 'seen',
  transactionalId: TX,
  producerId: PID,
  epoch: 3,
  commit: true,
  errorCode: null,
  correlationId: 9,
  clientId: 'c',
  t: 1013,
  ...more,
})

/** Frames of transaction 1, which must never count for transaction 2. */
export const EARLIER = [
  frame({ t: 1004 }),
  frame({ t: 1004, direction: 'response', moment: 'delivered', errorCode: 0 }),
]
export const SENT = frame({ t: 1013 })
export const WITHHELD = frame({ t: 1014, direction: 'response', moment: 'withheld', errorCode: 0 })

/** Events of a killed life: fence, transaction 1, then the first `steps` lines of transaction 2, then `last`. */
export const killed = (steps: number, ...last: Line[]): HistoryEvent[] =>
  journal(LIFE, [FENCED, ...transaction(1, 100, 0), ...transaction(2, 103, 4).slice(0, steps), ...last])

export const kill = (point: string, hit = 2): Line => ({ f: 'kill', type: 'info', point, hit })

export const NEXT = journal('opb.a.2', [
  { f: 'boot', type: 'info', at: 500_100 },
  { f: 'fence', type: 'invoke', transactionalId: TX, at: 500_150 },
  { f: 'fence', type: 'ok', transactionalId: TX, producerId: PID, epoch: 4, at: 500_210 },
  { f: 'restore', type: 'ok', source: 'local', keys: 40 },
  { f: 'replay', type: 'ok', records: 3, applied: 3, skipped: 0 },
  { f: 'resume', type: 'info', topic: 'in', partition: 0, offset: 1106 },
])

export const facts = (more: Partial<KillFacts> & Pick<KillFacts, 'point'>): KillFacts => ({
  hit: 2,
  task: 0,
  exitSignal: 'SIGKILL',
  journals: { killed: [], next: NEXT },
  partitions: [],
  frames: EARLIER,
  txnTimeoutMs: 10_000,
  ...more,
})

export const of = (events: HistoryEvent[], next = NEXT): KillFacts['journals'] => ({ killed: events, next })

export const HITS: Record<string, KillFacts> = {
  'produce.after': facts({
    point: 'opb.produce.after',
    journals: of(killed(2, kill('opb.produce.after'))),
    partitions: log(marker(7, 'ABORT')),
  }),
  'commit.before': facts({
    point: 'opb.commit.before',
    journals: of(killed(3, kill('opb.commit.before'))),
    partitions: log(marker(7, 'ABORT')),
  }),
  'commit.mid': facts({
    point: 'opb.commit.mid',
    journals: of(killed(4)),
    partitions: log(marker(7, 'COMMIT')),
    frames: [...EARLIER, SENT, WITHHELD],
  }),
  'commit.after': facts({
    point: 'opb.commit.after',
    journals: of(killed(5, kill('opb.commit.after'))),
    partitions: log(marker(7, 'COMMIT')),
    sqliteNextInputAtKill: 103,
  }),
  'apply.before': facts({
    point: 'opb.apply.before',
    journals: of(killed(5, kill('opb.apply.before'))),
    partitions: log(marker(7, 'COMMIT')),
    sqliteNextInputAtKill: 103,
  }),
  random: facts({
    point: 'opb.random',
    journals: of(killed(4)),
    partitions: log(marker(7, 'COMMIT')),
    killLine: 11,
  }),
}

export const hit = (name: string, change: Partial<KillFacts> = {}): KillFacts => ({
  ...HITS[name]!,
  ...change,
})
