/**
 * A snapshot that fails in the middle for want of room, while nothing flows; then there is room again.
 *
 * Promises: OpB works on with the limit taken away, whether or not the snapshot failed; every wait is bounded.
 */
import { limitFileSize } from '../../adapters/process/file-limit.ts'
import type { LimitSeen } from '../../core/crash/fault-case.ts'
import type { Stage } from '../cell/stage.ts'
import { until } from '../wait.ts'
import { limitWrites } from './disk-fault.ts'

const BOUND_MS = 30_000

export async function failSnapshot(stage: Stage): Promise<LimitSeen> {
  const { plan, members, spawn, settled, failure } = stage
  const former = members('opb').find((m) => m.tasks.has(plan.task))!
  const { bytes } = former.snapshots.find((s) => s.task === plan.task)!
  await former.stop()
  // A partial one would be smaller than a journal, and not be cut.
  const life = spawn({ ...former.spec, crashAt: null, snapshotKind: 'full' })
  await settled('OpB to be back from a clean end')
  const { pid } = life.handle
  // Half of what a snapshot has taken before: it is cut in its middle.
  const limit = await limitWrites(pid, Math.floor(bytes / 2), life.journalFile!)
  try {
    life.handle.send({ type: 'snapshot', task: plan.task, request: 1 })
    const failed = (): boolean => life.lines.some((line) => line.includes('"snapshot failed"'))
    await until(() => failed() || life.snapshots.length > 0, {
      what: `the snapshot of ${life.name} to fail`,
      ms: BOUND_MS,
      failed: failure,
    })
  } finally {
    await limitFileSize(pid, 'unlimited')
  }
  return limit
}
