/**
 * Points around the data transaction's core: their histories (testing/proof-shapes.ts) are hits, and several
 * that almost are aren't. Each near miss differs from the hit by one thing.
 */
import { expect, test } from 'vitest'
import { frame, journal, kill, killed, LIFE, log, marker, of } from '../../testing/kills.ts'
import {
  life,
  one,
  half,
  HELD,
  RELEASED,
  REFUSED,
  FILE,
  publishing,
  published,
  recovery,
  COMMITTED,
  LOADED,
  RESTORED,
  paused,
  SHAPES,
  shape,
} from '../../testing/proof-shapes.ts'
import type { KillFacts } from './case.ts'
import { weighEvidence } from './evidence.ts'
import { CRASH_POINTS } from './registry.ts'

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
