/** The view of a halted pipeline from hand-written logs: stretches, witnesses, panels, and what changed. */
import { expect, it } from 'vitest'
import { killed, log, marker, SENT, WITHHELD, FENCED, PID, LIFE } from '../../testing/kills.ts'
import type { HistoryEvent } from '../history/event.ts'
import type { OracleInput, RawPartition } from '../oracle/input.ts'
import { topicNames } from '../contracts/names.ts'
import { changesOf } from './changes.ts'
import { panelsOf } from './panels.ts'
import { subjectOf, timedOut, whoKnowsWhat, type Subject } from './subject.ts'
import { freezeView, type FreezeView, type TransactionState } from './view.ts'

const names = topicNames('c1.')

/** OpB has written transaction 1 and 2 to the output; `lso` and the fate of transaction 2 vary. */
const input = (lso: number, high: number, ...fate: RawPartition['entries']): OracleInput => {
  const [out] = log(...fate)
  const output = { ...out!, topic: names.output, lastStableOffset: lso, highWatermark: high }
  return {
    prefix: 'c1.',
    pipeline: 'reference',
    window: 60,
    names,
    groups: { opa: 'c1.opa', opb: 'c1.opb' },
    topics: {
      orders: undefined,
      enriched: { topic: names.enriched, partitions: [{ ...out!, topic: names.enriched, entries: [] }] },
      dlq: undefined,
      output: { topic: names.output, partitions: [output] },
      changelog: undefined,
      snapshots: undefined,
    },
    groupOffsets: [{ group: 'c1.opb', topic: names.enriched, partition: 0, offset: 103 }],
    states: [
      {
        partition: 0,
        file: 'x',
        rows: [{ key: 'a', sum: 5, count: 1, seq: 1 }],
        nextInput: 103,
        nextChangelog: 4,
        changelogMode: 'after-image',
        window: 60,
        owner: LIFE,
      },
    ],
    snapshots: [],
    journals: killed(3),
    truth: undefined,
    cleanEnd: false,
  }
}

const ongoing: TransactionState = {
  transactionalId: 'c1.opb-0',
  state: 'Ongoing',
  producerId: PID,
  epoch: 3,
  timeoutMs: 600_000,
  startedAt: 1_000,
  partitions: ['c1.orders.output/0', '__consumer_offsets/1'],
}

const viewOf = (of: OracleInput, found: TransactionState = ongoing): FreezeView =>
  freezeView(of, {
    transactions: [{ operator: 'opb', task: 0, transactionalId: 'c1.opb-0', found }],
    atMs: 4_000,
  })

const subject = (journals: readonly HistoryEvent[], frames: Subject['frames'] = []): Subject =>
  subjectOf(
    { point: 'opb.commit.before', hit: 2, operator: 'opb', task: 0, incarnation: LIFE, pid: 7, frames },
    journals,
  )

const open = input(4, 7)
const told = (view: FreezeView, of: Subject): Record<string, string> =>
  Object.fromEntries(whoKnowsWhat(view, of).map(({ who, what }) => [who, what]))

it('cuts a log into stretches of one transaction and one fate', () => {
  const output = viewOf(open).logs.find((l) => l.role === 'output')!
  expect(output.stretches.map(({ from, to, fate, transaction }) => [from, to, fate, transaction])).toEqual([
    [0, 2, 'committed', 'opb.a.1/1'],
    [3, 3, 'COMMIT', undefined],
    [4, 6, 'open', 'opb.a.1/2'],
  ])
  expect([output.committed, output.open, output.aborted]).toEqual([3, 3, 0])
})

it('says who knows what before EndTxn is sent', () => {
  expect(told(viewOf(open), subject(killed(3)))).toEqual({
    worker: 'transaction 2: has records and offsets staged, and has not sent EndTxn',
    wire: 'saw no EndTxn of it',
    coordinator: 'Ongoing, producer 12 epoch 3; open for 3.0 s, the broker aborts it in 9 m 57 s',
    log: 'output/0: 3 records 4..6, no marker: open',
    offsets: 'committed at 103; 106 is staged and nobody sees it',
    SQLite: 'does not have it: next input 103, it ends at 106',
  })
})

it('says who knows what when only the answer is missing', () => {
  const done = viewOf(input(8, 8, marker(7, 'COMMIT')), {
    ...ongoing,
    state: 'CompleteCommit',
    startedAt: undefined,
  })
  expect(told(done, subject(killed(4), [SENT, WITHHELD]))).toMatchObject({
    worker: 'transaction 2: has sent EndTxn (commit) and waits for the answer: it knows nothing',
    wire: 'EndTxn went to the broker; the answer is withheld here',
    coordinator: 'CompleteCommit, producer 12 epoch 3',
    log: 'output/0: 3 records 4..6, COMMIT at 7',
  })
})

it('tells a transaction that the broker has ended from one that is open, and from one that the worker ended', () => {
  const aborted = viewOf(input(8, 8, marker(7, 'ABORT')))
  expect(timedOut(viewOf(open), subject(killed(3)))).toBe(false)
  expect(timedOut(aborted, subject(killed(3)))).toBe(true)
  expect(timedOut(aborted, subject(killed(4)))).toBe(false)
})

it('draws the stable offset between what is committed and what is open', () => {
  const output = panelsOf(viewOf(open), subject(killed(3)), true).find(({ title }) => title === 'output/0')!
  expect(output.lines.map(({ text }) => text)).toEqual([
    '0..2 3 committed, opb.a.1/1',
    '3 COMMIT, producer 12 epoch 3',
    'LSO 4: here read_committed ends',
    '4..6 3 open, opb.a.1/2',
    '  … (no key), (no key)',
    'high watermark 7',
  ])
})

it('shows only what changed', () => {
  const after = viewOf(input(8, 8, marker(7, 'ABORT')), { ...ongoing, state: 'CompleteAbort', epoch: 4 })
  const rows = changesOf(viewOf(open), after, subject(killed(3)))
  expect(rows.map(([what]) => what)).toEqual(['transaction 2 in the logs', 'coordinator', 'output/0'])
  expect(rows[0]).toEqual([
    'transaction 2 in the logs',
    'output/0: 3 records 4..6, no marker: open',
    'output/0: 3 records 4..6, ABORT at 7',
  ])
  expect(changesOf(after, after, subject(killed(3)))).toEqual([])
})

it('has words for a life without a transaction', () => {
  const idle = subject(killed(0).filter((e) => e.f === FENCED.f))
  expect(idle.transaction).toBeUndefined()
  expect(told(viewOf(open), idle)).toMatchObject({
    worker: 'has begun no transaction',
    wire: 'saw no EndTxn',
  })
})
