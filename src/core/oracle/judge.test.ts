/** The judge as a whole: totals, money, missing inputs, pipelines without state or changelog. */
import { describe, expect, it } from 'vitest'
import { History, finish, goodHistory } from '../../testing/histories.ts'
import { partitionOf } from '../contracts/murmur2.ts'
import type { RawRecord } from './input.ts'
import { judge } from './judge.ts'

const good = (): History => finish(goodHistory())
const afterOpa = (): History => goodHistory().opa([0, 1, 2, 3, 4, 5])
const enriched = (h: History, offset: number): RawRecord => h.logs.get('enriched')![offset] as RawRecord

const repeatedByTheNextLife = (): History => {
  const h = goodHistory().opa([0, 1]).opa([2, 3], { offsets: false })
  return h.opa([2, 3, 4, 5], { incarnation: 'opa.a.2', producer: '3' }).opb([0, 1, 3, 5, 6, 7])
}

/** Changelog records as delta-only mode writes them. */
const deltaOnly = (role: string, r: RawRecord): RawRecord => {
  if (role !== 'changelog') return r
  const { key, seq, delta, ts } = JSON.parse(r.value!.toString()) as Record<string, unknown>
  return { ...r, value: Buffer.from(JSON.stringify({ key, seq, delta, ts })) }
}

describe('the judge', () => {
  it('is valid on a good history, and counts it', () => {
    const { verdict, totals, overchargeTotal } = judge(good().input())
    expect(verdict).toBe('valid')
    expect(overchargeTotal).toBe(0)
    expect(totals).toMatchObject({
      orders: 6,
      accepted: 5,
      rejected: 1,
      enriched: 5,
      dlq: 1,
      output: 5,
      changelog: 5,
      keys: 1,
      sum_in: 44,
      sum_expected: 44,
      sum_out: 44,
      unprocessed: 0,
      uncommitted_enriched: 0,
    })
  })

  it('counts what is not processed yet, and what only read_uncommitted sees', () => {
    const h = goodHistory().opa([0, 1, 2]).opa([3, 4], { outcome: 'abort' }).opb([0, 1])
    const { verdict, totals } = judge(h.input())
    expect(verdict).toBe('valid')
    expect(totals).toMatchObject({
      unprocessed: 3,
      unprocessed_enriched: 1,
      uncommitted_enriched: 1,
      uncommitted_dlq: 1,
    })
    expect(totals).toMatchObject({ sum_in: 44, sum_expected: 20, sum_out: 20 })
  })

  it('names the order that was counted twice, and the money', () => {
    const duplicate = repeatedByTheNextLife()
    const { overcharge, overchargeTotal } = judge(duplicate.input())
    expect(overcharge).toEqual([{ orderId: 'c', amount: 10, src: 't.orders/0/2', cause: 'duplicate' }])
    expect(overchargeTotal).toBe(10)
  })

  it('names an input once whose output and change are both there twice, and no change for having no source', () => {
    const again = afterOpa().opb([0, 1], { offsets: false }).opb([0, 1, 2, 3, 4], { incarnation: 'opb.a.2' })
    expect(judge(again.input()).checks.find((c) => c.check === 'duplicate')).toMatchObject({ count: 2 })
    const sourceless = (role: string, r: RawRecord): RawRecord =>
      role === 'changelog' ? { ...r, headers: { txn: r.headers['txn']! } } : r
    const nameless = afterOpa().opb([0, 1, 2, 3, 4], { change: sourceless })
    expect(judge(nameless.input()).checks.find((c) => c.check === 'duplicate')?.verdict).toBe('valid')
  })

  it('reads deltas as a replay does: a change that is there again counts once', () => {
    const h = afterOpa().opb([0, 1, 2, 3, 4], { change: deltaOnly })
    const last = h.logs.get('changelog')!.findLast((e) => e.kind === 'data')!
    const { offset: _offset, ...again } = last
    h.append('changelog', again)
    h.marker('changelog', again.producerId, 'COMMIT')
    const { checks } = judge(h.apply().input())
    expect(checks.find((c) => c.check === 'fold-state')?.verdict).toBe('valid')
  })

  it('has two orders with one id for two orders', () => {
    const h = new History()
    h.order('same')
    h.order('same')
    expect(judge(h.opa([0, 1]).opb([0, 1]).input()).verdict).toBe('valid')
  })

  it('is unknown where an input is missing, and says which', () => {
    const h = good()
    h.override = { states: undefined, problems: { states: 'opb-0/state.db is locked' } }
    const judgement = judge(h.input())
    expect(judgement.verdict).toBe('unknown')
    expect(judgement.checks.find((c) => c.check === 'fold-state')?.reason).toBe('opb-0/state.db is locked')
    expect(judgement.checks.find((c) => c.check === 'lost-write')?.verdict).toBe('valid')
  })

  it('is unknown when a topic is gone', () => {
    const h = good()
    const { topics } = h.input()
    h.override = { topics: { ...topics, orders: undefined } }
    expect(judge(h.input()).verdict).toBe('unknown')
  })

  it("is unknown when the broker's stable offset contradicts the markers", () => {
    const h = good()
    h.stable = { enriched: 3 }
    expect(judge(h.input()).checks.find((c) => c.check === 'markers')?.verdict).toBe('unknown')
  })

  it('judges on when a check throws', () => {
    const broken = {
      name: 'broken',
      proves: '',
      run: () => {
        throw new Error('on purpose')
      },
    }
    const judgement = judge(good().input(), [broken])
    expect(judgement.verdict).toBe('unknown')
    expect(judgement.checks[0]?.reason).toBe('on purpose')
  })

  it('judges the stateless wrapper without asking for state', () => {
    const h = afterOpa().pass([0, 1, 2, 3, 4])
    h.override = { pipeline: 'reference-stateless', states: undefined, snapshots: undefined }
    const judgement = judge(h.input())
    expect(judgement.verdict).toBe('valid')
    expect(judgement.checks.find((c) => c.check === 'fold-state')?.verdict).toBe('not-applicable')
    expect(judgement.totals['sum_out']).toBe(44)
    const entries = h.logs.get('output')!
    entries[2] = { ...(entries[2] as RawRecord), value: enriched(h, 0).value }
    expect(judge(h.input()).anomalies).toEqual(['divergence'])
  })

  it('wants an enriched record in the partition of its aggregate key', () => {
    for (const productId of ['p1', 'p2', 'p3', 'p4', 'p5', 'p6']) {
      const h = new History()
      h.order('o', 10, { productId })
      const { topics } = h.opa([0]).opb([0]).input()
      const [only] = topics.enriched!.partitions
      const empty = { ...only!, partition: 1, entries: [], lastStableOffset: 0, highWatermark: 0 }
      h.override = { topics: { ...topics, enriched: { ...topics.enriched!, partitions: [only!, empty] } } }
      const expected = partitionOf(`s#${productId}`, 2) === 0 ? [] : ['divergence']
      expect(judge(h.input()).anomalies).toEqual(expected)
    }
  })

  describe('with the changelog off', () => {
    const off = (): History => {
      const h = afterOpa().opb([0, 1, 2, 3, 4], { without: ['changelog'] })
      const [state] = h.input().states!
      h.override = { states: [{ ...state!, changelogMode: 'off' }] }
      return h
    }

    it('is valid, and folds SQLite from the enriched records', () => {
      expect(judge(off().input()).verdict).toBe('valid')
    })

    it('finds a changed row', () => {
      const h = off()
      const [state] = h.override.states!
      h.override = { states: [{ ...state!, rows: [{ ...state!.rows[0]!, sum: 1 }] }] }
      expect(judge(h.input()).anomalies).toEqual(['divergence'])
    })
  })

  it('sums a changelog of deltas alone', () => {
    const h = afterOpa().opb([0, 1, 2, 3, 4], { change: deltaOnly })
    const [state] = h.input().states!
    h.override = { states: [{ ...state!, changelogMode: 'delta-only' }] }
    expect(judge(h.input()).verdict).toBe('valid')
    h.override = {
      states: [{ ...state!, changelogMode: 'delta-only', rows: [{ ...state!.rows[0]!, sum: 9 }] }],
    }
    expect(judge(h.input()).anomalies).toEqual(['divergence'])
  })

  it('keeps twenty anomalies of a check and counts them all', () => {
    const h = new History()
    const all = Array.from({ length: 50 }, (_, i) => h.order(`o${i}`))
    const result = judge(h.opa(all, { without: ['enriched'] }).input()).checks.find(
      (c) => c.check === 'lost-write',
    )!
    expect(result.anomalies).toHaveLength(20)
    expect(result.count).toBe(50)
  })
})
