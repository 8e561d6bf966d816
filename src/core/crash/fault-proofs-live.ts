/**
 * The evidence of faults that a life runs into: a write that the system refuses, and a clock that is moved.
 *
 * Promises: pure; as fault-proofs.ts, nothing missing counts as proof. A refused write is only believed by
 * the system's own error number in the journal, a moved clock by two other clocks: the monotonic one that
 * all lives share, and the timestamps that the records carry in the log.
 */
import type { HistoryEvent } from '../history/event.ts'
import {
  deleted,
  nameOf,
  replayFrom,
  replayOf,
  restored,
  sourceOf,
  type FaultFacts,
  type FaultProof,
  type Objection,
} from './fault-case.ts'
import type { LiveName } from './faults.ts'

/** No room left on the device; a file that may not grow any further. */
const REFUSED = /\b(ENOSPC|EFBIG)\b/
/** Between a line of the journal and the record it speaks of. */
const SLACK_MS = 5_000

const ofTask =
  ({ task }: FaultFacts, f: HistoryEvent['f']) =>
  (event: HistoryEvent): boolean =>
    event.f === f && event.task === task

const struckOf = ({ struck = [] }: FaultFacts): readonly HistoryEvent[] => struck

/** The limit was in force, as the kernel says, and its file had not reached it. */
function limited({ seen: { limit } }: FaultFacts): Objection {
  if (!limit) return 'no limit was set'
  if (limit.kernelSays !== String(limit.bytes))
    return `the kernel lets its files grow to ${limit.kernelSays} bytes, not ${limit.bytes}`
  return limit.fileBytes < limit.bytes ? undefined : `${limit.file} was larger than the limit before it`
}

const tellLimit = ({ seen }: FaultFacts): string =>
  `no file of the process could pass ${seen.limit!.bytes} bytes (${seen.limit!.file} had ${seen.limit!.fileBytes})`

const lastError = (facts: FaultFacts): HistoryEvent | undefined =>
  struckOf(facts).findLast((e) => e.f === 'error')

/** It was inside the apply of a transaction that was committed, and ended for that. */
function insideApply(facts: FaultFacts): Objection {
  const error = lastError(facts)
  if (!error) return 'the life that met it named no error'
  if (!REFUSED.test(String(error['message']))) return 'its error says neither ENOSPC nor EFBIG'
  const apply = struckOf(facts).findLast(ofTask(facts, 'apply'))
  if (apply?.type !== 'invoke') return 'it was not inside an apply'
  const commit = struckOf(facts).findLast(ofTask(facts, 'commit'))
  if (commit?.type !== 'ok' || commit['n'] !== apply['n'])
    return `transaction ${String(apply['n'])} was not committed before it`
  return undefined
}

/** What the failed apply had in hand is replayed, by a life that kept the state. */
function rolledForward(facts: FaultFacts): Objection {
  const { nextChangelogAfter: stood } = facts.seen
  if (stood === undefined) return 'the state could not be read after it'
  if (sourceOf(facts) !== 'local') return `the next life restored from ${sourceOf(facts)}`
  if (replayFrom(facts) !== stood) return `the next life replayed from ${replayFrom(facts)}, not ${stood}`
  return Number(replayOf(facts)?.['applied']) > 0 ? undefined : 'the next life had nothing to replay'
}

const failedSnapshot = (facts: FaultFacts): HistoryEvent | undefined =>
  struckOf(facts).find((e) => ofTask(facts, 'snapshot')(e) && e.type === 'fail')

/** A snapshot failed aloud and left nothing under its name; its process went on, and another one came of the next. */
function snapshotFailed(facts: FaultFacts): Objection {
  const failed = failedSnapshot(facts)
  if (!failed) return 'no snapshot failed'
  if (!REFUSED.test(String(failed['message']))) return 'the failure says neither ENOSPC nor EFBIG'
  const name = nameOf(String(failed['snapshotId']))
  const left = facts.seen.before.find(({ file }) => file.includes(name))
  if (left) return `${left.file} is there all the same`
  const commit = struckOf(facts).findLast(ofTask(facts, 'commit'))
  if (!commit || commit.t < failed.t) return 'it committed nothing after the failure'
  if (sourceOf(facts) !== 'snapshot') return `the next life restored from ${sourceOf(facts)}`
  if (restored(facts)?.['snapshotId'] === failed['snapshotId']) return 'the next life restored that snapshot'
  return facts.next.some((e) => ofTask(facts, 'snapshot')(e) && e.type === 'ok')
    ? undefined
    : 'the next life took no snapshot'
}

/** How far a life's wall clock is ahead of the monotonic one. */
const skewOf = (lines: readonly HistoryEvent[]): number | undefined => lines[0] && lines[0].at - lines[0].t

interface Moved {
  /** By its journal. */
  readonly journal: number
  /** By the timestamp of the first record it wrote. */
  readonly record: number
}

/** How much further the clock of the next life went than that of the life before. */
function movedBy(facts: FaultFacts): Moved | undefined {
  const [was, is] = [skewOf(struckOf(facts)), skewOf(facts.next)]
  const { stamp } = facts
  if (was === undefined || is === undefined || !stamp) return undefined
  const begun = facts.next.find((e) => ofTask(facts, 'txn')(e) && e['n'] === stamp.n)
  return begun && { journal: is - was, record: stamp.timestamp - (begun.t + was) }
}

function clockMoved(facts: FaultFacts): Objection {
  const wanted = facts.seen.clockOffsetMs
  if (wanted === undefined) return 'no clock was moved'
  const moved = movedBy(facts)
  if (!moved) return 'nothing shows what the clock of the next life said'
  for (const [what, ms] of Object.entries(moved) as [string, number][])
    if (Math.abs(ms - wanted) > SLACK_MS)
      return `by its ${what} the clock was moved by ${Math.round(ms)} ms, not ${wanted}`
  return undefined
}

/** Which snapshot is the newest is the log's to say, not the clock's: it is the one of the life that was off. */
function snapshotUsed(facts: FaultFacts): Objection {
  const taken = facts.next.findLast((e) => ofTask(facts, 'snapshot')(e) && e.type === 'ok')
  if (!taken) return 'the next life took no snapshot'
  const restore = (facts.afterwards ?? []).find((e) => ofTask(facts, 'restore')(e) && e.type === 'ok')
  if (!restore) return 'no life came after it without local state'
  return restore['snapshotId'] === taken['snapshotId']
    ? undefined
    : `the life after it restored ${String(restore['snapshotId'])}, not ${String(taken['snapshotId'])}`
}

const CLOCK: FaultProof = {
  objection: (facts) => clockMoved(facts) ?? snapshotUsed(facts),
  proven: (facts) => {
    const moved = movedBy(facts)!
    return `the clock of the next life differed by ${Math.round(moved.journal)} ms in its journal and by ${Math.round(moved.record)} ms in the first record it wrote; the life after it, right again and without state, restored the snapshot of that time`
  },
}

export const LIVE_PROOFS: Readonly<Record<LiveName, FaultProof>> = {
  'fault.disk-full': {
    objection: (facts) => limited(facts) ?? insideApply(facts) ?? rolledForward(facts),
    proven: (facts) =>
      `${tellLimit(facts)}; the life inside the apply said: ${String(lastError(facts)!['message'])}; the next one replayed from ${replayFrom(facts)} of the changelog`,
  },
  'fault.snapshot-disk-full': {
    objection: (facts) => limited(facts) ?? snapshotFailed(facts) ?? deleted(facts),
    proven: (facts) =>
      `${tellLimit(facts)}; it said: ${String(failedSnapshot(facts)!['message'])}, and went on; the next life restored ${String(restored(facts)!['snapshotId'])} and took another`,
  },
  'fault.clock-back': CLOCK,
  'fault.clock-ahead': CLOCK,
}
