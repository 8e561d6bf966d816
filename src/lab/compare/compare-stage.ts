/**
 * What the variants of a comparison share: broker, orders, and the one OpA that made orders.enriched of them.
 *
 * Promises: OpA is the real one, run to its end by a worker process; every variant's OpB reads the same
 * enriched records and has everything else to itself (group, transactional id, topics, state).
 */
import path from 'node:path'
import { readOrders } from '../../adapters/files/orders-file.ts'
import { openTruth, readTruth, truthFile } from '../../adapters/files/truth.ts'
import { hostClock } from '../../adapters/host/clock.ts'
import { processWorkers } from '../../adapters/process/workers.ts'
import type { RawLog } from '../../adapters/raw-log/platformatic.ts'
import {
  groupName,
  prefixDirectory,
  topicNames,
  type Operator,
  type TopicNames,
} from '../../core/contracts/names.ts'
import { LabError } from '../../core/errors.ts'
import type { Truth } from '../../core/oracle/input.ts'
import type { LogPort } from '../../core/ports/log.ts'
import type { TopicAdmin } from '../../core/ports/topics.ts'
import type { WorkerSpec } from '../../core/ports/workers.ts'
import { generateOrders } from '../../core/workload/generator.ts'
import { DEFAULT_PROFILE, LAB_DIRT } from '../../core/workload/profile.ts'
import { CrewMember } from '../cell/crew.ts'
import { openFeeder } from '../cell/feeder.ts'
import { COMMIT_INTERVAL_MS, RETAIN, TRANSACTION_TIMEOUT_MS } from '../matrix/spec.ts'
import { pipelineTopics } from '../workload/topics.ts'
import { within } from '../wait.ts'

export interface CompareStage {
  readonly brokers: string
  readonly admin: TopicAdmin
  readonly log: LogPort
  readonly rawLog: RawLog
  /** Root of all state. */
  readonly stateRoot: string
  /** Of the shared topics; each variant adds its own part. */
  readonly prefix: string
  readonly names: TopicNames
  readonly orders: number
  /** A file of orders in place of generated ones. */
  readonly from?: string
  readonly seed: number
  /** Seconds. */
  readonly window: number
  /** Records per transaction at most. */
  readonly batch: number
  readonly say: (what: string) => void
  readonly onMember: (member: CrewMember) => void
}

const RUN_MS = 120_000

export const directoryOf = (stage: Pick<CompareStage, 'stateRoot'>, prefix: string): string =>
  path.join(stage.stateRoot, prefixDirectory(prefix))

/** A worker of partition 0; what differs is laid over it. */
export function workerSpec(
  stage: Pick<CompareStage, 'brokers' | 'stateRoot' | 'window' | 'batch'>,
  operator: Operator,
  prefix: string,
): WorkerSpec {
  const stateDir = directoryOf(stage, prefix)
  return {
    operator,
    pipeline: 'reference',
    prefix,
    brokers: stage.brokers,
    proxy: null,
    names: topicNames(prefix),
    group: groupName(prefix, operator),
    tasks: [0],
    instance: 'a',
    stateDir,
    snapshotDir: path.join(stateDir, 'snapshots'),
    guarantee: 'exactly-once',
    isolation: 'read_committed',
    client: 'kafkajs',
    batch: stage.batch,
    commitIntervalMs: COMMIT_INTERVAL_MS,
    untilCaughtUp: true,
    window: stage.window,
    changelog: 'after-image',
    snapshotEvery: null,
    retain: RETAIN,
    transactionTimeoutMs: TRANSACTION_TIMEOUT_MS,
    crashAt: null,
  }
}

/** Starts a worker whose end is awaited; it is told to `onMember`, so that Ctrl-C finds it. */
export function spawn(stage: CompareStage, spec: WorkerSpec): CrewMember {
  const member = new CrewMember(processWorkers(hostClock), spec)
  stage.onMember(member)
  return member
}

/** Resolves when the worker has ended by itself with code 0. */
export async function toItsEnd(member: CrewMember, what: string): Promise<void> {
  const exit = await within(member.handle.exited, { what, ms: RUN_MS })
  if (exit.code === 0) return
  const how = exit.signal ?? `exit code ${exit.code}`
  throw member.failure() ?? new LabError('WORKER_DIED', `${member.name} ended with ${how}`)
}

/** Makes the shared topics, loads the orders, and lets OpA make enriched ones of them. */
export async function makeEnriched(stage: CompareStage): Promise<Truth | undefined> {
  const { admin, names, prefix, orders, seed } = stage
  await admin.create(pipelineTopics(names, 1).filter(({ topic }) => sharedTopics(names).includes(topic)))
  const file = truthFile(stage.stateRoot, prefix)
  const truth = openTruth(file, names.orders, 1)
  try {
    const profile = { ...DEFAULT_PROFILE, ...LAB_DIRT, orders, seed }
    stage.say('loading orders')
    await openFeeder({
      admin,
      topic: names.orders,
      partitions: 1,
      source: stage.from === undefined ? generateOrders(profile) : readOrders(stage.from),
      truth,
    }).feed(orders)
  } finally {
    truth.close()
  }
  stage.say('OpA at work')
  await toItsEnd(spawn(stage, workerSpec(stage, 'opa', prefix)), 'OpA to process all orders')
  return readTruth(file)
}

export const sharedTopics = (names: TopicNames): string[] => [names.orders, names.enriched, names.dlq]

export const ownTopics = (names: TopicNames): string[] => [names.output, names.changelog, names.snapshots]
