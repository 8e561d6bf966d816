/**
 * The evidence of a kill: proof that it hit its point, from the exit signal, the journal, the wire and the
 * raw log; or the reason why it proves nothing, which makes the cell vacuous.
 *
 * Promises: pure, and told everything it weighs. Nothing missing or unreadable counts as proof. Clocks: the
 * broker's marker time is compared with the worker's wall clock, which are one clock on one host.
 * Does not: judge the pipeline (the oracle does, and isn't told the point).
 *
 * Example: commit.mid is a hit if the process died by SIGKILL, the journal ends with the commit's invoke,
 * the proxy saw EndTxn go out and withheld an answer without error, and the log shows COMMIT.
 */
import type { HistoryEvent } from '../history/event.ts'
import type { Evidence } from '../matrix/result.ts'
import type { RawPartition } from '../oracle/input.ts'
import type { FrameSeen } from '../ports/proxy.ts'
import { killedTransaction, nameOf, traceInLog } from './killed.ts'
import type { KilledTransaction, LogTrace } from './killed.ts'
import { findPoint } from './points.ts'
import type { Proof } from './points.ts'

export interface KillFacts {
  /** Name in the registry. */
  readonly point: string
  readonly hit: number
  readonly task: number
  readonly exitSignal: string | null
  readonly journals: { readonly killed: readonly HistoryEvent[]; readonly next: readonly HistoryEvent[] }
  /** The partitions that the operator writes to. */
  readonly partitions: readonly RawPartition[]
  readonly frames: readonly FrameSeen[]
  /** Next input offset in the local state, read between kill and restart; absent where no state is kept. */
  readonly sqliteNextInputAtKill?: number | undefined
  readonly txnTimeoutMs: number
  /** `random`: line of the killed journal at which the supervisor killed. */
  readonly killLine?: number | undefined
}

interface Case {
  readonly facts: KillFacts
  readonly txn: KilledTransaction
  readonly trace: LogTrace
  readonly marker: Evidence['marker']
  /** EndTxn frames of the killed transaction. */
  readonly ends: readonly FrameSeen[]
}

/** A reason why there is no proof, or undefined if all is proven. */
type Objection = string | undefined

const has = (c: Case, f: HistoryEvent['f'], type: HistoryEvent['type']): boolean =>
  c.txn.events.some((e) => e.f === f && e.type === type)

/** A worker that kills itself writes the point and the hit as its last line. */
function killedItself({ facts }: Case): Objection {
  const last = facts.journals.killed.at(-1)
  if (last?.f !== 'kill') return `the journal ends with "${describe(last)}", not with the kill`
  if (last['point'] !== facts.point) return `the journal ends with a kill at ${String(last['point'])}`
  if (last['hit'] !== facts.hit) return `the kill was at hit ${String(last['hit'])}, asked was ${facts.hit}`
  return last.task === undefined || last.task === facts.task ? undefined : `the kill was in task ${last.task}`
}

function markerIs(c: Case, wanted: 'COMMIT' | 'ABORT'): Objection {
  if (c.trace.contradiction !== undefined) return c.trace.contradiction
  const outcomes = new Set(c.trace.markers.map(({ marker }) => marker.outcome))
  if (outcomes.size > 1) return 'the markers of the transaction disagree between partitions'
  if (c.trace.open.length > 0) return `the transaction has no marker in ${c.trace.open.join(', ')}`
  if (outcomes.size === 0) return 'the log holds neither records nor a marker of the transaction'
  return outcomes.has(wanted) ? undefined : `the log shows ${c.marker}, not ${wanted}`
}

/** The ABORT must be the next incarnation's doing: after its fence began, before the broker's own deadline. */
function abortedByFence(c: Case): Objection {
  const { facts, txn } = c
  const fence = facts.journals.next.find(
    (e) => e.f === 'fence' && e.type === 'invoke' && (e.task === undefined || e.task === facts.task),
  )
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

function aborted(c: Case): Objection {
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

function unanswered(c: Case): Objection {
  const { facts, txn } = c
  const sent = txn.events.find((e) => e.f === 'commit' && e.type === 'invoke')
  if (!sent) return 'the journal shows no commit of the transaction'
  const later = facts.journals.killed
    .slice(facts.journals.killed.indexOf(sent) + 1)
    .find((e) => GOING_ON.has(e.f) && (e.task === undefined || e.task === facts.task))
  if (later) return `after the commit was sent the journal goes on with "${describe(later)}"`
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

function unapplied(c: Case): Objection {
  if (!has(c, 'commit', 'ok')) return 'the journal does not have the answer to the commit'
  if (has(c, 'apply', 'ok')) return 'the transaction had been applied'
  return markerIs(c, 'COMMIT') ?? stateIsBehind(c)
}

/** State is kept where the journal has ever applied to it, or where the point itself needs it. */
const keepsState = (facts: KillFacts): boolean =>
  findPoint(facts.point)?.step === 'apply' || facts.journals.killed.some((e) => e.f === 'apply')

/** Where state is kept, it must be one transaction behind. */
function stateIsBehind({ facts, txn }: Case): Objection {
  const at = facts.sqliteNextInputAtKill
  if (at === undefined) return keepsState(facts) ? 'the local state at the kill could not be read' : undefined
  if (at >= txn.next) return `the local state is at ${at}, not before ${txn.next}: it was applied`
  const expected = txn.previousNext
  const fits = expected === undefined ? at <= txn.from : at === expected
  return fits
    ? undefined
    : `the local state is at ${at}, the transaction before ended at ${expected ?? txn.from}`
}

function eventWritten(c: Case): Objection {
  const line = c.facts.killLine
  if (line === undefined) return 'the supervisor saw no line to kill at'
  if (!c.facts.journals.killed.some((e) => e.i === line)) return `line ${line} is not in the journal`
  if (c.trace.records === 0 && c.trace.markers.length === 0) return c.trace.contradiction
  return markerIs(c, c.marker === 'COMMIT' ? 'COMMIT' : 'ABORT')
}

interface ProofRule {
  /** The worker killed itself, so its last line must say so. */
  readonly itself: boolean
  readonly objection: (c: Case) => Objection
  /** What is proven, if nothing speaks against it. */
  readonly proven: (c: Case) => string
}

const PROOFS: Record<Proof, ProofRule> = {
  aborted: {
    itself: true,
    objection: aborted,
    proven: (c) =>
      `transaction ${c.txn.n} was open and EndTxn unsent; the next incarnation's fence wrote ABORT${place(c)}`,
  },
  unanswered: {
    itself: false,
    objection: unanswered,
    proven: (c) =>
      `EndTxn of transaction ${c.txn.n} reached the broker, its answer was withheld; the log shows COMMIT${place(c)}`,
  },
  unapplied: {
    itself: true,
    objection: unapplied,
    proven: (c) => {
      const applied = keepsState(c.facts) ? ', nothing of it applied' : ''
      return `transaction ${c.txn.n} was committed and answered${applied}; the log shows COMMIT${place(c)}`
    },
  },
  event: {
    itself: false,
    objection: eventWritten,
    proven: (c) =>
      `killed once line ${c.facts.killLine} was journalled; ` +
      (c.marker === 'none'
        ? `nothing of transaction ${c.txn.n} was in the log`
        : `transaction ${c.txn.n} ended in ${c.marker}${place(c)}`),
  },
}

const place = ({ trace: { markers } }: Case): string =>
  markers[0] ? ` at ${markers[0].topic}-${markers[0].partition} offset ${markers[0].marker.offset}` : ''

const describe = (event: HistoryEvent | undefined): string => {
  if (!event) return 'nothing'
  const n = event['n'] === undefined ? '' : ` ${Number(event['n'])}`
  return `${event.f} ${event.type}${n}`
}

/** EndTxn frames of the killed transaction: its producer, under its epoch, since it began. */
function endFrames(facts: KillFacts, txn: KilledTransaction): FrameSeen[] {
  return facts.frames.filter(
    (f) =>
      f.api === 'EndTxn' &&
      f.transactionalId === txn.transactionalId &&
      f.producerId === txn.producerId &&
      f.epoch === txn.epoch &&
      f.t >= txn.invoke.t,
  )
}

/** COMMIT or ABORT if the log has a marker (the first, if they disagree), else none. */
const markerOf = (trace: LogTrace): Evidence['marker'] => trace.markers[0]?.marker.outcome ?? 'none'

export function weighEvidence(facts: KillFacts): Evidence {
  const last = facts.journals.killed.at(-1)
  const blank: Evidence = {
    verdict: 'vacuous',
    summary: '',
    exit_signal: facts.exitSignal,
    last_event: last ? describe(last) : null,
    marker: null,
    marker_at: null,
    transaction: null,
    producer_id: null,
    frames: [],
  }
  const proof = findPoint(facts.point)?.proof
  if (!proof) return { ...blank, summary: `"${facts.point}" is not in the registry of crash points` }
  const txn = killedTransaction(facts.journals.killed, facts.task)
  if ('missing' in txn) return { ...blank, summary: txn.missing }
  const trace = traceInLog(facts.partitions, txn)
  const c: Case = { facts, txn, trace, marker: markerOf(trace), ends: endFrames(facts, txn) }
  const first = trace.markers[0]
  const rule = PROOFS[proof]
  const against = killedBySignal(facts) ?? (rule.itself ? killedItself(c) : undefined) ?? rule.objection(c)
  return {
    ...blank,
    verdict: against === undefined ? 'hit' : 'vacuous',
    summary: against ?? rule.proven(c),
    marker: c.marker,
    marker_at: first
      ? {
          topic: first.topic,
          partition: first.partition,
          offset: first.marker.offset,
          epoch: first.marker.epoch,
        }
      : null,
    transaction: nameOf(txn),
    producer_id: txn.producerId,
    frames: c.ends.map((f) => ({
      api: f.api,
      moment: f.moment,
      at_ms: f.t,
      detail: detailOf(f),
    })),
  }
}

const killedBySignal = ({ exitSignal }: KillFacts): Objection =>
  exitSignal === 'SIGKILL' ? undefined : `the process ended by ${exitSignal ?? 'itself'}, not by SIGKILL`

function detailOf(frame: FrameSeen): string {
  const what = frame.commit === false ? 'abort' : 'commit'
  const error = frame.errorCode === null ? '' : `, error ${frame.errorCode}`
  return `${frame.direction} ${what}, producer ${frame.producerId} epoch ${frame.epoch}${error}`
}
