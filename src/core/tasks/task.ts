/**
 * What a task of either operator is put together from, and its loop: for the worker that gets killed and for
 * the simulated one alike, so that a schedule runs the composition that a real kill meets.
 *
 * Does not: own directories, talk to a supervisor, or close anything; that is the caller's.
 */
import type { Mutation } from '../mutations/index.ts'
import type { Clock } from '../ports/clock.ts'
import type { Journal } from '../ports/journal.ts'
import type { LogPort, PartitionReader, TransactionalProducer } from '../ports/log.ts'
import type { WorkerSpec } from '../ports/workers.ts'
import { COMMIT_STRATEGIES } from '../primitives/commit-strategy.ts'
import type { CrashPoints } from '../primitives/crash-points.ts'
import { TransactionalLoop, type LoopOptions, type LoopProgress } from '../primitives/transactional-loop.ts'

/** What all tasks of one worker share. */
export interface TaskRun {
  readonly spec: WorkerSpec
  readonly journal: Journal
  readonly log: LogPort
  readonly clock: Clock
  readonly points: CrashPoints
  readonly mutation: Mutation
}

/** What the caller wants to know of the loop, or to have a hand in. */
export interface LoopHands {
  readonly onProgress: (progress: LoopProgress) => void
  readonly onLagZero: (position: number) => void
  /** Around the reader of the input. */
  readonly watch?: (reader: PartitionReader) => PartitionReader
  readonly inputEnd?: () => number | undefined
}

export interface Resumed extends Pick<LoopOptions, 'step' | 'stateful' | 'between'> {
  readonly producer: TransactionalProducer
  readonly topic: string
  /** Input offset at which it goes on. */
  readonly from: number
}

/** The loop of a task that has been fenced and recovered. */
export function taskLoop(run: TaskRun, task: number, resumed: Resumed, hands: LoopHands): TransactionalLoop {
  const { spec, journal, log, clock, points, mutation } = run
  const { producer, topic, from, step, stateful, between } = resumed
  const reader = log.reader({ topic, partition: task, from, isolation: spec.isolation })
  return new TransactionalLoop({
    context: { task, producer, journal, points, group: spec.group },
    incarnation: journal.incarnation,
    reader: hands.watch?.(reader) ?? reader,
    step: mutation.step(step),
    strategy: COMMIT_STRATEGIES[spec.guarantee],
    clock,
    batch: spec.batch,
    commitIntervalMs: spec.commitIntervalMs,
    ...(hands.inputEnd ? { inputEnd: hands.inputEnd } : {}),
    untilCaughtUp: spec.untilCaughtUp,
    stateful,
    between,
    onProgress: hands.onProgress,
    onLagZero: hands.onLagZero,
  })
}
