/**
 * The proof of a zombie: stopped, overtaken, woken, and from then on without any effect.
 *
 * Promises: pure; names what speaks against it, in words. What counts is what happened after the waking, so
 * two things that only look like an effect are told apart from one, and nothing else is:
 *   - an answer that lay in the process's own buffers while it stood still: a commit of another of its tasks
 *     is none if the raw log shows that the marker was written before the waking;
 *   - an apply of a committed transaction into a directory that only the stopped instance has: the one that
 *     took over keeps its state elsewhere. In a directory that both use, the owner row must have refused it.
 */
import type { HistoryEvent } from '../history/event.ts'
import { abortedByFence, describe, lastOf, markerIs, nextFence, place } from './case.ts'
import type { Case, KillFacts, Objection, ProofRule } from './case.ts'
import { killedTransaction, traceInLog } from './killed.ts'
import { findPoint } from './registry.ts'

const REFUSALS: ReadonlySet<unknown> = new Set(['FENCED', 'OWNER_CHANGED'])

const refusal = (event: HistoryEvent): boolean =>
  ((event.f === 'commit' && event.type === 'fail') || event.f === 'error') && REFUSALS.has(event['code'])

const EFFECTS: ReadonlySet<HistoryEvent['f']> = new Set(['commit', 'apply', 'manifest-commit', 'offsets'])

/** What a stopped process did once it was woken. */
const afterPause = (facts: Pick<KillFacts, 'journals'>): HistoryEvent[] => {
  const at = facts.journals.killed.findIndex((e) => e.f === 'pause' && e.type === 'ok')
  return at < 0 ? [] : facts.journals.killed.slice(at + 1)
}

/** `opb.a.1` is a life of `opb.a`. */
const instanceOf = (events: readonly HistoryEvent[]): string | undefined =>
  events[0]?.incarnation.replace(/\.\d+$/, '')

/** Committed before the process was woken, by the markers in the log. */
function committedAsleep(facts: KillFacts, event: HistoryEvent, wokenWall: number): boolean {
  const { killed } = facts.journals
  const txn = killedTransaction(killed.slice(0, killed.indexOf(event) + 1), event.task ?? facts.task)
  if ('missing' in txn || txn.n !== event['n']) return false
  const { markers, open, contradiction } = traceInLog(facts.partitions, txn)
  return (
    contradiction === undefined &&
    open.length === 0 &&
    markers.length > 0 &&
    markers.every(({ marker }) => marker.outcome === 'COMMIT' && marker.timestamp < wokenWall)
  )
}

/** The first thing after the waking that changed something for others, or might have. */
function effectOf(facts: KillFacts, woken: HistoryEvent): HistoryEvent | undefined {
  const { killed, next } = facts.journals
  const wokenWall = woken.at - Math.max(0, woken.t - facts.wokenAt!)
  const apart = instanceOf(killed) !== instanceOf(next)
  return afterPause(facts).find((event) => {
    if (!EFFECTS.has(event.f) || event.type !== 'ok') return false
    const asleep = (): boolean => committedAsleep(facts, event, wokenWall)
    const other = event.task !== undefined && event.task !== facts.task
    if (event.f === 'apply') return !(apart && asleep())
    if (event.f === 'commit') return !(other && asleep())
    // Offsets alone are nothing: they count with the commit, which is looked at by itself.
    return !(event.f === 'offsets' && other)
  })
}

function powerless(c: Case): Objection {
  const { facts } = c
  const stopped = lastOf(facts, 'pause', 'invoke')
  if (stopped?.['point'] !== facts.point) return 'the journal shows no stop at this point'
  if (stopped['hit'] !== facts.hit)
    return `the stop was at hit ${String(stopped['hit'])}, asked was ${facts.hit}`
  const fence = nextFence(facts, 'ok')
  if (!fence) return 'no next incarnation fenced the task'
  const woken = lastOf(facts, 'pause', 'ok')
  if (facts.wokenAt === undefined || !woken) return 'the stopped process was never woken'
  if (facts.wokenAt < fence.t || woken.t < fence.t)
    return 'it was woken before the next incarnation had fenced'
  const effect = effectOf(facts, woken)
  if (effect) {
    const task = effect.task === undefined ? '' : ` of task ${effect.task}`
    return `woken, it went on to "${describe(effect)}"${task}`
  }
  if (!afterPause(facts).some(refusal)) return 'woken, it was refused nowhere'
  return fateOfPaused(c)
}

/** The marker that the transaction in hand must have: its fate was sealed before the zombie was woken. */
function fateOfPaused(c: Case): Objection {
  const point = findPoint(c.facts.point)
  if (point?.counts === 'snapshots') return undefined
  return point?.moment === 'before' ? (markerIs(c, 'ABORT') ?? abortedByFence(c)) : markerIs(c, 'COMMIT')
}

export const ZOMBIE_PROOFS = {
  powerless: {
    about: 'data',
    itself: false,
    objection: powerless,
    proven: (c) => {
      const refused = afterPause(c.facts).find(refusal)
      return `stopped, overtaken and woken; refused with ${String(refused?.['code'])}; transaction ${c.txn.n} ended in ${c.marker}${place(c)}`
    },
  },
} as const satisfies Readonly<Record<string, ProofRule>>
