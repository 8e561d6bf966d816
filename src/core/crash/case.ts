/**
 * What is known of one kill, and the form of a proof: types and the objections that several proofs share.
 *
 * Promises: nothing missing or unreadable counts as proof; an objection is a reason in words.
 */
import { decodeTxn, HEADER } from '../contracts/headers.ts'
import type { HistoryEvent } from '../history/event.ts'
import type { Evidence } from '../matrix/result.ts'
import type { RawPartition } from '../oracle/input.ts'
import type { FrameSeen } from '../ports/proxy.ts'
import type { KilledTransaction, LogTrace } from './killed.ts'

export interface KillFacts {
  /** Name in the registry. */
  readonly point: string
  readonly hit: number
  readonly task: number
  readonly exitSignal: string | null
  /** `next`: of the incarnation that came after. */
  readonly journals: { readonly killed: readonly HistoryEvent[]; readonly next: readonly HistoryEvent[] }
  /** The partitions that the operator writes to. */
  readonly partitions: readonly RawPartition[]
  /** The task's partition of the manifests, where there are any. */
  readonly manifests?: readonly RawPartition[]
  readonly frames: readonly FrameSeen[]
  /** Next input offset in the local state, read between kill and restart; absent where no state is kept. */
  readonly sqliteNextInputAtKill?: number | undefined
  readonly sqliteNextChangelogAtKill?: number | undefined
  /** Names in the task's snapshot directory between kill and restart. */
  readonly snapshotFiles?: readonly string[]
  readonly txnTimeoutMs: number
  /** `random`: line of the killed journal at which the supervisor killed. */
  readonly killLine?: number | undefined
  /** A stopped process was seen to be stopped, and when it was woken (CLOCK_MONOTONIC). */
  readonly wokenAt?: number | undefined
}

/** The killed life's last transaction of the kind that the proof is about, and its trace in the log. */
export interface Case {
  readonly facts: KillFacts
  readonly txn: KilledTransaction
  readonly trace: LogTrace
  readonly marker: Evidence['marker']
  /** EndTxn frames of the killed transaction. */
  readonly ends: readonly FrameSeen[]
}

/** A reason why there is no proof, or undefined if all is proven. */
export type Objection = string | undefined

interface Rule<C> {
  /** The worker killed itself, so its last line must say so. */
  readonly itself: boolean
  readonly objection: (c: C) => Objection
  /** What is proven, if nothing speaks against it. */
  readonly proven: (c: C) => string
}

/** A proof about one transaction, or about the life as a whole. */
export type ProofRule =
  | ({ readonly about: 'data' | 'manifest' } & Rule<Case>)
  | ({ readonly about: 'life' } & Rule<KillFacts>)

export const describe = (event: HistoryEvent | undefined): string => {
  if (!event) return 'nothing'
  const n = event['n'] === undefined ? '' : ` ${Number(event['n'])}`
  return `${event.f} ${event.type}${n}`
}

export const has = (c: Case, f: HistoryEvent['f'], type: HistoryEvent['type']): boolean =>
  c.txn.events.some((e) => e.f === f && e.type === type)

/** The task's last event of that name in the killed life. */
export const lastOf = (
  facts: KillFacts,
  f: HistoryEvent['f'],
  type: HistoryEvent['type'],
): HistoryEvent | undefined =>
  facts.journals.killed.findLast((e) => e.f === f && e.type === type && e.task === facts.task)

/** A worker that kills itself, or stops itself to be killed there, writes the point and the hit as its last line. */
export function killedItself(facts: KillFacts): Objection {
  const last = facts.journals.killed.at(-1)
  const halted = last?.f === 'halt' && last.type === 'invoke'
  if (last?.f !== 'kill' && !halted) return `the journal ends with "${describe(last)}", not with the kill`
  if (last['point'] !== facts.point) return `the journal ends with a kill at ${String(last['point'])}`
  if (last['hit'] !== facts.hit) return `the kill was at hit ${String(last['hit'])}, asked was ${facts.hit}`
  return last.task === undefined || last.task === facts.task ? undefined : `the kill was in task ${last.task}`
}

export function markerIs(c: Case, wanted: 'COMMIT' | 'ABORT'): Objection {
  if (c.trace.contradiction !== undefined) return c.trace.contradiction
  const outcomes = new Set(c.trace.markers.map(({ marker }) => marker.outcome))
  if (outcomes.size > 1) return 'the markers of the transaction disagree between partitions'
  if (c.trace.open.length > 0) return `the transaction has no marker in ${c.trace.open.join(', ')}`
  if (outcomes.size === 0) return 'the log holds neither records nor a marker of the transaction'
  return outcomes.has(wanted) ? undefined : `the log shows ${c.marker}, not ${wanted}`
}

const ofTask = (facts: KillFacts, e: HistoryEvent): boolean => e.task === undefined || e.task === facts.task

/** The next incarnation's fence: its invoke or its ok. */
export const nextFence = (facts: KillFacts, type: 'invoke' | 'ok'): HistoryEvent | undefined =>
  facts.journals.next.find((e) => e.f === 'fence' && e.type === type && ofTask(facts, e))

/** The ABORT must be the next incarnation's doing: after its fence began, before the broker's own deadline. */
export function abortedByFence(c: Case): Objection {
  const { facts, txn } = c
  const fence = nextFence(facts, 'invoke')
  if (!fence) return 'no next incarnation fenced the task'
  const deadline = txn.invoke.at + facts.txnTimeoutMs
  for (const { marker } of c.trace.markers) {
    const early = Math.floor(fence.at) - marker.timestamp
    if (early > 0) return `the ABORT was written ${early} ms before the next incarnation began to fence`
    if (marker.timestamp >= deadline)
      return 'the ABORT came no earlier than the transaction timeout would bring it'
  }
  return undefined
}

/** ABORT of a transaction whose end was never sent. */
export function unsentAndAborted(c: Case): Objection {
  if (!has(c, 'produce', 'ok')) return 'no record of the transaction was acknowledged'
  if (c.txn.events.some((e) => e.f === 'commit')) return 'the journal shows that the commit had begun'
  if (c.ends.some((f) => f.direction === 'request' && f.commit === true)) return 'the proxy saw EndTxn go out'
  return markerIs(c, 'ABORT') ?? abortedByFence(c)
}

/** Lines that would show that the worker went on after it had sent the commit. */
const GOING_ON: ReadonlySet<HistoryEvent['f']> = new Set([
  'txn',
  'produce',
  'offsets',
  'commit',
  'abort',
  'apply',
  'kill',
  'stop',
  'error',
])

/** The journal must end with the commit on its way. */
export function sentLast({ facts, txn }: Case): Objection {
  const sent = txn.events.find((e) => e.f === 'commit' && e.type === 'invoke')
  if (!sent) return 'the journal shows no commit of the transaction'
  const later = facts.journals.killed
    .slice(facts.journals.killed.indexOf(sent) + 1)
    .find((e) => GOING_ON.has(e.f) && ofTask(facts, e))
  return later ? `after the commit was sent the journal goes on with "${describe(later)}"` : undefined
}

/** The end was sent, the answer withheld, the transaction committed. */
export function unanswered(c: Case): Objection {
  const sent = sentLast(c)
  if (sent !== undefined) return sent
  const request = c.ends.find((f) => f.direction === 'request' && f.moment === 'seen' && f.commit === true)
  if (!request) return 'the proxy did not see EndTxn go out'
  const answers = c.ends.filter((f) => f.direction === 'response')
  if (answers.some((f) => f.moment === 'delivered' && f.errorCode === 0))
    return 'the answer to EndTxn was delivered'
  const withheld = answers.find((f) => f.moment === 'withheld' && f.t >= request.t)
  if (!withheld) return 'the proxy withheld no answer to EndTxn'
  if (withheld.errorCode !== 0) return `the withheld answer says error ${withheld.errorCode}`
  return markerIs(c, 'COMMIT')
}

/** Records of this life in transactions after the n-th, anywhere in the log. */
export function writtenBy(facts: KillFacts, n: number): number {
  const life = facts.journals.killed[0]?.incarnation
  const logs = [...facts.partitions, ...(facts.manifests ?? [])]
  const later = (text: string | undefined): boolean => {
    const txn = decodeTxn(text)
    return txn !== undefined && txn.incarnation === life && txn.n > n
  }
  return logs.reduce(
    (sum, p) => sum + p.entries.filter((e) => e.kind === 'data' && later(e.headers[HEADER.txn])).length,
    0,
  )
}

export const place = ({ trace: { markers } }: Case): string =>
  markers[0] ? ` at ${markers[0].topic}-${markers[0].partition} offset ${markers[0].marker.offset}` : ''
