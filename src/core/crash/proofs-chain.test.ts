/**
 * Several tasks in one process, and several kills in a row: what they prove together.
 */
import { describe, expect, test } from 'vitest'
import {
  facts,
  FENCED,
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
  TX,
} from '../../testing/kills.ts'
import type { Line } from '../../testing/kills.ts'
import { one, paused, FENCED_COMMIT, shape } from '../../testing/proof-shapes.ts'
import type { HistoryEvent } from '../history/event.ts'
import type { RawPartition } from '../oracle/input.ts'
import { weighChain, weighEvidence } from './evidence.ts'

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
