/**
 * What all tasks of one worker share, and the channel to its supervisor.
 */
import path from 'node:path'
import process from 'node:process'
import type { OpenedJournal } from '../adapters/files/journal.ts'
import { instanceFolder } from '../core/contracts/names.ts'
import { LabError } from '../core/errors.ts'
import type { Mutation } from '../core/mutations/index.ts'
import type { LogPort, TopicIdentity } from '../core/ports/log.ts'
import type { FromWorker, WorkerSpec } from '../core/ports/workers.ts'
import type { CrashPoints } from '../core/primitives/crash-points.ts'
import type { SnapshotReport } from '../core/primitives/snapshot-keeper.ts'
import type { TransactionalLoop } from '../core/primitives/transactional-loop.ts'

export interface Run {
  readonly spec: WorkerSpec
  readonly journal: OpenedJournal
  readonly log: LogPort
  readonly points: CrashPoints
  readonly mutation: Mutation
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

/** Partitions of a topic out of a description, else MISSING_TOPIC. */
export function partitionsOf(topics: readonly TopicIdentity[], topic: string, prefix: string): number {
  const found = topics.find((t) => t.topic === topic)
  if (found) return found.partitions
  throw new LabError('MISSING_TOPIC', `topic ${topic} does not exist`, {
    hint: `create the topics: eoslab topics create --prefix '${prefix}'`,
  })
}
