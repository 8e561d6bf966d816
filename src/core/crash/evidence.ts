/**
 * The evidence of a kill: proof that it hit its point, from the exit signal, the journal, the wire, the files
 * and the raw log; or the reason why it proves nothing, which makes the cell vacuous.
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
import type { FrameSeen } from '../ports/proxy.ts'
import { describe, killedItself } from './case.ts'
import type { Case, KillFacts, Objection, ProofRule } from './case.ts'
import { killedTransaction, nameOf, traceInLog } from './killed.ts'
import type { KilledTransaction, LogTrace } from './killed.ts'
import { LIFE_PROOFS } from './proofs-life.ts'
import { ZOMBIE_PROOFS } from './proofs-zombie.ts'
import { TRANSACTION_PROOFS } from './proofs.ts'
import { findPoint } from './registry.ts'
import type { Proof } from './registry.ts'

export type { KillFacts } from './case.ts'

const PROOFS: Readonly<Record<Exclude<Proof, 'repeated' | 'fault'>, ProofRule>> = {
  ...TRANSACTION_PROOFS,
  ...LIFE_PROOFS,
  ...ZOMBIE_PROOFS,
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

/** A stopped process lives on; what it did then is not what it was stopped in. */
function upToPause(facts: KillFacts): readonly HistoryEvent[] {
  const { killed } = facts.journals
  const at = killed.findIndex((e) => e.f === 'pause' && e.type === 'invoke')
  return at < 0 ? killed : killed.slice(0, at + 1)
}

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
  if (proof === 'repeated' || proof === 'fault')
    return { ...blank, summary: `${facts.point} is proven kill by kill` }
  const rule = PROOFS[proof]
  const end = endedAsOrdered(facts, proof) ?? (rule.itself ? killedItself(facts) : undefined)
  if (rule.about === 'life') {
    const against = end ?? rule.objection(facts)
    const verdict = against === undefined ? 'hit' : 'vacuous'
    return { ...blank, verdict, summary: against ?? rule.proven(facts) }
  }
  const txn = killedTransaction(upToPause(facts), facts.task, rule.about)
  if ('missing' in txn) return { ...blank, summary: txn.missing }
  const partitions = rule.about === 'manifest' ? (facts.manifests ?? []) : facts.partitions
  const trace = traceInLog(partitions, txn)
  const c: Case = { facts, txn, trace, marker: markerOf(trace), ends: endFrames(facts, txn) }
  const against = end ?? rule.objection(c)
  return {
    ...blank,
    verdict: against === undefined ? 'hit' : 'vacuous',
    summary: against ?? rule.proven(c),
    ...toldOf(c),
  }
}

function toldOf(c: Case): Pick<Evidence, 'marker' | 'marker_at' | 'transaction' | 'producer_id' | 'frames'> {
  const first = c.trace.markers[0]
  return {
    marker: c.marker,
    marker_at: first
      ? {
          topic: first.topic,
          partition: first.partition,
          offset: first.marker.offset,
          epoch: first.marker.epoch,
        }
      : null,
    transaction: nameOf(c.txn),
    producer_id: c.txn.producerId,
    frames: c.ends.map((f) => ({
      api: f.api,
      moment: f.moment,
      at_ms: f.t,
      detail: detailOf(f),
    })),
  }
}

/** A killed process ended by SIGKILL; a zombie ended by itself, refused. */
function endedAsOrdered({ exitSignal }: KillFacts, proof: Proof): Objection {
  if (proof === 'powerless')
    return exitSignal === null ? undefined : `the woken process ended by ${exitSignal}, not by itself`
  return exitSignal === 'SIGKILL'
    ? undefined
    : `the process ended by ${exitSignal ?? 'itself'}, not by SIGKILL`
}

/** The evidence of a chain of kills: a hit only if each is one. */
export function weighChain(kills: readonly KillFacts[]): Evidence {
  const weighed = kills.map(weighEvidence)
  const last = weighed.at(-1)!
  if (weighed.length === 1) return last
  const missed = weighed.findIndex((each) => each.verdict !== 'hit')
  const told = weighed.map((each, i) => `${kills[i]!.point}: ${each.summary}`)
  return {
    ...last,
    verdict: missed < 0 ? 'hit' : 'vacuous',
    summary: missed < 0 ? told.join('; then ') : `kill ${missed + 1} of ${kills.length}: ${told[missed]}`,
    steps: weighed.map((each, i) => ({
      point: kills[i]!.point,
      hit: kills[i]!.hit,
      verdict: each.verdict,
      summary: each.summary,
      marker: each.marker,
      transaction: each.transaction,
    })),
  }
}

function detailOf(frame: FrameSeen): string {
  const what = frame.commit === false ? 'abort' : 'commit'
  const error = frame.errorCode === null ? '' : `, error ${frame.errorCode}`
  return `${frame.direction} ${what}, producer ${frame.producerId} epoch ${frame.epoch}${error}`
}
