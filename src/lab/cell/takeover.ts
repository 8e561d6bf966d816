/**
 * Takeover: the tasks of a killed instance go to a living one of the same operator, which fences and
 * recovers them in its own process, on its own side, while it goes on with what it has.
 *
 * Promises: the tasks are dealt out to the living instances with the fewest; resolves with the one that got
 * the killed task, whose recovery is measured. Does not: detect the death; the supervisor has seen the exit,
 * where a consumer group would wait for a session timeout.
 */
import { LabError } from '../../core/errors.ts'
import type { CrewMember } from './crew.ts'

export interface TakeoverContext {
  readonly peers: () => readonly CrewMember[]
  readonly now: () => number
  /** The task whose recovery is measured. */
  readonly task: number
}

export async function takeOver(
  victims: readonly CrewMember[],
  { peers, now, task: measured }: TakeoverContext,
): Promise<CrewMember> {
  let heir: CrewMember | undefined
  for (const victim of victims) {
    victim.retired = true
    const living = peers().filter((peer) => peer !== victim)
    for (const task of victim.tasks.keys()) {
      const [next] = living.toSorted((a, b) => a.tasks.size - b.tasks.size)
      if (!next) {
        throw new LabError('WORKER_DIED', `nobody is left to take over the tasks of ${victim.name}`, {
          hint: 'run at least two instances of the operator',
        })
      }
      next.own([task], now())
      if (task === measured) heir = next
    }
  }
  if (heir) return heir
  throw new LabError('INTERNAL', `task ${measured} was not among the tasks taken over`)
}
