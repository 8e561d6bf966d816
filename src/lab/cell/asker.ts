/**
 * Snapshots that are asked for, one after the other, while load flows.
 *
 * Promises: each request comes when the task has done some work since the release and the snapshot before is
 * published. Does not: wait; it is polled.
 */
import type { CrewMember } from './crew.ts'
import type { CellPlan } from './cell-plan.ts'

interface Flow {
  readonly plan: CellPlan
  /** Everything that was fed is processed. */
  readonly drained: () => Promise<boolean>
}

/** Each call asks when it is time; true when the last of so many has been lived through. */
export function snapshotAsker(flow: Flow, member: CrewMember, times: number): () => Promise<boolean> {
  const { plan, drained } = flow
  const before = member.snapshots.length
  const done = (): number => member.tasks.get(plan.task)?.records ?? 0
  const records = done()
  // With several instances the first request would be the end of one that has hardly worked.
  const wanted = Math.max(1, Math.floor((plan.rest ?? 0) / 3))
  let asked = 0
  return async () => {
    // Batches cut by count wait for more, and nothing happens between them; being asked tells them of an end.
    const idle = plan.fixedBatches === true && (await drained())
    const flows = done() >= records + wanted || (done() > records && (idle || (await drained())))
    if (!flows || member.snapshots.length < before + asked) return false
    if (asked === times) return true
    asked += 1
    member.handle.send({ type: 'snapshot', task: plan.task, request: 1 + asked })
    return false
  }
}
