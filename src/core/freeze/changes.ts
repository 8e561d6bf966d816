/**
 * What became of it: the view at the halt beside the one after everything was processed, as rows of a table.
 *
 * Promises: pure; only what changed has a row. Does not: judge.
 */
import { number } from '../report/numbers.ts'
import { coordinatorKnows, logKnows, type Subject } from './subject.ts'
import type { FreezeView, StateView } from './view.ts'

/** what, while halted, afterwards */
export type Change = readonly [what: string, before: string, after: string]

type Look = (view: FreezeView) => string | undefined

function looks(subject: Subject, view: FreezeView): [what: string, look: Look][] {
  const { operator, task, transaction } = subject
  const n = transaction ? `transaction ${transaction.n} in the logs` : 'in the logs'
  const log = (topic: string, partition: number, of: FreezeView) =>
    of.logs.find((l) => l.topic === topic && l.partition === partition)
  const state = (of: FreezeView): StateView | undefined => of.states.find((s) => s.task === task)
  const of = <T>(found: T | undefined, tell: (found: T) => string): string | undefined =>
    found === undefined ? undefined : tell(found)
  return [
    [n, (v) => logKnows(v, transaction)],
    ['coordinator', (v) => coordinatorKnows(v, operator, task)],
    ...view.logs.map(({ role, topic, partition }): [string, Look] => [
      `${role}/${partition}`,
      (v) =>
        of(log(topic, partition, v), (l) => {
          const aborted = l.aborted > 0 ? `, ${number(l.aborted)} aborted` : ''
          const open = l.open > 0 ? `, ${number(l.open)} open` : ''
          return `${number(l.committed)} committed${aborted}${open}; LSO ${l.lastStableOffset}, end ${l.highWatermark}`
        }),
    ]),
    ...view.groups.map(({ operator: reader, topic, partition }): [string, Look] => [
      `offset of ${reader}-${partition}`,
      (v) =>
        of(
          v.groups.find((g) => g.topic === topic && g.partition === partition),
          (g) => `${g.offset ?? 'none'}`,
        ),
    ]),
    ['SQLite owner', (v) => of(state(v), (s) => s.owner ?? 'nobody')],
    ['SQLite rows', (v) => of(state(v), (s) => `${number(s.rows)}, sum ${number(s.sum)}`)],
    ['SQLite next input', (v) => of(state(v), (s) => `${s.nextInput}`)],
    ['SQLite not applied', (v) => of(state(v), (s) => `${number(s.behind)} committed changes`)],
    [
      'newest manifest',
      (v) =>
        of(
          v.manifests.find((m) => m.task === task),
          (m) => m.snapshotId,
        ),
    ],
  ]
}

export function changesOf(before: FreezeView, after: FreezeView, subject: Subject): Change[] {
  return looks(subject, after).flatMap(([what, look]): Change[] => {
    const [then, now] = [look(before) ?? 'nothing', look(after) ?? 'nothing']
    return then === now ? [] : [[what, then, now]]
  })
}
