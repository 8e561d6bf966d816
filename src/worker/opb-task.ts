/**
 * A task of OpB on this host: its directory and its owner's socket around what core/tasks/opb.ts does.
 *
 * Promises: the task is refused (LIVE_OWNER) while another process of this host owns its directory; input is
 * read only when every task of the worker has recovered.
 */
import path from 'node:path'
import { SnapshotDirectory } from '../adapters/sqlite/snapshot-files.ts'
import { StateDirectory } from '../adapters/sqlite/state-directory.ts'
import { messageOf } from '../core/errors.ts'
import { resumeOpb, type OpbDisk } from '../core/tasks/opb.ts'
import { taskLoop } from '../core/tasks/task.ts'
import { ownTask, type Ownership } from './ownership.ts'
import { send, taskDirectory, type ReadyTask, type Run } from './run.ts'
import { snapshotParts } from './snapshot-parts.ts'

const sayLine = (line: Readonly<Record<string, unknown>>): void =>
  send({ type: 'log-line', line: JSON.stringify(line) })

function diskOf(run: Run, task: number): OpbDisk {
  const { spec, mutation } = run
  const dir = path.join(spec.snapshotDir, `opb-${task}`)
  const home = new StateDirectory(taskDirectory(spec, task), dir, { verify: spec.verifyState === true })
  const shelf = new SnapshotDirectory(dir)
  const { copy, name, prune } = mutation.snapshots(snapshotParts(run, { home, shelf, dir }))
  return {
    home,
    shelf: {
      where: shelf.where,
      list: (unreadable) => shelf.list(unreadable),
      has: (entry) => shelf.has(entry),
      removeLeftovers: () => shelf.removeLeftovers(),
      prune,
    },
    take: async (order) => {
      try {
        return name(await copy(order))
      } catch (error) {
        // What was changed since the last good snapshot is then found by its changelog offset.
        order.live.changed.forget()
        throw error
      }
    },
  }
}

export async function opbTask(run: Run, task: number): Promise<ReadyTask> {
  const { spec } = run
  const disk = diskOf(run, task)
  disk.home.prepare()
  const ownership: Ownership = await ownTask(run, task)
  const resumed = await resumeOpb(run, task, disk, {
    say: sayLine,
    onSnapshotFailure: (error) =>
      sayLine({ msg: 'snapshot failed', partition: task, reason: messageOf(error) }),
  })
  const { keeper, store } = resumed
  ownership.serve((kind) => keeper.request(kind))
  run.snapshots.set(task, () => keeper.request())
  send({ type: 'recovered', task })
  let toldZero = false
  const loop = taskLoop(run, task, resumed, {
    ...(spec.fixedBatches ? { inputEnd: () => run.inputEnds.get(task) } : {}),
    onProgress: (progress) => send({ type: 'progress', task, ...progress }),
    onLagZero: (position) => {
      // The fourth core log line belongs to a boot: said once.
      if (!toldZero) sayLine({ msg: 'lag zero', partition: task, position })
      toldZero = true
      send({ type: 'lag-zero', task, position })
    },
  })
  run.loops.push(loop)
  run.onStop.push(async () => {
    await keeper.finish()
    await ownership.release()
    store.close()
  })
  return { start: () => loop.run() }
}
