/**
 * A task of OpB on this host: its directory and its owner's socket around what core/tasks/opb.ts does.
 *
 * Promises: the task is refused (LIVE_OWNER) while another process of this host owns its directory; input is
 * read only when every task of the worker has recovered.
 */
import path from 'node:path'
import { SnapshotDirectory } from '../adapters/sqlite/snapshot-files.ts'
import { takeSnapshot } from '../adapters/sqlite/snapshots.ts'
import { StateDirectory } from '../adapters/sqlite/state-directory.ts'
import { messageOf } from '../core/errors.ts'
import { resumeOpb, type OpbDisk } from '../core/tasks/opb.ts'
import { taskLoop } from '../core/tasks/task.ts'
import { ownTask, type Ownership } from './ownership.ts'
import { send, taskDirectory, type ReadyTask, type Run } from './run.ts'

const sayLine = (line: Readonly<Record<string, unknown>>): void =>
  send({ type: 'log-line', line: JSON.stringify(line) })

function diskOf({ spec, clock }: Run, task: number): OpbDisk {
  const dir = path.join(spec.snapshotDir, `opb-${task}`)
  const home = new StateDirectory(taskDirectory(spec, task), dir)
  return {
    home,
    shelf: new SnapshotDirectory(dir),
    take: (order) =>
      takeSnapshot({
        ...order,
        stateFile: home.currentFile() ?? '',
        dir,
        createdAt: Math.floor(clock.wallMs() / 1000),
        retain: spec.retain,
        kind: spec.snapshotKind ?? 'auto',
        zstd: spec.snapshotZstd ?? true,
      }),
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
  ownership.serve(() => keeper.request())
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
