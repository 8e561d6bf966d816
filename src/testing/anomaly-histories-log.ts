/** Delivery and offsets: a smallest history that has the anomaly, and one that almost has it. */
import { truthHash } from '../core/oracle/checks/source.ts'
import type { RawRecord } from '../core/oracle/input.ts'
import type { AnomalyCase } from './anomaly-cases.ts'
import { type History, finish, goodHistory } from './histories.ts'

const KEY = 's#p#1694499960'
const good = (): History => finish(goodHistory())
const record = (h: History, role: 'output' | 'changelog' | 'enriched', offset: number): RawRecord =>
  h.logs.get(role)![offset] as RawRecord
/** OpA has passed everything; the caller goes on with OpB. */
const afterOpa = (): History => goodHistory().opa([0, 1, 2, 3, 4, 5])
const withTruth = (h: History, drop: number[] = []): History => {
  const orders = h.logs.get('orders')! as RawRecord[]
  const hashes = orders.filter((_, i) => !drop.includes(i)).map(truthHash)
  h.override = { truth: { topic: 't.orders', partitions: [hashes] } }
  return h
}

export const LOG_CASES: readonly AnomalyCase[] = [
  {
    name: 'source-mismatch',
    what: 'the log has an order that the generator did not write',
    breaks: () => withTruth(good(), [2]),
    place: { topic: 't.orders', partition: 0, offset: 2, key: 'c' },
    almost: () => withTruth(good()),
  },
  {
    name: 'source-mismatch',
    what: 'the log misses the last order',
    breaks: () => {
      const h = good()
      const hashes = [...(h.logs.get('orders') as RawRecord[]).map(truthHash), '0123456789abcdef']
      h.override = { truth: { topic: 't.orders', partitions: [hashes] } }
      return h
    },
    almost: () => withTruth(good()),
  },
  {
    name: 'lost-write',
    what: 'at-most-once: offsets committed, the records aborted, a new incarnation goes on',
    breaks: () => {
      const h = goodHistory().fetched('opa', 'opa.a.1', null).opa([0, 1]).opa([2, 3], { outcome: 'abort' })
      h.fetched('opa', 'opa.a.2', 4).opa([4, 5], { incarnation: 'opa.a.2', producer: '3' })
      return h.opb([0, 1, 5, 6])
    },
    place: { topic: 't.orders', partition: 0, offset: 2, key: 'c' },
    also: ['offset-ahead', 'under-count'],
    almost: () => {
      const h = goodHistory().fetched('opa', 'opa.a.1', null).opa([0, 1]).opa([2, 3], { outcome: 'abort' })
      h.fetched('opa', 'opa.a.2', 2).opa([2, 3, 4, 5], { incarnation: 'opa.a.2', producer: '3' })
      return h.opb([0, 1, 5, 6, 7])
    },
  },
  {
    name: 'lost-write',
    what: 'a rejected order that never reached the DLQ',
    breaks: () =>
      goodHistory()
        .opa([0, 1, 2, 3, 4, 5], { without: ['dlq'] })
        .opb([0, 1, 2, 3, 4]),
    place: { topic: 't.orders', offset: 3, partition: 0, key: 'x' },
    almost: () => goodHistory().opa([0, 1, 2]).opb([0, 1, 2]),
  },
  {
    name: 'duplicate',
    what: 'at-least-once: records committed, the offsets not, a new incarnation repeats them',
    breaks: () => {
      const h = goodHistory().fetched('opa', 'opa.a.1', null).opa([0, 1]).opa([2, 3], { offsets: false })
      h.fetched('opa', 'opa.a.2', 2).opa([2, 3, 4, 5], { incarnation: 'opa.a.2', producer: '3' })
      return h.opb([0, 1, 3, 5, 6, 7])
    },
    place: { topic: 't.orders.enriched', partition: 0, offset: 5, key: 'c', incarnation: 'opa.a.2' },
    also: ['offset-behind', 'over-count'],
    almost: () => {
      const h = goodHistory().fetched('opa', 'opa.a.1', null).opa([0, 1]).opa([2, 3], { outcome: 'abort' })
      h.fetched('opa', 'opa.a.2', 2).opa([2, 3, 4, 5], { incarnation: 'opa.a.2', producer: '3' })
      return h.opb([0, 1, 5, 6, 7])
    },
  },
  {
    name: 'duplicate',
    what: 'a copy of an output planted from outside, with its headers',
    breaks: () => {
      const h = good()
      const { key, value, headers } = record(h, 'output', 4)
      h.append('output', { key, value, headers })
      return h
    },
    place: { topic: 't.orders.output', partition: 0, offset: 6, key: KEY },
    almost: good,
  },
  {
    name: 'aborted-read',
    what: 'OpB has processed an enriched record that OpA aborted',
    breaks: () => {
      const h = goodHistory().opa([0, 1, 2], { outcome: 'abort' }).opa([0, 1, 2, 3, 4, 5])
      return h.opb([0, 1, 2]).opb([4, 5, 6, 7, 8])
    },
    place: { topic: 't.orders.output', partition: 0, offset: 0, key: KEY },
    also: ['divergence', 'over-count'],
    almost: () =>
      goodHistory().opa([0, 1, 2], { outcome: 'abort' }).opa([0, 1, 2, 3, 4, 5]).opb([4, 5, 6, 7, 8]),
  },
  {
    name: 'aborted-read',
    what: 'OpB has processed a record of a transaction that is still open',
    breaks: () => goodHistory().opa([0, 1]).opa([2], { outcome: 'open', producer: '9' }).opb([0, 1, 3]),
    place: { topic: 't.orders.output', partition: 0, offset: 2, key: KEY },
    also: ['divergence', 'hung-transaction', 'over-count'],
    almost: () => {
      const h = goodHistory().opa([0, 1]).opa([2], { outcome: 'open', producer: '9' }).opb([0, 1])
      h.override = { cleanEnd: false }
      return h
    },
  },
  {
    name: 'phantom-output',
    what: 'a record planted without headers',
    breaks: () => {
      const h = good()
      h.append('output', { key: Buffer.from('x'), value: Buffer.from('{"any":1}') })
      return h
    },
    place: { topic: 't.orders.output', partition: 0, offset: 6, key: 'x' },
    almost: good,
  },
  {
    name: 'phantom-output',
    what: 'a source that is a control record',
    breaks: () => {
      const h = good()
      h.append('output', { headers: { src: 't.orders.enriched/0/5' } })
      return h
    },
    place: { topic: 't.orders.output', partition: 0, offset: 6 },
    almost: good,
  },
  {
    name: 'phantom-output',
    what: 'a source in another topic',
    breaks: () => {
      const h = good()
      h.append('output', { headers: { src: 't.orders/0/0' } })
      return h
    },
    almost: good,
  },
  {
    name: 'torn-transaction',
    what: 'output committed, changelog record aborted',
    breaks: () =>
      afterOpa()
        .opb([0, 1, 2])
        .opb([3, 4], { torn: { changelog: 'abort' } }),
    also: ['dirty-state', 'divergence'],
    almost: () => afterOpa().opb([0, 1, 2]).opb([3, 4], { outcome: 'abort' }).opb([3, 4]),
  },
  {
    name: 'torn-transaction',
    what: 'output committed, no changelog record at all',
    breaks: () =>
      afterOpa()
        .opb([0, 1, 2])
        .opb([3, 4], { without: ['changelog'] }),
    also: ['dirty-state', 'divergence'],
    almost: () => {
      // The cleaner has taken the first change of the key, and says so by a hole.
      const h = afterOpa().opb([0, 1, 2, 3, 4])
      h.logs.get('changelog')!.splice(1, 2)
      return h
    },
  },
  {
    name: 'reorder',
    what: 'the effect of a later order comes first',
    breaks: () => goodHistory().opa([0, 2, 1, 3, 4, 5]).opb([0, 1, 2, 3, 4]),
    place: { topic: 't.orders.enriched', partition: 0, offset: 2, key: 'b' },
    almost: good,
  },
  {
    name: 'zombie-write',
    what: 'the old writer commits again after the new one',
    breaks: () => {
      const h = goodHistory().opa([0, 1]).opa([2, 3], { incarnation: 'opa.b.1', producer: '3' })
      return h.opa([4, 5]).opb([0, 1, 3, 5, 6])
    },
    place: { topic: 't.orders.enriched', partition: 0, offset: 5, key: 'd', incarnation: 'opa.a.1' },
    almost: () => {
      // The same incarnation got the task back and was fenced in under a new epoch.
      const h = goodHistory().opa([0, 1]).opa([2, 3], { incarnation: 'opa.b.1', producer: '3' })
      return h.opa([4, 5], { epoch: 1 }).opb([0, 1, 3, 5, 6])
    },
  },
  {
    name: 'offset-ahead',
    what: 'the group offset of OpB moved forward by one from outside',
    breaks: () => {
      const h = good()
      h.offsets.opb = 6
      return h
    },
    place: { topic: 't.orders.enriched', partition: 0, offset: 6, key: 't.opb' },
    almost: good,
  },
  {
    name: 'offset-ahead',
    what: 'the group offset of OpA above the high watermark',
    breaks: () => {
      const h = good()
      h.offsets.opa = 7
      return h
    },
    place: { topic: 't.orders', partition: 0, offset: 7, key: 't.opa' },
    almost: good,
  },
  {
    name: 'offset-behind',
    what: 'the group offset is below the last effect at a clean end',
    breaks: () => {
      const h = good()
      h.offsets.opa = 4
      return h
    },
    place: { topic: 't.orders', partition: 0, offset: 4, key: 't.opa' },
    almost: () => {
      const h = good()
      h.offsets.opa = 4
      h.override = { cleanEnd: false }
      return h
    },
  },
  {
    name: 'offset-behind',
    what: 'an incarnation fetched an offset below committed effects of an earlier one',
    breaks: () => {
      const h = goodHistory().fetched('opa', 'opa.a.1', null).opa([0, 1, 2])
      return h.fetched('opa', 'opa.a.2', 1).opa([3, 4, 5], { incarnation: 'opa.a.2' }).opb([0, 1, 2, 4, 5])
    },
    place: { topic: 't.orders', partition: 0, offset: 1, key: 't.opa', incarnation: 'opa.a.2' },
    almost: () => {
      const h = goodHistory().fetched('opa', 'opa.a.1', null).opa([0, 1, 2])
      return h.fetched('opa', 'opa.a.2', 3).opa([3, 4, 5], { incarnation: 'opa.a.2' }).opb([0, 1, 2, 4, 5])
    },
  },
  {
    name: 'offset-behind',
    what: 'the same, told by the epochs of the fences and not by the order of the lines',
    breaks: () => {
      const h = goodHistory().fenced('opa', 'opa.a.1', 0).fetched('opa', 'opa.a.1', null).opa([0, 1, 2])
      h.fenced('opa', 'opa.a.2', 1).fetched('opa', 'opa.a.2', 1)
      return h.opa([3, 4, 5], { incarnation: 'opa.a.2' }).opb([0, 1, 2, 4, 5])
    },
    place: { topic: 't.orders', partition: 0, offset: 1, key: 't.opa', incarnation: 'opa.a.2' },
    almost: () => {
      // opa.a.1 was stopped before it could write its lines, and overtaken meanwhile.
      const h = goodHistory().fenced('opa', 'opa.a.2', 1).fetched('opa', 'opa.a.2', null)
      h.opa([0, 1, 2, 3, 4, 5], { incarnation: 'opa.a.2' })
      return h.fenced('opa', 'opa.a.1', 0).fetched('opa', 'opa.a.1', null).opb([0, 1, 2, 3, 4])
    },
  },
]
