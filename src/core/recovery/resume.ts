/**
 * The resume step: the committed offset has to be where the replayed state stands.
 *
 * Promises: a difference, or a missing committed offset beside a state that is not empty, stops recovery;
 * input that is gone from the log stops it too.
 */
import { LabError } from '../errors.ts'
import type { StateStore } from '../ports/store.ts'
import type { LogFacts } from './load.ts'
import type { RecoverOptions, RecoveryDeps } from './types.ts'

/** Offset that the input resumes at. */
export async function resumeAt(
  deps: RecoveryDeps,
  options: RecoverOptions,
  { store, facts }: { store: StateStore; facts: LogFacts },
): Promise<number> {
  const { topics, partition, group } = options
  const { nextInput, nextChangelog } = store.position()
  const { committed } = facts
  const { logStart } = facts.input
  let offset = nextInput
  if (committed === undefined && nextInput === 0 && store.keyCount() === 0) {
    offset = logStart
    if (logStart > 0) {
      // Nothing was ever consumed, so nothing is lost between two lives: the pipeline begins where the log does.
      const note = `${topics.input}/${partition} begins at ${logStart}; what was before it never reached this task`
      deps.say({ msg: 'resume note', partition, note })
      const next = { nextInput: logStart, nextChangelog }
      store.apply({ owner: options.owner, expectedNextInput: 0, rows: [], next })
    }
  } else {
    // A rehearsal fences nobody: a live owner may have committed between the two looks.
    const latest = deps.producer ? committed : await deps.log.committed(group, topics.input, partition)
    refuseDifference(options, nextInput, { earliest: committed, latest })
  }
  if (offset < logStart) {
    throw new LabError(
      'RECOVERY_GAP',
      `${topics.input}/${partition}: offsets ${offset} to ${logStart - 1} are gone before this task has read them`,
      {
        hint: 'retention or a deletion has overtaken the task; raise retention.ms and begin again under a new prefix',
      },
    )
  }
  deps.journal.append({ f: 'resume', type: 'info', task: partition, topic: topics.input, partition, offset })
  return offset
}

function refuseDifference(
  options: RecoverOptions,
  nextInput: number,
  { earliest, latest }: { earliest: number | undefined; latest: number | undefined },
): void {
  const place = `${options.group} on ${options.topics.input}/${options.partition}`
  if (latest === undefined) {
    throw new LabError(
      'RECOVERY_MISMATCH',
      `the state stands at input offset ${nextInput}, but group ${place} has no committed offset`,
      { hint: 'the group was deleted or its offsets expired; going on would count records twice' },
    )
  }
  if ((earliest ?? 0) <= nextInput && nextInput <= latest) return
  const side = nextInput > latest ? 'ahead of' : 'behind'
  throw new LabError(
    'RECOVERY_MISMATCH',
    `the replayed state stands at input offset ${nextInput}, ${side} the committed offset ${latest} of group ${place}`,
    { hint: 'run eoslab check on this prefix: an offset was moved, or records of the changelog are gone' },
  )
}
