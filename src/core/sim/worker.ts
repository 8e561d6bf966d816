/**
 * A worker in the simulation: the loop, commit strategies, recovery and snapshot keeper of the real one, put
 * together over simulated ports.
 *
 * Promises: the order of steps is that of src/worker/*: every task is fenced and recovered before any input
 * is read; an error of one task ends the process.
 * Does not: own directories (LIVE_OWNER): only the log's fence and the owner row keep two lives apart here.
 */
import type { PartitionReader } from '../ports/log.ts'
import type { SnapshotKeeper } from '../primitives/snapshot-keeper.ts'
import type { TransactionalLoop } from '../primitives/transactional-loop.ts'
import { type OpbDisk, resumeOpb } from '../tasks/opb.ts'
import { resumeStateless } from '../tasks/stateless.ts'
import { type Resumed, taskLoop, type TaskRun } from '../tasks/task.ts'
import { SimHome, SimShelf, type TaskDisk } from './disk.ts'
import type { SimProcess } from './process.ts'
import { simSnapshot } from './snapshot.ts'

export interface SimRun extends TaskRun {
  readonly process: SimProcess
  readonly disks: readonly TaskDisk[]
  /** Throws where the schedule has a write of the state fail. */
  readonly write: (task: number, when: 'before' | 'after') => void
  /** Throws where the schedule has a copy fail. */
  readonly copying: (task: number) => void
  readonly loops: TransactionalLoop[]
  readonly keepers: Map<number, SnapshotKeeper>
}

interface ReadyTask {
  start(): Promise<void>
  stop(): Promise<void>
}

/** A life from its first line to its clean end; rejects with what ended it otherwise. */
export async function runWorker(run: SimRun): Promise<void> {
  const { process, spec } = run
  const { operator, tasks, batch, guarantee, isolation, client } = spec
  const boot = { pid: process.life, operator, tasks, batch, guarantee, isolation, client }
  process.journal.append({ f: 'boot', type: 'info', ...boot })
  process.stop = () => {
    process.journal.append({ f: 'stop', type: 'invoke', reason: 'asked by the supervisor' })
    for (const loop of run.loops) loop.stop()
  }
  const task = operator === 'opb' ? opbTask : opaTask
  const ready = await Promise.all(tasks.map((partition) => task(run, partition)))
  await Promise.all(ready.map((one) => one.start()))
  for (const one of ready) await one.stop()
  await run.log.close()
  process.journal.append({ f: 'stop', type: 'info', reason: 'done' })
}

/** Counts what was fetched, so that the world can tell when nothing of it is left to process. */
function counted(reader: PartitionReader, fetched: (records: number) => void): PartitionReader {
  return {
    topic: reader.topic,
    partition: reader.partition,
    get position() {
      return reader.position
    },
    seek: (offset) => reader.seek(offset),
    poll: async (options) => {
      const chunk = await reader.poll(options)
      fetched(chunk.records.length)
      return chunk
    },
  }
}

function loopOf(run: SimRun, task: number, resumed: Resumed): TransactionalLoop {
  let open = 0
  const loop = taskLoop(run, task, resumed, {
    watch: (reader) => {
      run.process.idleAt.set(task, () => (open === 0 ? reader.position : -1))
      return counted(reader, (records) => (open += records))
    },
    onProgress: ({ records }) => (open -= records),
    onLagZero: () => {},
  })
  run.loops.push(loop)
  return loop
}

async function opaTask(run: SimRun, task: number): Promise<ReadyTask> {
  const loop = loopOf(run, task, await resumeStateless(run, task))
  return { start: () => loop.run(), stop: async () => {} }
}

function diskOf(run: SimRun, task: number): OpbDisk {
  const { spec, process } = run
  const disk = run.disks[task]!
  return {
    home: new SimHome(disk, {
      local: (what) => process.world.scheduler.local(process, what),
      requireAlive: () => process.requireAlive(),
      write: (when) => run.write(task, when),
    }),
    shelf: new SimShelf(disk, process),
    take: (order) =>
      simSnapshot({
        ...order,
        disk,
        process,
        retain: spec.retain,
        kind: spec.snapshotKind ?? 'auto',
        copying: () => run.copying(task),
      }),
  }
}

async function opbTask(run: SimRun, task: number): Promise<ReadyTask> {
  const resumed = await resumeOpb(run, task, diskOf(run, task), {
    say: () => {},
    onSnapshotFailure: () => {},
  })
  const { keeper, store } = resumed
  run.keepers.set(task, keeper)
  const loop = loopOf(run, task, resumed)
  return {
    start: () => loop.run(),
    stop: async () => {
      await keeper.finish()
      store.close()
    },
  }
}
