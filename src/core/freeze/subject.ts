/**
 * The halted life and its last transaction, and who knows what of it: the worker, the wire, the coordinator,
 * the log, the committed offsets, SQLite. At most crash points these six disagree, which is the point of looking.
 *
 * Promises: pure; each sentence says what was found, none what ought to be. Does not: prove a kill
 * (core/crash/evidence.ts does).
 */
import { killedTransaction, type KilledTransaction } from '../crash/killed.ts'
import { findPoint } from '../crash/points.ts'
import type { Operator } from '../contracts/names.ts'
import type { HistoryEvent } from '../history/event.ts'
import type { FrameSeen } from '../ports/proxy.ts'
import { number } from '../report/numbers.ts'
import type { FreezeView, LogView, Stretch } from './view.ts'

export interface Subject {
  readonly point: string
  readonly hit: number
  readonly operator: Operator
  readonly task: number
  readonly incarnation: string
  readonly pid: number
  /** Its last transaction; undefined if it has begun none. */
  readonly transaction: KilledTransaction | undefined
  /** Its journal, up to where it stands. */
  readonly journal: readonly HistoryEvent[]
  readonly frames: readonly FrameSeen[]
}

export interface Known {
  readonly who: string
  readonly what: string
}

export function subjectOf(
  at: Omit<Subject, 'transaction' | 'journal'>,
  journals: readonly HistoryEvent[],
): Subject {
  const journal = journals.filter((e) => e.incarnation === at.incarnation)
  const kind = /\.manifest-/.test(at.point) ? 'manifest' : 'data'
  const found = killedTransaction(journal, at.task, kind)
  return { ...at, journal, transaction: 'missing' in found ? undefined : found }
}

/** The last step of the transaction that the worker wrote down, as what it knows. */
const WORKER: Readonly<Record<string, string>> = {
  'txn invoke': 'has begun it and sent nothing',
  'produce ok': 'has its records acknowledged, and offsets not yet added',
  'offsets ok': 'has records and offsets staged, and has not sent EndTxn',
  'commit invoke': 'has sent EndTxn (commit) and waits for the answer: it knows nothing',
  'commit ok': 'knows that it is committed',
  'apply invoke': 'knows that it is committed, and is applying it to SQLite',
  'apply ok': 'has committed and applied it',
}

function workerKnows({ journal, transaction }: Subject): string {
  if (!transaction) return 'has begun no transaction'
  const last = transaction.events.findLast((e) => `${e.f} ${e.type}` in WORKER)
  const n = `transaction ${transaction.n}`
  const partly = transaction.events.find((e) => e.f === 'produce' && e['of'] !== undefined)
  if (last && last === partly)
    return `${n}: has ${Number(partly['sent'])} of ${Number(partly['of'])} records acknowledged, the others not sent`
  const said = last ? WORKER[`${last.f} ${last.type}`] : undefined
  const ended = journal.at(-1)
  const after = ended?.f === 'abort' ? ', and has aborted it' : ''
  return `${n}: ${said ?? 'nothing'}${after}`
}

function wireKnows({ frames, transaction }: Subject): string {
  if (!transaction) return 'saw no EndTxn'
  const own = frames.filter(
    (f) => f.api === 'EndTxn' && f.producerId === transaction.producerId && f.t >= transaction.invoke.t,
  )
  if (own.length === 0) return 'saw no EndTxn of it'
  const words: Readonly<Record<FrameSeen['moment'], string>> = {
    seen: 'EndTxn went to the broker',
    withheld: 'the answer is withheld here',
    delivered: 'the answer was delivered',
    dropped: 'EndTxn was dropped',
    held: 'EndTxn is held back here, the broker has not seen it',
    released: 'EndTxn was let go to the broker',
  }
  return own.map((f) => words[f.moment]).join('; ')
}

/** Where in the logs the transaction's records lie, and the marker that ended them. */
export function traceOf(
  view: FreezeView,
  txn: KilledTransaction,
): { log: LogView; records: Stretch[]; marker: Stretch | undefined }[] {
  const name = `${txn.incarnation}/${txn.n}`
  return view.logs.flatMap((log) => {
    const records = log.stretches.filter((s) => s.transaction === name && s.producerId === txn.producerId)
    const last = records.at(-1)
    if (!last) return []
    const marker = log.stretches.find(
      (s) => s.records === 0 && s.producerId === txn.producerId && s.from > last.to,
    )
    return [{ log, records, marker }]
  })
}

const short = (log: LogView): string => `${log.role}/${log.partition}`

export function logKnows(view: FreezeView, txn: KilledTransaction | undefined): string {
  const traces = txn ? traceOf(view, txn) : []
  if (traces.length === 0) return 'holds no record of it'
  return traces
    .map(({ log, records, marker }) => {
      const count = records.reduce((sum, s) => sum + s.records, 0)
      const end = marker ? `${marker.fate} at ${marker.from}` : 'no marker: open'
      return `${short(log)}: ${count} records ${records[0]!.from}..${records.at(-1)!.to}, ${end}`
    })
    .join('; ')
}

export function coordinatorKnows(view: FreezeView, operator: Operator, task: number): string {
  const found = view.transactions.find((t) => t.operator === operator && t.task === task)?.found
  return found
    ? `${found.state}, producer ${found.producerId} epoch ${found.epoch}`
    : 'does not know this transactional id'
}

/** How long an ongoing transaction may stay open. */
export function timeLeft(
  { startedAt, timeoutMs }: { startedAt: number | undefined; timeoutMs: number },
  atMs: number,
): string {
  if (startedAt === undefined) return ''
  const left = Math.max(0, startedAt + timeoutMs - atMs)
  const open = ((atMs - startedAt) / 1000).toFixed(1)
  return `; open for ${open} s, the broker aborts it in ${clock(left)}`
}

export const clock = (ms: number): string => {
  const seconds = Math.ceil(ms / 1000)
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} m ${seconds % 60} s`
}

function offsetsKnow(view: FreezeView, { operator, task, transaction }: Subject): string {
  const group = view.groups.find((g) => g.operator === operator && g.partition === task)
  if (!group) return 'could not be read'
  const at = group.offset === undefined ? 'nothing is committed' : `committed at ${group.offset}`
  const staged = group.staged === undefined ? '' : `; ${group.staged} is staged and nobody sees it`
  const done = transaction && group.offset === transaction.next ? ', with it' : ''
  return `${at}${done}${staged}`
}

function stateKnows(view: FreezeView, { operator, task, transaction }: Subject): string | undefined {
  if (operator !== 'opb') return undefined
  const state = view.states.find((s) => s.task === task)
  if (!state) return 'could not be read'
  if (!transaction || transaction.next === 0 || Number.isNaN(transaction.next))
    return `next input ${state.nextInput}`
  const has = state.nextInput >= transaction.next
  return has
    ? `has it: next input ${state.nextInput}`
    : `does not have it: next input ${state.nextInput}, it ends at ${transaction.next}`
}

/** Six witnesses of one transaction. */
export function whoKnowsWhat(view: FreezeView, subject: Subject): Known[] {
  const { operator, task } = subject
  const state = stateKnows(view, subject)
  const found = view.transactions.find((t) => t.operator === operator && t.task === task)?.found
  const left = found ? timeLeft(found, view.atMs) : ''
  return [
    { who: 'worker', what: workerKnows(subject) },
    { who: 'wire', what: wireKnows(subject) },
    { who: 'coordinator', what: `${coordinatorKnows(view, operator, task)}${left}` },
    { who: 'log', what: logKnows(view, subject.transaction) },
    { who: 'offsets', what: offsetsKnow(view, subject) },
    ...(state === undefined ? [] : [{ who: 'SQLite', what: state }]),
  ]
}

/** The transaction ended by the broker while its producer stood still: too late to go on. */
export function timedOut(view: FreezeView, subject: Subject): boolean {
  const { transaction: txn } = subject
  if (!txn || txn.events.some((e) => e.f === 'commit')) return false
  return traceOf(view, txn).some(({ marker }) => marker?.fate === 'ABORT')
}

/** Where it stands, in one sentence. */
export function standsAt(subject: Subject): string {
  const { point, hit, incarnation, pid, transaction: txn } = subject
  const sentence = findPoint(point)?.sentence ?? ''
  const what = txn ? `, transaction ${txn.n} of ${number(txn.records)} records` : ''
  return `${incarnation} (process ${pid}) stands at ${point}, hit ${hit}${what}: ${sentence}`
}
