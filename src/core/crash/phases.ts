/**
 * Time to recover, phase by phase, from CLOCK_MONOTONIC stamps of the supervisor and of the next
 * incarnation's journal.
 *
 * Promises: pure; the phases follow each other without gap or overlap and ttr_ms is their sum: from the
 * process being gone to its first committed output. The time for which the supervisor held the restart back
 * (it counts what dangles, deletes state, waits for a condition) is nobody's recovery: it is in held_ms and
 * in nothing else. A phase that an operator doesn't have (manifest, restore, replay of OpA) is 0.
 * Does not: say more than the journal does; without a first commit there is no TTR.
 *
 *   gone | detect | (held) | boot | fence | manifest | restore | replay | resume | first commit
 */
import type { HistoryEvent } from '../history/event.ts'
import type { Phases } from '../matrix/result.ts'

export interface PhaseFacts {
  readonly task: number
  /** The process was gone: its exit as the kernel reported it, or its last sign of life. */
  readonly killedAt: number
  /** The supervisor knew. */
  readonly exitAt: number
  readonly spawnedAt: number
  readonly next: readonly HistoryEvent[]
  /** LSO of the task's input partition, sampled at the kill. */
  readonly inputLsoAtKill?: number | undefined
}

export interface PhaseTimes {
  readonly phases: Phases | null
  readonly ttr_ms: number | null
  /** Until all input that was committed at the kill had been processed and committed. */
  readonly caught_up_ms: number | null
  /** Until the fetch position was at the input's LSO with nothing uncommitted. */
  readonly lag_zero_ms: number | null
  /** Between the supervisor's knowing and the restart; part of no other figure. */
  readonly held_ms: number
}

const tenth = (ms: number): number => Math.round(ms * 10) / 10

type Boundary = readonly [keyof Phases, (event: HistoryEvent) => boolean]

const done =
  (f: HistoryEvent['f'], type: HistoryEvent['type'] = 'ok') =>
  (event: HistoryEvent): boolean =>
    event.f === f && event.type === type

const dataCommitted = (event: HistoryEvent): boolean => done('commit')(event) && event['kind'] === 'data'

/** What ends each phase after the spawn, in the order of recovery. */
const BOUNDARIES: readonly Boundary[] = [
  ['boot_ms', () => true],
  ['fence_ms', done('fence')],
  ['manifest_ms', done('manifest')],
  ['restore_ms', done('restore')],
  ['replay_ms', done('replay')],
  ['resume_ms', done('first-input', 'info')],
  ['first_commit_ms', dataCommitted],
]

export function phasesOf(facts: PhaseFacts): PhaseTimes {
  const detect = Math.max(0, facts.exitAt - facts.killedAt)
  const held = tenth(Math.max(0, facts.spawnedAt - facts.exitAt))
  const events = facts.next.filter((e) => e.task === undefined || e.task === facts.task)
  const since = (event: HistoryEvent | undefined): number | null =>
    event ? tenth(detect + event.t - facts.spawnedAt) : null
  const later = {
    caught_up_ms: since(caughtUp(facts, events)),
    lag_zero_ms: since(events.find(done('lag-zero', 'info'))),
    held_ms: held,
  }
  if (!events.some(dataCommitted)) return { phases: null, ttr_ms: null, ...later }
  const ms: Record<string, number> = { detect_ms: tenth(detect) }
  let at = facts.spawnedAt
  for (const [phase, ends] of BOUNDARIES) {
    const end = events.find(ends)?.t ?? at
    // Steps may finish out of order (an early fetch, say); time is counted once.
    ms[phase] = tenth(Math.max(0, end - at))
    at = Math.max(at, end)
  }
  const phases = ms as unknown as Phases
  return { phases, ttr_ms: tenth(Object.values(ms).reduce((sum, part) => sum + part, 0)), ...later }
}

/**
 * The event by which all input below the sampled LSO was done: a commit past it, or lag zero at or past it,
 * because the LSO may stand behind control records that no commit ever steps over.
 */
function caughtUp(facts: PhaseFacts, events: readonly HistoryEvent[]): HistoryEvent | undefined {
  const lso = facts.inputLsoAtKill
  if (lso === undefined) return undefined
  const next = new Map<unknown, number>()
  for (const event of events) {
    if (event.f === 'txn' && event['kind'] === 'data') next.set(event['n'], Number(event['next']))
    if (dataCommitted(event) && (next.get(event['n']) ?? -1) >= lso) return event
    if (done('lag-zero', 'info')(event) && Number(event['position']) >= lso) return event
  }
  return undefined
}
