/**
 * The proofs of kills around one data transaction, from the fetch of its batch to its place in the state.
 *
 * Promises: pure; each rule names what speaks against a hit, in words.
 */
import type { HistoryEvent } from '../history/event.ts'
import {
  abortedByFence,
  describe,
  has,
  lastOf,
  markerIs,
  nextFence,
  place,
  sentLast,
  unanswered,
  unsentAndAborted,
  writtenBy,
} from './case.ts'
import type { Case, KillFacts, Objection, ProofRule } from './case.ts'
import { findPoint } from './registry.ts'

/** State is kept where the journal has ever applied to it, or where the point itself needs it. */
const keepsState = (facts: KillFacts): boolean =>
  findPoint(facts.point)?.step === 'apply' || facts.journals.killed.some((e) => e.f === 'apply')

/** Between batches: what had begun is committed and applied, and nothing else is in the log. */
function idle(facts: KillFacts): Objection {
  const ofTask = facts.journals.killed.filter((e) => e.task === facts.task)
  const begun = ofTask.findLast((e) => e.f === 'txn' && e['kind'] === 'data')
  const n = Number(begun?.['n'] ?? 0)
  const done = (f: HistoryEvent['f']): boolean =>
    ofTask.some((e) => e.f === f && e.type === 'ok' && e['n'] === n)
  if (begun && !done('commit')) return `transaction ${n} had begun and was not answered`
  const at = facts.sqliteNextInputAtKill
  if (begun && keepsState(facts)) {
    if (!done('apply')) return `transaction ${n} was committed and not applied`
    if (at !== begun['next'])
      return `the local state is at ${at ?? 'no readable offset'}, not ${String(begun['next'])}`
  }
  const written = writtenBy(facts, n)
  return written > 0 ? `the log holds ${written} records of a later transaction of this life` : undefined
}

function unsent(c: Case): Objection {
  const begun = c.txn.events.find((e) => e.f !== 'txn' && e.f !== 'kill')
  if (begun) return `the journal goes on with "${describe(begun)}"`
  const { records, markers } = c.trace
  if (records > 0 || markers.length > 0) return `the log holds ${records} records of the transaction`
  return undefined
}

function partial(c: Case): Objection {
  const cut = c.txn.events.find((e) => e.f === 'produce' && e['of'] !== undefined)
  if (!cut) return 'the journal does not show that producing was cut in two'
  const sent = Number(cut['sent'])
  if (sent >= Number(cut['of'])) return 'nothing was left to send'
  if (c.trace.records !== sent)
    return `the log holds ${c.trace.records} records of it, ${sent} were acknowledged`
  return unsentAndAborted(c)
}

function aborted(c: Case): Objection {
  const staged = findPoint(c.facts.point)?.step === 'offsets'
  if (staged && !has(c, 'offsets', 'ok')) return 'the journal does not show that offsets were added'
  return unsentAndAborted(c)
}

/** Held back until the next incarnation had fenced, let go, refused. */
function refused(c: Case): Objection {
  const sent = sentLast(c)
  if (sent !== undefined) return sent
  if (c.ends.some((f) => f.direction === 'request' && f.moment === 'seen')) return 'EndTxn went out unheld'
  if (!c.ends.some((f) => f.moment === 'held')) return 'the proxy held no EndTxn back'
  const released = c.ends.find((f) => f.moment === 'released')
  if (!released) return 'the held EndTxn was never let go'
  const fence = nextFence(c.facts, 'ok')
  if (!fence || released.t < fence.t) return 'EndTxn was let go before the next incarnation had fenced'
  const answer = c.ends.find((f) => f.direction === 'response' && f.t >= released.t)
  if (!answer) return 'the broker did not answer the EndTxn that was let go'
  if (answer.errorCode === 0) return 'the broker accepted the EndTxn of a fenced producer'
  return markerIs(c, 'ABORT') ?? abortedByFence(c)
}

function committed(c: Case): Objection {
  return has(c, 'commit', 'ok') ? undefined : 'the journal does not have the answer to the commit'
}

function unapplied(c: Case): Objection {
  const unanswered = committed(c)
  if (unanswered !== undefined) return unanswered
  if (has(c, 'apply', 'ok')) return 'the transaction had been applied'
  if (c.facts.point.endsWith('.apply.mid') && !has(c, 'apply', 'invoke')) return 'applying had not begun'
  return markerIs(c, 'COMMIT') ?? stateIsBehind(c)
}

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

function applied(c: Case): Objection {
  const unanswered = committed(c)
  if (unanswered !== undefined) return unanswered
  if (!has(c, 'apply', 'ok')) return 'the transaction had not been applied'
  const at = c.facts.sqliteNextInputAtKill
  if (at !== c.txn.next) return `the local state is at ${at ?? 'no readable offset'}, not ${c.txn.next}`
  return markerIs(c, 'COMMIT')
}

function eventWritten(c: Case): Objection {
  const line = c.facts.killLine
  if (line === undefined) return 'the supervisor saw no line to kill at'
  if (!c.facts.journals.killed.some((e) => e.i === line)) return `line ${line} is not in the journal`
  if (c.trace.records === 0 && c.trace.markers.length === 0) return c.trace.contradiction
  return markerIs(c, c.marker === 'COMMIT' ? 'COMMIT' : 'ABORT')
}

const errorOf = (c: Case): number | null | undefined =>
  c.ends.findLast((f) => f.direction === 'response')?.errorCode

export const TRANSACTION_PROOFS = {
  idle: {
    about: 'life',
    itself: true,
    objection: idle,
    proven: (facts) => {
      const last = lastOf(facts, 'txn', 'invoke')
      return `a batch was fetched, nothing of it begun; ${last ? `transaction ${String(last['n'])} before it is complete` : 'no transaction had begun'}`
    },
  },
  unsent: {
    about: 'data',
    itself: true,
    objection: unsent,
    proven: (c) => `transaction ${c.txn.n} was computed, nothing of it is in the log`,
  },
  partial: {
    about: 'data',
    itself: true,
    objection: partial,
    proven: (c) => {
      const of = c.txn.events.find((e) => e['of'] !== undefined)?.['of']
      return `${c.trace.records} of ${String(of)} records of transaction ${c.txn.n} were acknowledged, the others unsent; the next incarnation's fence wrote ABORT${place(c)}`
    },
  },
  aborted: {
    about: 'data',
    itself: true,
    objection: aborted,
    proven: (c) =>
      `transaction ${c.txn.n} was open and EndTxn unsent; the next incarnation's fence wrote ABORT${place(c)}`,
  },
  unanswered: {
    about: 'data',
    itself: false,
    objection: unanswered,
    proven: (c) =>
      `EndTxn of transaction ${c.txn.n} reached the broker, its answer was withheld; the log shows COMMIT${place(c)}`,
  },
  refused: {
    about: 'data',
    itself: false,
    objection: refused,
    proven: (c) =>
      `EndTxn of transaction ${c.txn.n} was held back until the next incarnation had fenced, then refused with error ${errorOf(c)}; the fence had written ABORT${place(c)}`,
  },
  unapplied: {
    about: 'data',
    itself: true,
    objection: unapplied,
    proven: (c) => {
      const none = keepsState(c.facts) ? ', nothing of it applied' : ''
      return `transaction ${c.txn.n} was committed and answered${none}; the log shows COMMIT${place(c)}`
    },
  },
  applied: {
    about: 'data',
    itself: true,
    objection: applied,
    proven: (c) => `transaction ${c.txn.n} was committed and applied; the log shows COMMIT${place(c)}`,
  },
  event: {
    about: 'data',
    itself: false,
    objection: eventWritten,
    proven: (c) =>
      `killed once line ${c.facts.killLine} was journalled; ` +
      (c.marker === 'none'
        ? `nothing of transaction ${c.txn.n} was in the log`
        : `transaction ${c.txn.n} ended in ${c.marker}${place(c)}`),
  },
} as const satisfies Readonly<Record<string, ProofRule>>
