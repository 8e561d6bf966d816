/**
 * `snapshot prune`: keep the newest N snapshots of each task, chains included, and remove the others.
 *
 * Promises: only after the fence and after a manifest that names no more than what stays is committed, so that
 * a kill at any moment leaves at most orphans; a task with a live owner is not touched.
 */
import { hostClock } from '../../adapters/host/clock.ts'
import { connectLog } from '../../adapters/kafka/log.ts'
import { drawTable } from '../draw.ts'
import { LabError } from '../../core/errors.ts'
import { entriesOf, nextManifest } from '../../core/recovery/manifest.ts'
import { publishManifest } from '../../core/recovery/publish.ts'
import { NOTHING } from '../../core/report/numbers.ts'
import { withOwnTask } from './own-task.ts'
import type { OwnedTask } from './own-task.ts'
import { findTarget, refuseLiveOwners, tasksOf, tasksOnDisk, withTargetBroker } from './task-target.ts'
import type { Target, TargetFlags } from './task-target.ts'

export interface PrunedTask {
  readonly partition: number
  readonly kept: readonly string[]
  /** Names of the files. */
  readonly removed: readonly string[]
  readonly prune_time_ms: number
}

export interface PruneResult {
  readonly prefix: string
  readonly chosen: string
  readonly tasks: readonly PrunedTask[]
}

export async function pruneSnapshots(
  flags: TargetFlags,
  keep: number,
  say: (text: string) => void,
): Promise<PruneResult> {
  const target = findTarget(flags)
  say(target.chosen)
  await refuseLiveOwners(target, target.tasks ?? tasksOnDisk(target))
  return withTargetBroker(target, say, async (brokers) => {
    const log = await connectLog({ brokers, clientId: 'eoslab-prune' })
    try {
      const tasks: PrunedTask[] = []
      for (const task of await tasksOf(target, log)) {
        const context = { target, log, task, say: (line: object) => say(JSON.stringify(line)) }
        const asked = { manifest: 'latest', local: 'keep' } as const
        tasks.push(await withOwnTask(context, asked, (owned) => pruneOwn(target, owned, { task, keep })))
      }
      return { prefix: target.prefix, chosen: target.chosen, tasks }
    } finally {
      await log.close()
    }
  })
}

async function pruneOwn(
  target: Target,
  { recovered, shelf, producer, journal }: OwnedTask,
  { task, keep }: { task: number; keep: number },
): Promise<PrunedTask> {
  const started = hostClock.monotonicMs()
  const [newest, ...earlier] = recovered.known
  if (!newest) {
    throw new LabError('NOTHING_TO_SHOW', `no usable snapshot of ${target.prefix}opb-${task} is known`, {
      hint: 'take one: eoslab snapshot take',
    })
  }
  const manifest = nextManifest(newest, earlier, keep)
  const kept = entriesOf(manifest)
  const { incarnation } = journal
  await publishManifest(producer, journal, {
    topic: target.names.snapshots,
    partition: task,
    manifest,
    txn: { transactionalId: producer.transactionalId, incarnation, n: 1 },
  })
  const removed = shelf.prune(kept)
  journal.append({ f: 'prune', type: 'ok', task, removed })
  const prune_time_ms = hostClock.monotonicMs() - started
  return { partition: task, kept: kept.map((entry) => entry.snapshotId), removed, prune_time_ms }
}

export const pruneTable = (result: PruneResult): Promise<string> =>
  drawTable({
    columns: [
      { title: 'task', align: 'left' },
      { title: 'kept', align: 'left' },
      { title: 'removed', align: 'left' },
    ],
    rows: result.tasks.map((t) => [
      `${result.prefix}opb-${t.partition}`,
      t.kept.join('\n'),
      t.removed.join('\n') || NOTHING,
    ]),
  })
