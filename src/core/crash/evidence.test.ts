/**
 * Hand-written histories: for each point one that proves the hit, and many that almost do. The cases differ
 * from the hit by one thing each.
 */
import { describe, expect, test } from 'vitest'
import {
  TX,
  PID,
  LIFE,
  journal,
  FENCED,
  transaction,
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

describe('hits', () => {
  test.each([
    [
      'produce.after',
      'ABORT',
      "transaction 2 was open and EndTxn unsent; the next incarnation's fence wrote ABORT at out-0 offset 7",
    ],
    [
      'commit.before',
      'ABORT',
      "transaction 2 was open and EndTxn unsent; the next incarnation's fence wrote ABORT at out-0 offset 7",
    ],
    [
      'commit.mid',
      'COMMIT',
      'EndTxn of transaction 2 reached the broker, its answer was withheld; the log shows COMMIT at out-0 offset 7',
    ],
    [
      'commit.after',
      'COMMIT',
      'transaction 2 was committed and answered, nothing of it applied; the log shows COMMIT at out-0 offset 7',
    ],
    [
      'apply.before',
      'COMMIT',
      'transaction 2 was committed and answered, nothing of it applied; the log shows COMMIT at out-0 offset 7',
    ],
    [
      'random',
      'COMMIT',
      'killed once line 11 was journalled; transaction 2 ended in COMMIT at out-0 offset 7',
    ],
  ])('%s', (name, outcome, summary) => {
    expect(weighEvidence(hit(name))).toMatchObject({
      verdict: 'hit',
      summary,
      exit_signal: 'SIGKILL',
      marker: outcome,
      marker_at: { topic: 'out', partition: 0, offset: 7, epoch: outcome === 'ABORT' ? 4 : 3 },
      transaction: `${TX}/${LIFE}/2`,
      producer_id: PID,
    })
  })

  test('the frames of the killed transaction are kept, not those of the one before', () => {
    const { frames, last_event } = weighEvidence(hit('commit.mid'))
    expect(last_event).toBe('commit invoke 2')
    expect(frames).toEqual([
      { api: 'EndTxn', moment: 'seen', at_ms: 1013, detail: 'request commit, producer 12 epoch 3' },
      {
        api: 'EndTxn',
        moment: 'withheld',
        at_ms: 1014,
        detail: 'response commit, producer 12 epoch 3, error 0',
      },
    ])
  })

  test.each<[string, KillFacts]>([
    [
      'commit.before: the fence and its marker in one millisecond',
      hit('commit.before', { partitions: log(marker(7, 'ABORT', { timestamp: 500_150 })) }),
    ],
    [
      'commit.mid: answers of other APIs were delivered',
      hit('commit.mid', {
        frames: [
          frame({ t: 1011, api: 'AddOffsetsToTxn', commit: null }),
          frame({
            t: 1012,
            api: 'AddOffsetsToTxn',
            commit: null,
            direction: 'response',
            moment: 'delivered',
            errorCode: 0,
          }),
          SENT,
          WITHHELD,
        ],
      }),
    ],
    [
      'commit.mid: another task of the worker has its own fence and transactions',
      hit('commit.mid', {
        journals: of(
          journal(LIFE, [
            FENCED,
            { ...FENCED, task: 1, transactionalId: 'c1.opb-1', producerId: '13' },
            ...transaction(1, 100, 0),
            ...transaction(2, 103, 4).slice(0, 4),
            ...transaction(9, 50, 70)
              .slice(0, 3)
              .map((line) => ({ ...line, task: 1 })),
          ]),
        ),
        frames: [
          { ...SENT, t: 1012 },
          { ...WITHHELD, t: 1013 },
        ],
      }),
    ],
    [
      'random: a manifest transaction had begun after it',
      hit('random', {
        journals: of(killed(7, { f: 'txn', type: 'invoke', n: 3, kind: 'manifest', records: 1 })),
        killLine: 16,
      }),
    ],
    [
      'commit.after of an operator without state needs no state',
      hit('commit.after', {
        journals: of(withoutApply(HITS['commit.after']!.journals.killed as HistoryEvent[])),
        sqliteNextInputAtKill: undefined,
      }),
    ],
    [
      'commit.mid: lines of background work and of other tasks do not count as going on',
      hit('commit.mid', {
        journals: of(
          killed(4, { f: 'snapshot', type: 'ok' }, { f: 'commit', type: 'ok', task: 1, n: 2, kind: 'data' }),
        ),
      }),
    ],
    [
      'commit.mid: a first answer with an error, a retry whose answer is withheld',
      hit('commit.mid', {
        frames: [
          SENT,
          frame({ t: 1013, direction: 'response', moment: 'delivered', errorCode: 51 }),
          SENT,
          WITHHELD,
        ],
      }),
    ],
    [
      'at-most-once: the offsets-only transaction of the same n is not the killed one',
      hit('commit.before', {
        journals: of(
          journal(LIFE, [
            FENCED,
            ...transaction(1, 100, 0),
            transaction(2, 103, 4)[0]!,
            { f: 'txn', type: 'invoke', n: 2, kind: 'offsets', records: 0 },
            { f: 'offsets', type: 'ok', n: 2 },
            { f: 'commit', type: 'invoke', n: 2, kind: 'offsets' },
            { f: 'commit', type: 'ok', n: 2, kind: 'offsets' },
            transaction(2, 103, 4)[1]!,
            kill('opb.commit.before'),
          ]),
        ),
      }),
    ],
    [
      'a compacted topic that has lost the records still has the marker',
      hit('commit.mid', {
        partitions: [partition('out', marker(7, 'COMMIT'))],
      }),
    ],
    [
      'the first transaction of a life: the state is at or below its first input',
      hit('commit.after', {
        journals: of(
          journal(LIFE, [
            FENCED,
            { f: 'apply', type: 'ok', n: 0 },
            ...transaction(2, 103, 4).slice(0, 5),
            kill('opb.commit.after'),
          ]),
        ),
        sqliteNextInputAtKill: 101,
      }),
    ],
    [
      'random with nothing of the transaction in the log',
      hit('random', {
        journals: of(killed(1)),
        partitions: [partition('out', ...[0, 1, 2].map((o) => record(o, 1)), marker(3, 'COMMIT'))],
        killLine: 9,
      }),
    ],
    [
      'random, aborted by the timeout: either marker will do',
      hit('random', { partitions: log(marker(7, 'ABORT', { timestamp: 999_999 })) }),
    ],
  ])('%s', (_, f) => {
    const { verdict, summary, transaction: name } = weighEvidence(f)
    expect({ verdict, summary, name }).toMatchObject({ verdict: 'hit', name: `${TX}/${LIFE}/2` })
  })
})

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
