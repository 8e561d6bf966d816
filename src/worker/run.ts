/**
 * What all tasks of one worker share, and the channel to its supervisor.
 */
import path from 'node:path'
import process from 'node:process'
import type { OpenedJournal } from '../adapters/files/journal.ts'
import { instanceFolder } from '../core/contracts/names.ts'
import type { FromWorker, WorkerSpec } from '../core/ports/workers.ts'
import type { SnapshotReport } from '../core/primitives/snapshot-keeper.ts'
import type { TransactionalLoop } from '../core/primitives/transactional-loop.ts'
import type { TaskRun } from '../core/tasks/task.ts'

export interface Run extends TaskRun {
  readonly journal: OpenedJournal
  readonly loops: TransactionalLoop[]
  /** Per task: takes a snapshot and resolves when its manifest is committed. */
  readonly snapshots: Map<number, () => Promise<SnapshotReport>>
  /** Run in order once the loops have ended. */
  readonly onStop: (() => Promise<void> | void)[]
  armed: (() => void) | undefined
  /** Per task: where its input ends for now, as the supervisor said. */
  readonly inputEnds: Map<number, number>
  /** Takes over more tasks. */
  own?: (tasks: readonly number[]) => void
}

/** Where a task keeps its state: below the prefix for the first instance, in a folder of its own for others. */
export const taskDirectory = (spec: WorkerSpec, task: number): string =>
  path.join(spec.stateDir, instanceFolder(spec.instance), `opb-${task}`)

/** A task that is fenced and recovered; `start` runs it to its end. */
export interface ReadyTask {
  start(): Promise<void>
}

const watchers: ((message: FromWorker) => void)[] = []

/** Shows every message to the supervisor to somebody inside, too. */
export const onSend = (watcher: (message: FromWorker) => void): void => {
  watchers.push(watcher)
}

export const send = (message: FromWorker): void => {
  for (const watcher of watchers) watcher(message)
  process.send?.(message)
}
