/** What lies there after the end of a life that nobody killed. */
import type { CrewMember } from '../cell/crew.ts'
import type { Stage } from '../cell/stage.ts'
import type { Death } from '../cell/cell-plan.ts'

export async function endOf({ plan, deps, fed, stateDir }: Stage, member: CrewMember): Promise<Death> {
  return {
    ...plan.kills[0]!,
    incarnation: member.handle.incarnation,
    exit: member.exit,
    downAt: member.exit!.t,
    ordersFed: fed(),
    dangling: {},
    state: await deps.readState(stateDir, plan.task),
    snapshotFiles: [],
    inputLso: [],
    randomEvent: undefined,
    wokenAt: undefined,
  }
}
