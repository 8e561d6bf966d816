/** Counts, versions, state and folds: a smallest history that has the anomaly, and one that almost has it. */
import type { RawRecord } from '../core/oracle/input.ts'
import type { AnomalyCase } from './anomaly-cases.ts'
import { type History, finish, goodHistory } from './histories.ts'

const KEY = 's#p#1694499960'
const good = (): History => finish(goodHistory())
/** OpA has passed everything; the caller goes on with OpB. */
const afterOpa = (): History => goodHistory().opa([0, 1, 2, 3, 4, 5])
const patch = (
  h: History,
  role: 'output' | 'changelog' | 'enriched',
  offset: number,
  with_: object,
): History => {
  const entries = h.logs.get(role)!
  const was = entries[offset] as RawRecord
  const value = Buffer.from(JSON.stringify({ ...(JSON.parse(was.value!.toString()) as object), ...with_ }))
  entries[offset] = { ...was, value }
  return h
}
const sqliteRow = (h: History, change: object): History => {
  h.sqlite!.rows.set(KEY, { ...h.sqlite!.rows.get(KEY)!, ...change })
  return h
}
/** Killed at last: an open transaction of epoch 0, a fence with epoch 1 since, a life that waited for its end. */
const waitedFor = (error: object): History => {
  const h = good().opa([0], { outcome: 'open', producer: '1' })
  h.fenced('opa', 'opa.a.2', 1)
  h.wrote('opa.a.2', { f: 'error', type: 'info', ...error }).wrote('opa.a.3', {
    f: 'fence',
    type: 'invoke',
    task: 0,
  })
  h.override = { cleanEnd: false }
  return h
}
const otherKey = (_: unknown, r: RawRecord): RawRecord => ({
  ...r,
  value: Buffer.from(r.value!.toString().replaceAll('"s#p#', '"s#q#')),
})

export const STATE_CASES: readonly AnomalyCase[] = [
  {
    name: 'version-gap',
    what: 'seq 4 missing',
    breaks: () => {
      const h = afterOpa().opb([0, 1, 2])
      const row = h.committed.get(KEY)!
      return h.opb([3, 4], { base: new Map([[KEY, { ...row, seq: 4 }]]) })
    },
    place: { topic: 't.orders.output', partition: 0, offset: 4, key: KEY },
    also: ['divergence'],
    almost: () => afterOpa().opb([0, 1, 2]).opb([3, 4]),
  },
  {
    name: 'version-regression',
    what: 'a writer with an old state commits',
    breaks: () => {
      const h = afterOpa().opb([0, 1])
      const old = new Map(h.committed)
      return h.opb([2, 3]).opb([4], { base: old })
    },
    also: ['checkpoint-ahead', 'divergence', 'under-count'],
    almost: () => afterOpa().opb([0, 1]).opb([2, 3]).opb([4]),
  },
  {
    name: 'phantom-key',
    what: 'an output whose key no order gives',
    breaks: () => {
      const h = afterOpa()
      return h.opb([0, 1, 2, 3, 4], { change: otherKey })
    },
    also: ['checkpoint-ahead', 'divergence', 'dirty-state', 'under-count'],
    almost: good,
  },
  {
    name: 'phantom-key',
    what: 'a row in SQLite whose key no order gives',
    breaks: () => {
      const h = good()
      h.sqlite!.rows.set('s#q#60', { key: 's#q#60', sum: 1, count: 1, seq: 1 })
      return h
    },
    also: ['divergence', 'dirty-state'],
    almost: good,
  },
  {
    name: 'dirty-state',
    what: 'SQLite was written before the commit, which was aborted',
    breaks: () => {
      const h = afterOpa().opb([0, 1, 2]).opb([3, 4], { outcome: 'abort' })
      h.sqlite!.rows = new Map(h.aborted)
      h.override = { cleanEnd: false }
      return h
    },
    place: { topic: 't.opb-changelog', partition: 0, key: KEY },
    also: ['divergence'],
    almost: () => {
      const h = afterOpa().opb([0, 1, 2]).opb([3, 4], { outcome: 'abort' })
      h.override = { cleanEnd: false }
      return h
    },
  },
  {
    name: 'dirty-state',
    what: 'the next life has built on an aborted state, and nothing of it is left in SQLite',
    breaks: () => {
      const h = afterOpa().opb([0, 1, 2]).opb([3], { outcome: 'abort' })
      return h.opb([3, 4], { base: h.aborted })
    },
    also: ['divergence', 'over-count', 'version-gap'],
    almost: () => afterOpa().opb([0, 1, 2]).opb([3], { outcome: 'abort' }).opb([3, 4]),
  },
  {
    name: 'state-behind',
    what: 'SQLite has not applied the last transaction at a clean end',
    breaks: () => {
      const h = afterOpa().opb([0, 1, 2])
      const before = h.sqlite
      h.opb([3, 4]).sqlite = before
      return h
    },
    place: { topic: 't.opb-changelog', partition: 0, offset: 4 },
    almost: () => {
      const h = afterOpa().opb([0, 1, 2])
      const before = h.sqlite
      h.opb([3, 4]).sqlite = before
      h.override = { cleanEnd: false } // after a kill it is legal
      return h
    },
  },
  {
    name: 'state-behind',
    what: 'only the changelog offset in SQLite was left behind',
    breaks: () => {
      const h = good()
      h.sqlite!.nextChangelog = 4
      return h
    },
    place: { topic: 't.opb-changelog', partition: 0, offset: 4 },
    also: ['divergence'],
    almost: () => {
      const h = good()
      h.sqlite!.nextChangelog = 5 // behind the last record; the marker after it changes nothing
      return h
    },
  },
  {
    name: 'checkpoint-ahead',
    what: 'the next offset was stored, the rows were not',
    breaks: () => {
      const h = afterOpa().opb([0, 1, 2])
      const { rows } = h.sqlite!
      h.opb([3, 4]).sqlite!.rows = rows
      return h
    },
    place: { topic: 't.opb-changelog', partition: 0, key: KEY },
    also: ['divergence'],
    almost: () => afterOpa().opb([0, 1, 2]).opb([3, 4]),
  },
  {
    name: 'checkpoint-ahead',
    what: 'a manifest beyond the changelog',
    breaks: () => good().manifest({ lastChangelogOffset: 99, nextInputOffset: 1 }),
    place: { topic: 't.opb-snapshots', partition: 0, key: 'snap-1', offset: 99 },
    almost: () => good().manifest({ lastChangelogOffset: 4, nextInputOffset: 5 }),
  },
  {
    name: 'divergence',
    what: 'one SQLite row changed',
    breaks: () => sqliteRow(good(), { sum: 1 }),
    place: { topic: 't.opb-changelog', partition: 0, key: KEY, offset: 6 },
    almost: () => sqliteRow(good(), { sum: 44 }),
  },
  {
    name: 'divergence',
    what: 'an enriched record with another price',
    breaks: () => {
      const h = patch(afterOpa(), 'enriched', 1, { price: 11 })
      return h.opb([0, 1, 2, 3, 4])
    },
    place: { topic: 't.orders.enriched', partition: 0, offset: 1, key: 'b' },
    also: ['over-count'],
    almost: () => patch(afterOpa(), 'enriched', 1, { note: 'extra' }).opb([0, 1, 2, 3, 4]),
  },
  {
    name: 'divergence',
    what: 'an output with another sum in the middle',
    breaks: () => patch(good(), 'output', 1, { sum: 21 }),
    place: { topic: 't.orders.output', partition: 0, offset: 1, key: KEY },
    almost: good,
  },
  {
    name: 'divergence',
    what: 'the last changelog record differs from the last output',
    breaks: () => patch(good(), 'changelog', 4, { sum: 45 }),
    place: { topic: 't.orders.output', key: KEY },
    almost: good,
  },
  {
    name: 'dangling-manifest',
    what: 'the manifest names a snapshot that is not there',
    breaks: () => good().manifest({}, { exists: false }),
    place: { key: 'snap-1' },
    almost: () => good().manifest({}),
  },
  {
    name: 'torn-snapshot',
    what: 'the snapshot is not the file that the manifest describes',
    breaks: () => good().manifest({}, { intact: false }),
    place: { key: 'snap-1' },
    almost: () => good().manifest({}, { intact: true }),
  },
  {
    name: 'hung-transaction',
    what: 'a transaction is open at a clean end',
    breaks: () => good().opa([0], { outcome: 'open', producer: '9' }),
    place: { topic: 't.orders.enriched', partition: 0, offset: 6 },
    almost: () => good().opa([0], { outcome: 'abort', producer: '9' }),
  },
  {
    name: 'hung-transaction',
    what: 'a transaction outlived the fence of its producer, and the life that waited for it gave up',
    breaks: () => waitedFor({ code: 'HUNG_TRANSACTION' }),
    place: { topic: 't.orders.enriched', partition: 0, offset: 6 },
    almost: () => waitedFor({ code: 'BROKER_LOST' }),
  },
  {
    name: 'under-count',
    what: 'an order lost between input and state',
    breaks: () => afterOpa().opb([0, 1, 3, 4]),
    place: { topic: 't.orders.output', partition: 0, offset: 3, key: KEY },
    also: ['divergence', 'lost-write'],
    almost: () => afterOpa().opb([0, 1, 2]),
  },
  {
    name: 'over-count',
    what: 'an order added twice by OpB',
    breaks: () => {
      const h = afterOpa().opb([0, 1, 2], { offsets: false })
      return h.opb([2, 3, 4])
    },
    place: { topic: 't.orders.output', partition: 0, offset: 6, key: KEY },
    also: ['divergence', 'duplicate'],
    almost: () => afterOpa().opb([0, 1, 2]).opb([3, 4]),
  },
]
