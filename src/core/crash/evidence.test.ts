/**
 * Hand-written histories: for each point one that proves the hit. Those that almost do: evidence-misses.test.ts.
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
  SENT,
  WITHHELD,
  killed,
  kill,
  of,
  HITS,
  hit,
} from '../../testing/kills.ts'
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
