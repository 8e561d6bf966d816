/**
 * What the supervisor sees of the log while a cell runs: has everything been processed, what dangles.
 * It reads offsets and records as any client would; it judges nothing.
 */
import type { TopicNames } from '../../core/contracts/names.ts'
import type { LogPort } from '../../core/ports/log.ts'
import type { CrewMember } from './crew.ts'

export interface Scope {
  readonly log: LogPort
  readonly names: TopicNames
  readonly partitions: number
}

/** Position up to which a task has surely processed its input, by what its worker said. */
function doneUpTo(members: readonly CrewMember[], task: number): number {
  for (const member of members) {
    const status = member.tasks.get(task)
    if (status) return status.zeroAt ?? -1
  }
  return -1
}

/** True when OpA has taken in all of `orders`. */
async function ordersTaken(scope: Scope, opa: readonly CrewMember[]): Promise<boolean> {
  for (let p = 0; p < scope.partitions; p++) {
    if (doneUpTo(opa, p) < (await scope.log.offsets(scope.names.orders, p)).highWatermark) return false
  }
  return true
}

/** True when OpA has taken in all of `orders` and OpB all that OpA has committed, markers included. */
export async function drained(
  scope: Scope,
  opa: readonly CrewMember[],
  opb: readonly CrewMember[],
): Promise<boolean> {
  return (await ordersTaken(scope, opa)) && opbReached(scope, opb, 'highWatermark')
}

/** True when OpB's position has reached the high watermark of every enriched partition, with nothing open. */
export async function opbReached(
  scope: Scope,
  opb: readonly CrewMember[],
  end: 'highWatermark' | 'lastStableOffset',
): Promise<boolean> {
  for (let p = 0; p < scope.partitions; p++) {
    if (doneUpTo(opb, p) < (await scope.log.offsets(scope.names.enriched, p))[end]) return false
  }
  return true
}

/** Records per topic that read_uncommitted shows beyond read_committed, now. Topics with none are left out. */
export async function countDangling(
  log: LogPort,
  names: TopicNames,
  partitions: number,
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  const topics = [names.enriched, names.output, names.changelog, names.dlq, names.snapshots]
  await Promise.all(
    topics.flatMap((topic) =>
      Array.from({ length: partitions }, async (_, partition) => {
        const { lastStableOffset, highWatermark } = await log.offsets(topic, partition)
        if (lastStableOffset >= highWatermark) return
        const reader = log.reader({ topic, partition, from: lastStableOffset, isolation: 'read_uncommitted' })
        while (reader.position < highWatermark) {
          const { records } = await reader.poll({ maxWaitMs: 20 })
          counts[topic] = (counts[topic] ?? 0) + records.length
        }
      }),
    ),
  )
  return counts
}

/** Tells each worker where its input ends for now: OpB only when OpA has taken in everything. */
export async function tellEnds(
  scope: Scope,
  opa: readonly CrewMember[],
  opb: readonly CrewMember[],
): Promise<void> {
  const tell = async (members: readonly CrewMember[], topic: string): Promise<void> => {
    for (const member of members)
      for (const task of member.tasks.keys())
        member.inputEnd(task, (await scope.log.offsets(topic, task)).highWatermark)
  }
  await tell(opa, scope.names.orders)
  if (await ordersTaken(scope, opa)) await tell(opb, scope.names.enriched)
}
