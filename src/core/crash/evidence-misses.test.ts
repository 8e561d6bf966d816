/**
 * Hand-written histories that almost prove a hit: each differs from one that does by one thing.
 */
import { describe, expect, test } from 'vitest'
import {
  LIFE,
  journal,
  record,
  marker,
  partition,
  log,
  frame,
  EARLIER,
  SENT,
  WITHHELD,
  killed,
  kill,
  NEXT,
  of,
  HITS,
  hit,
} from '../../testing/kills.ts'
import type { Line } from '../../testing/kills.ts'
import type { HistoryEvent } from '../history/event.ts'
import { weighEvidence } from './evidence.ts'
import type { KillFacts } from './evidence.ts'

const withoutApply = (events: readonly HistoryEvent[]): HistoryEvent[] =>
  events.filter((e) => e.f !== 'apply')

describe('almost hits', () => {
  test.each(Object.keys(HITS))('%s: ended by another signal, or by itself', (name) => {
    expect(weighEvidence(hit(name, { exitSignal: 'SIGTERM' }))).toMatchObject({
      verdict: 'vacuous',
      summary: 'the process ended by SIGTERM, not by SIGKILL',
    })
    expect(weighEvidence(hit(name, { exitSignal: null })).summary).toBe(
      'the process ended by itself, not by SIGKILL',
    )
  })

  test.each(Object.keys(HITS))('%s: the transaction is still open, or its markers disagree', (name) => {
    expect(weighEvidence(hit(name, { partitions: log() })).summary).toBe(
      'the transaction has no marker in out-0',
    )
    const opposite = weighEvidence(hit(name)).marker === 'COMMIT' ? 'ABORT' : 'COMMIT'
    const torn = [...HITS[name]!.partitions, partition('more', record(0, 2), marker(1, opposite))]
    expect(weighEvidence(hit(name, { partitions: torn })).summary).toBe(
      'the markers of the transaction disagree between partitions',
    )
  })

  test.each(Object.keys(HITS))('%s: no fence, or no data transaction, in the journal', (name) => {
    const { killed: events, next } = HITS[name]!.journals
    const without = (f: string): KillFacts['journals'] => ({ killed: events.filter((e) => e.f !== f), next })
    expect(weighEvidence(hit(name, { journals: without('fence') })).summary).toContain('no fence of the task')
    expect(weighEvidence(hit(name, { journals: without('txn') })).summary).toContain('no data transaction')
  })

  const almost: readonly [string, KillFacts, string][] = [
    ...['produce.after', 'commit.before', 'commit.after', 'apply.before'].flatMap(
      (name): [string, KillFacts, string][] => {
        const f = HITS[name]!
        const lines = f.journals.killed.slice(0, -1)
        const last = (line: Line): KillFacts =>
          hit(name, { journals: of([...lines, ...journal(LIFE, [line])]) })
        return [
          [`${name}: no kill line`, hit(name, { journals: of(lines) }), 'not with the kill'],
          [`${name}: another point`, last(kill('opb.commit.mid')), 'a kill at opb.commit.mid'],
          [`${name}: another hit`, last(kill(f.point, 3)), 'the kill was at hit 3, asked was 2'],
          [`${name}: another task`, last({ ...kill(f.point), task: 1 }), 'the kill was in task 1'],
          [
            `${name}: a range that belongs to others`,
            hit(name, {
              partitions: [
                partition(
                  'out',
                  { ...record(5, 2), producerId: '99' },
                  marker(7, 'COMMIT'),
                  marker(8, 'ABORT'),
                ),
              ],
            }),
            'out-0 offset 5 holds no record of transaction',
          ],
        ]
      },
    ),
    [
      'aborted: but committed',
      hit('commit.before', { partitions: log(marker(7, 'COMMIT')) }),
      'the log shows COMMIT, not ABORT',
    ],
    [
      'aborted: by another producer',
      hit('commit.before', { partitions: log(marker(7, 'ABORT', { producerId: '13' })) }),
      'no marker in out-0',
    ],
    [
      'aborted: before the next life fenced',
      hit('commit.before', { partitions: log(marker(7, 'ABORT', { timestamp: 500_149 })) }),
      '1 ms before the next incarnation began to fence',
    ],
    [
      'aborted: by the timeout',
      hit('commit.before', { partitions: log(marker(7, 'ABORT', { timestamp: 510_008 })) }),
      'no earlier than the transaction timeout',
    ],
    [
      'aborted: nobody came after',
      hit('commit.before', { journals: of(killed(3, kill('opb.commit.before')), []) }),
      'no next incarnation fenced',
    ],
    [
      'aborted: another task fenced',
      hit('commit.before', {
        journals: of(
          killed(3, kill('opb.commit.before')),
          NEXT.map((e) => ({ ...e, task: 1 })),
        ),
      }),
      'no next incarnation fenced',
    ],
    [
      'aborted: the commit had begun',
      hit('commit.before', { journals: of(killed(4, kill('opb.commit.before'))) }),
      'the commit had begun',
    ],
    [
      'aborted: nothing was acknowledged',
      hit('produce.after', { journals: of(killed(1, kill('opb.produce.after'))) }),
      'no record of the transaction was acknowledged',
    ],
    [
      'aborted: the wire saw EndTxn',
      hit('commit.before', { frames: [...EARLIER, SENT] }),
      'the proxy saw EndTxn go out',
    ],
    [
      'mid: aborted after all',
      hit('commit.mid', { partitions: log(marker(7, 'ABORT')) }),
      'the log shows ABORT, not COMMIT',
    ],
    [
      'mid: the commit had not begun',
      hit('commit.mid', { journals: of(killed(3)) }),
      'no commit of the transaction',
    ],
    ['mid: the client learned', hit('commit.mid', { journals: of(killed(5)) }), 'goes on with "commit ok 2"'],
    [
      'mid: the client gave up first',
      hit('commit.mid', { journals: of(killed(4, { f: 'commit', type: 'info', n: 2, kind: 'data' })) }),
      'goes on with "commit info 2"',
    ],
    [
      'mid: the worker failed first',
      hit('commit.mid', { journals: of(killed(4, { f: 'error', type: 'info', task: undefined as never })) }),
      'goes on with "error info"',
    ],
    ['mid: no frame', hit('commit.mid', { frames: EARLIER }), 'did not see EndTxn'],
    [
      'mid: a dropped frame',
      hit('commit.mid', { frames: [frame({ moment: 'dropped' })] }),
      'did not see EndTxn',
    ],
    [
      'mid: an abort frame',
      hit('commit.mid', { frames: [frame({ commit: false }), WITHHELD] }),
      'did not see EndTxn',
    ],
    [
      'mid: frames of another epoch',
      hit('commit.mid', { frames: [frame({ epoch: 2 }), { ...WITHHELD, epoch: 2 }] }),
      'did not see EndTxn',
    ],
    [
      'mid: frames of another task',
      hit('commit.mid', { frames: [frame({ transactionalId: 'c1.opb-1' }), WITHHELD] }),
      'did not see EndTxn',
    ],
    ['mid: no answer', hit('commit.mid', { frames: [SENT] }), 'withheld no answer'],
    [
      'mid: an answer before the request',
      hit('commit.mid', { frames: [SENT, { ...WITHHELD, t: 1012 }] }),
      'withheld no answer',
    ],
    [
      'mid: an answer with an error',
      hit('commit.mid', { frames: [SENT, { ...WITHHELD, errorCode: 47 }] }),
      'says error 47',
    ],
    [
      'mid: the answer got through',
      hit('commit.mid', { frames: [SENT, { ...WITHHELD, moment: 'delivered' }, WITHHELD] }),
      'was delivered',
    ],
    [
      'after: no answer in the journal',
      hit('commit.after', { journals: of(killed(4, kill('opb.commit.after'))) }),
      'does not have the answer',
    ],
    [
      'after: aborted',
      hit('commit.after', { partitions: log(marker(7, 'ABORT')) }),
      'the log shows ABORT, not COMMIT',
    ],
    [
      'after: applied by the journal',
      hit('commit.after', { journals: of(killed(7, kill('opb.commit.after'))) }),
      'had been applied',
    ],
    ['after: applied by the state', hit('commit.after', { sqliteNextInputAtKill: 106 }), 'it was applied'],
    [
      'after: the state lags behind more',
      hit('commit.after', { sqliteNextInputAtKill: 100 }),
      'the transaction before ended at 103',
    ],
    [
      'after: the state could not be read',
      hit('commit.after', { sqliteNextInputAtKill: undefined }),
      'could not be read',
    ],
    [
      'apply.before: no state at all',
      hit('apply.before', {
        journals: of(withoutApply(HITS['apply.before']!.journals.killed as HistoryEvent[])),
        sqliteNextInputAtKill: undefined,
      }),
      'could not be read',
    ],
    ['random: no line', hit('random', { killLine: undefined }), 'saw no line'],
    ['random: a line that is not there', hit('random', { killLine: 99 }), 'line 99 is not in the journal'],
    ['mid: nothing in the log', hit('commit.mid', { partitions: [] }), 'neither records nor a marker'],
    [
      'mid: frames of another producer',
      hit('commit.mid', { frames: [frame({ producerId: '13' }), { ...WITHHELD, producerId: '13' }] }),
      'did not see EndTxn',
    ],
    ['an unknown point', hit('random', { point: 'opb.nowhere' }), 'not in the registry'],
  ]
  test.each(almost)('%s', (_, f, reason) => {
    const { verdict, summary } = weighEvidence(f)
    expect({ verdict, summary }).toEqual({ verdict: 'vacuous', summary: expect.stringContaining(reason) })
  })
})
