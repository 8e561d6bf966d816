/**
 * Hand-written histories of the points around the data transaction's core: for each point one that proves the
 * hit, and several that almost do. Each near miss differs from the hit by one thing.
 */
import { describe, expect, test } from 'vitest'
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
  TX,
} from '../../testing/kills.ts'
import type { Line } from '../../testing/kills.ts'
import type { HistoryEvent } from '../history/event.ts'
import type { RawPartition } from '../oracle/input.ts'
import type { KillFacts } from './case.ts'
import { weighChain, weighEvidence } from './evidence.ts'
import { CRASH_POINTS } from './registry.ts'

const life = (...lines: Line[]): HistoryEvent[] => journal(LIFE, [FENCED, ...lines])
const one = transaction(1, 100, 0)
const two = transaction(2, 103, 4)

/** Transaction 1 committed; of transaction 2 the first `records` records and its fate. */
const half = (records: number, ...fate: RawPartition['entries']): RawPartition[] => [
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

const HELD = frame({ t: 1013, moment: 'held' })
const RELEASED = frame({ t: 1500, moment: 'released' })
const REFUSED = frame({ t: 1501, direction: 'response', moment: 'withheld', errorCode: 47 })
const later = NEXT.map((e) => ({ ...e, t: e.t + 100 }))

const SNAPSHOT_ID = '2025-09-12T10:00:00.000Z-p0-e3-n2'
const FILE = '2025-09-12T10-00-00.000Z-p0-e3-n2.full.db'
const TAKEN: Line = { f: 'snapshot', type: 'invoke', snapshotId: SNAPSHOT_ID }
const manifestOf = (snapshotId: string, n: number) => ({
  ...record(0, n),
  value: Buffer.from(JSON.stringify({ snapshotId })),
})
const MANIFESTS = [partition('snaps', manifestOf('older', 9))]
const publishing = (steps: number): Line[] =>
  [
    { f: 'txn', type: 'invoke', n: 2, kind: 'manifest', records: 1, from: null, next: null },
    { f: 'produce', type: 'ok', n: 2, ranges: [{ topic: 'snaps', partition: 0, baseOffset: 4, count: 1 }] },
    { f: 'commit', type: 'invoke', n: 2, kind: 'manifest' },
    { f: 'commit', type: 'ok', n: 2, kind: 'manifest' },
  ].slice(0, steps) as Line[]
const published = (outcome: 'COMMIT' | 'ABORT') => [
  partition('snaps', { ...manifestOf(SNAPSHOT_ID, 2), offset: 4 }, marker(5, outcome)),
]

const recovery = (...lines: Line[]): HistoryEvent[] => life(...lines)
const COMMITTED: Line = { f: 'committed-offset', type: 'ok', offset: 103 }
const LOADED: Line = { f: 'manifest', type: 'ok', snapshotId: null }
const RESTORED: Line = { f: 'restore', type: 'ok', source: 'local', keys: 4 }
const REPLAYING: Line = { f: 'replay', type: 'invoke', from: 10, to: 90 }

const paused = (place: string, steps: number, ...then: Line[]): HistoryEvent[] => [
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
const FENCED_COMMIT: Line[] = [
  { f: 'commit', type: 'invoke', n: 2, kind: 'data' },
  { f: 'commit', type: 'fail', n: 2, kind: 'data', code: 'FENCED' },
]

const SHAPES: Readonly<Record<string, Partial<KillFacts>>> = {
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

const shape = (place: string, change: Partial<KillFacts> = {}): KillFacts =>
  facts({ point: `opb.${place}`, ...SHAPES[place], ...change })

test.each(Object.keys(SHAPES))('%s is proven', (place) => {
  expect(weighEvidence(shape(place))).toMatchObject({ verdict: 'hit' })
})

test('every point of OpB has a history here or beside the evidence', () => {
  const elsewhere = [
    'produce.after',
    'commit.before',
    'commit.mid',
    'commit.after',
    'apply.before',
    'random',
    'loop',
  ]
  // One proof, one moment earlier.
  const same = ['snapshot-rename.before']
  const known = new Set([...Object.keys(SHAPES), ...elsewhere, ...same].map((place) => `opb.${place}`))
  expect(CRASH_POINTS.filter((p) => p.operator === 'opb' && !known.has(p.name)).map((p) => p.name)).toEqual(
    [],
  )
})

type Miss = [place: string, why: string, change: Partial<KillFacts>]

const MISSES: Miss[] = [
  ['poll.after', 'the log holds 3 records of a later transaction', { partitions: log().slice(0, 1) }],
  ['poll.after', 'not 103', { sqliteNextInputAtKill: 100 }],
  ['poll.after', 'had begun and was not answered', { journals: of(killed(2, kill('opb.poll.after'))) }],
  ['compute.after', 'the log holds 3 records', { partitions: log() }],
  ['compute.after', 'goes on with "produce ok 2"', { journals: of(killed(2, kill('opb.compute.after'))) }],
  ['produce.mid', 'holds 3 records of it, 2 were acknowledged', { partitions: log(marker(7, 'ABORT')) }],
  ['produce.mid', 'not show that producing was cut', { journals: of(killed(2, kill('opb.produce.mid'))) }],
  ['produce.mid', 'shows COMMIT', { partitions: half(2, marker(6, 'COMMIT')) }],
  [
    'offsets.after',
    'not show that offsets were added',
    { journals: of(killed(2, kill('opb.offsets.after'))) },
  ],
  ['commit.held', 'let go before the next', { frames: [HELD, { ...RELEASED, t: 1090 }, REFUSED] }],
  ['commit.held', 'accepted', { frames: [HELD, RELEASED, { ...REFUSED, errorCode: 0 }] }],
  ['commit.held', 'did not answer', { frames: [HELD, RELEASED] }],
  ['commit.held', 'never let go', { frames: [HELD] }],
  ['commit.held', 'went out unheld', { frames: [frame({}), HELD, RELEASED, REFUSED] }],
  ['commit.held', 'shows COMMIT', { partitions: log(marker(7, 'COMMIT')) }],
  ['apply.mid', 'it was applied', { sqliteNextInputAtKill: 106 }],
  ['apply.mid', 'applying had not begun', { journals: of(killed(5, kill('opb.apply.mid'))) }],
  ['apply.after', 'not 106', { sqliteNextInputAtKill: 103 }],
  ['apply.after', 'had not been applied', { journals: of(killed(6, kill('opb.apply.after'))) }],
  ['snapshot-copy.mid', 'no unfinished file', { snapshotFiles: [] }],
  ['snapshot-copy.mid', 'had its name', { snapshotFiles: [`${FILE}.unfinished`, FILE] }],
  ['snapshot-copy.mid', 'is in the log', { manifests: published('ABORT') }],
  ['snapshot-rename.after', 'there is no file', { snapshotFiles: [`${FILE}.unfinished`] }],
  ['snapshot-rename.after', 'could not be read', { manifests: undefined as never }],
  ['manifest-produce.after', 'shows COMMIT', { manifests: published('COMMIT') }],
  ['manifest-commit.mid', 'withheld no answer', { frames: [frame({ t: 1013 })] }],
  ['manifest-commit.after', 'shows ABORT', { manifests: published('ABORT') }],
  [
    'manifest-commit.after',
    'had been pruned',
    {
      journals: of(
        life(...one, ...publishing(4), { f: 'prune', type: 'ok' }, kill('opb.manifest-commit.after')),
      ),
    },
  ],
  ['prune.mid', '0 snapshot files are without', { snapshotFiles: [FILE, `${FILE}.json`] }],
  ['prune.mid', '2 snapshot files are without', { snapshotFiles: ['a.full.db', 'b.part'] }],
  ['fence.after', 'had not returned', { journals: of(journal(LIFE, [kill('opb.fence.after')])) }],
  [
    'fence.after',
    'has "committed-offset ok"',
    { journals: of(recovery(COMMITTED, kill('opb.fence.after'))) },
  ],
  ['restore.mid', 'there was a current state', { sqliteNextInputAtKill: 100 }],
  ['restore.mid', 'has "restore ok"', { journals: of(recovery(LOADED, RESTORED, kill('opb.restore.mid'))) }],
  ['replay.mid', 'is at 90, not between 10 and 90', { sqliteNextChangelogAtKill: 90 }],
  ['replay.mid', 'is at 10, not between 10 and 90', { sqliteNextChangelogAtKill: 10 }],
  ['replay.mid', 'could not be read', { sqliteNextChangelogAtKill: undefined }],
  [
    'replay.after',
    'holds 3 records of this life',
    {
      partitions: log()
        .slice(0, 1)
        .map((p) => ({ ...p, entries: p.entries.slice(4) })),
    },
  ],
  ['pause.commit.before', 'refused nowhere', { journals: of(paused('commit.before', 3)) }],
  ['pause.commit.before', 'never woken', { wokenAt: undefined }],
  ['pause.commit.before', 'before the next incarnation had fenced', { wokenAt: 1001 }],
  ['pause.commit.before', 'ended by SIGKILL, not by itself', { exitSignal: 'SIGKILL' }],
  ['pause.commit.before', 'shows COMMIT', { partitions: log(marker(7, 'COMMIT')) }],
  [
    'pause.commit.after',
    'it went on to "apply ok 2"',
    {
      journals: of(
        paused(
          'commit.after',
          5,
          { f: 'apply', type: 'ok', n: 2 },
          { f: 'error', type: 'info', code: 'FENCED' },
        ),
      ),
    },
  ],
]

test.each(MISSES)('%s almost: %s', (place, why, change) => {
  expect(weighEvidence(shape(place, change))).toMatchObject({
    verdict: 'vacuous',
    summary: expect.stringContaining(why) as string,
  })
})

describe('a zombie with two tasks, whose heir lives in another instance', () => {
  const heir = NEXT.map((e) => ({ ...e, incarnation: 'opb.b.1' }))
  const fenced: Line = { f: 'error', type: 'info', code: 'FENCED' }
  const APPLIED: Line = { f: 'apply', type: 'ok', n: 2, nextInput: 106 }
  /** Of the other task, in flight when the process was stopped; its answer is read after the waking. */
  const other = { task: 1 } as const
  const inFlight = (stopAt: number): HistoryEvent[] => [
    ...journal(LIFE, [
      FENCED,
      ...one,
      { ...FENCED, ...other, transactionalId: 'c1.opb-1', producerId: '13' },
      { f: 'txn', type: 'invoke', n: 5, kind: 'data', records: 1, from: 7, next: 8, ...other },
      {
        f: 'produce',
        type: 'ok',
        n: 5,
        ranges: [{ topic: 'out', partition: 1, baseOffset: 0, count: 1 }],
        ...other,
      },
      { f: 'commit', type: 'invoke', n: 5, kind: 'data', ...other },
    ]),
    ...paused('commit.before', 3, { f: 'commit', type: 'ok', n: 5, kind: 'data', ...other }, ...FENCED_COMMIT)
      .slice(stopAt)
      .map((e) => ({ ...e, t: Math.max(e.t, 1030) })),
  ]
  const otherLog = (timestamp: number): RawPartition[] => [
    ...log(marker(7, 'ABORT')),
    {
      ...partition(
        'out',
        {
          ...record(0, 5),
          partition: 1,
          producerId: '13',
          headers: { txn: `c1.opb-1/${LIFE}/5` },
        },
        marker(1, 'COMMIT', { partition: 1, producerId: '13', timestamp }),
      ),
      partition: 1,
    },
  ]
  const stop = 1 + one.length

  test('may apply, in a directory of its own, what was committed before it was woken', () => {
    const journals = of(paused('commit.after', 5, APPLIED, fenced), heir)
    // The log dates the COMMIT at wall 500,200, and the zombie woke at 500,000 + 1.
    const early = log(marker(7, 'COMMIT', { timestamp: 499_990 }))
    const late = log(marker(7, 'COMMIT'))
    expect(weighEvidence(shape('pause.commit.after', { journals, partitions: early })).verdict).toBe('hit')
    expect(weighEvidence(shape('pause.commit.after', { journals, partitions: late })).summary).toBe(
      'woken, it went on to "apply ok 2" of task 0',
    )
    const shared = of(paused('commit.after', 5, APPLIED, fenced))
    expect(
      weighEvidence(shape('pause.commit.after', { journals: shared, partitions: early })).summary,
    ).toContain('apply ok 2')
  })

  test('may read an answer that was there when it was stopped, and none that came later', () => {
    const journals = of(inFlight(stop), heir)
    expect(
      weighEvidence(shape('pause.commit.before', { journals, partitions: otherLog(499_990) })),
    ).toMatchObject({
      verdict: 'hit',
    })
    expect(
      weighEvidence(shape('pause.commit.before', { journals, partitions: otherLog(500_100) })).summary,
    ).toBe('woken, it went on to "commit ok 5" of task 1')
  })
})

describe('a chain', () => {
  const first = facts({
    point: 'opb.commit.before',
    journals: of(killed(3, kill('opb.commit.before'))),
    partitions: log(marker(7, 'ABORT')),
  })

  test('is a hit if every kill is, and tells each', () => {
    const evidence = weighChain([first, shape('fence.after')])
    expect(evidence).toMatchObject({
      verdict: 'hit',
      steps: [{ marker: 'ABORT' }, { verdict: 'hit', marker: null }],
    })
    expect(evidence.summary).toMatch(/^opb.commit.before: .*; then opb.fence.after: /)
    expect(evidence.steps![0]!.transaction).toBe(`${TX}/${LIFE}/2`)
  })

  test('is none if one kill is none, whichever', () => {
    const missed = shape('fence.after', { exitSignal: null })
    for (const chain of [
      [first, missed],
      [{ ...first, exitSignal: null }, shape('fence.after')],
    ]) {
      expect(weighChain(chain)).toMatchObject({
        verdict: 'vacuous',
        summary: expect.stringContaining('ended by itself') as string,
      })
    }
  })
})
