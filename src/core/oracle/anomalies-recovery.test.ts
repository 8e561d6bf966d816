/** Snapshots, recoveries and liveness: a smallest history that has the anomaly, and one that almost has it. */
import { createHash } from 'node:crypto'
import { describeAnomalies, type AnomalyCase } from '../../testing/anomaly-cases.ts'
import { History, finish, goodHistory } from '../../testing/histories.ts'
import type { NewEvent } from '../history/event.ts'

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

const cases: AnomalyCase[] = [
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

describeAnomalies(cases)
