/**
 * Which pipeline `recover` and `snapshot` work on: the prefix that was given, else the OpB cell that the last
 * matrix kept, and where its topics, state, snapshots and broker are.
 *
 * Promises: which one was taken, and why, is a sentence in `chosen`; flags are checked before anything is
 * opened; a live owner is found before a broker is looked for; of two commands on one kept cell the second waits.
 */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { probe, type OwnerInfo } from '../../adapters/files/live-owner.ts'
import { positionOf } from '../../adapters/sqlite/inspect.ts'
import { StateDirectory } from '../../adapters/sqlite/state-directory.ts'
import type { LogPort } from '../../core/ports/log.ts'
import {
  groupName,
  instanceOf,
  prefixDirectory,
  topicNames,
  type TopicNames,
} from '../../core/contracts/names.ts'
import { LabError, messageOf } from '../../core/errors.ts'
import { parseWindowSeconds } from '../../core/scenario/units.ts'
import { refuseKernelFolder } from '../../program/real-folder.ts'
import { withLock } from '../broker/broker-lock.ts'
import { resolveBroker, withBroker, type BrokerOptions, type ResolvedBroker } from '../broker/broker.ts'
import { checkPrefix } from '../workload/topics.ts'

export interface TargetFlags {
  readonly brokers?: string | undefined
  readonly 'state-dir': string
  readonly prefix?: string | undefined
  readonly task?: number[] | undefined
  readonly window?: string | undefined
  readonly 'snapshot-dir'?: string | undefined
  readonly group?: string | undefined
  readonly input?: string | undefined
  readonly 'changelog-topic'?: string | undefined
  readonly 'snapshots-topic'?: string | undefined
}

export interface Target {
  readonly prefix: string
  /** One sentence: which prefix, and why that one. */
  readonly chosen: string
  /** `<state root>/<prefix>`. */
  readonly stateDir: string
  readonly snapshotDir: string
  readonly names: TopicNames
  readonly group: string
  /** Seconds; where no state or snapshot says it. */
  readonly window: number
  /** 'default' is a guess, which is said aloud where it matters. */
  readonly windowFrom: 'flag' | 'kept' | 'default'
  readonly tasks: readonly number[] | undefined
  readonly brokers: string | undefined
  /** Set where a kept cell says which broker: what lives there. */
  readonly keptOn: string | undefined
  /** Data of the broker that the kept cell lives on. */
  readonly brokerData: string | undefined
  /** For broker.ts: where the lab's own brokers are. */
  readonly stateRoot: string
}

/** `<state dir>/kept.json`, written by the matrix. */
interface Kept {
  readonly prefix: string
  readonly stateRoot: string
  readonly brokers?: string
  readonly brokerData?: string
  readonly window: number
  readonly cell: string
  readonly results: string
}

/** Where the first instance keeps the task; and where every further one would (`instance-b/`). */
export function taskHomes({ stateDir }: Pick<Target, 'stateDir'>, task: number): string[] {
  const further = namesIn(stateDir).filter((name) => instanceOf(name) !== undefined)
  return ['', ...further.sort()].map((folder) => path.join(stateDir, folder, `opb-${task}`))
}

/**
 * The task's state: where one instance alone has it, there; where several have, the one that is furthest,
 * since whoever took over went on from what the other had committed.
 */
export function taskDirectory(target: Pick<Target, 'stateDir' | 'snapshotDir'>, task: number): string {
  const [first, ...further] = taskHomes(target, task)
  const snapshots = snapshotDirectory(target, task)
  const positions = [first!, ...further].map((dir) => {
    const file = new StateDirectory(dir, snapshots).currentFile()
    return { dir, next: (file === undefined ? undefined : positionOf(file)?.nextInput) ?? -1 }
  })
  const [best] = positions.toSorted((a, b) => b.next - a.next)
  return best && best.next >= 0 ? best.dir : first!
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir)
  } catch {
    return []
  }
}

export const snapshotDirectory = (target: Pick<Target, 'snapshotDir'>, task: number): string =>
  path.join(target.snapshotDir, `opb-${task}`)

export function findTarget(flags: TargetFlags): Target {
  const window = flags.window === undefined ? undefined : parseWindowSeconds(flags.window)
  const kept = flags.prefix === undefined ? readKept(flags['state-dir']) : undefined
  const prefix = checkPrefix(flags.prefix ?? kept!.prefix)
  const stateDir = path.join(path.resolve(kept?.stateRoot ?? flags['state-dir']), prefixDirectory(prefix))
  const overrides = {
    ...(flags.input === undefined ? {} : { enriched: flags.input }),
    ...(flags['changelog-topic'] === undefined ? {} : { changelog: flags['changelog-topic'] }),
    ...(flags['snapshots-topic'] === undefined ? {} : { snapshots: flags['snapshots-topic'] }),
  }
  return {
    prefix,
    chosen: kept
      ? `prefix ${prefix}: cell ${kept.cell}, kept by the last run (${kept.results})`
      : `prefix ${prefix || '""'}, as given`,
    stateDir,
    snapshotDir:
      flags['snapshot-dir'] === undefined
        ? path.join(stateDir, 'snapshots')
        : refuseKernelFolder(path.resolve(flags['snapshot-dir']), '--snapshot-dir'),
    names: topicNames(prefix, overrides),
    group: flags.group ?? groupName(prefix, 'opb'),
    window: window ?? kept?.window ?? 60,
    windowFrom: window !== undefined ? 'flag' : kept?.window !== undefined ? 'kept' : 'default',
    tasks: flags.task && [...new Set(flags.task)].sort((a, b) => a - b),
    brokers: kept?.brokers ?? flags.brokers,
    keptOn: kept?.brokers === undefined ? undefined : `the kept cell ${kept.cell}`,
    brokerData: kept?.brokers === undefined ? kept?.brokerData : undefined,
    stateRoot: flags['state-dir'],
  }
}

function readKept(stateDir: string): Kept {
  const file = path.join(stateDir, 'kept.json')
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    throw new LabError(
      'USAGE',
      `no prefix was given, and no matrix has kept a cell in ${path.resolve(stateDir)}`,
      {
        hint: 'give --prefix (or EOSLAB_PREFIX), another --state-dir, or run: eoslab crash-matrix --at mid-commit',
      },
    )
  }
  try {
    const kept = JSON.parse(text) as Partial<Kept>
    if (typeof kept.prefix === 'string' && typeof kept.stateRoot === 'string') return kept as Kept
    throw new Error('prefix or stateRoot is missing')
  } catch (error) {
    throw new LabError('USAGE', `${file} cannot be read: ${messageOf(error)}`, {
      hint: 'give --prefix (or EOSLAB_PREFIX), or run the matrix again',
    })
  }
}

/** Lends the broker that the target lives on; a kept cell's own one is started and stopped again. */
export function withTargetBroker<T>(
  target: Target,
  say: (text: string) => void,
  use: (brokers: string) => Promise<T>,
): Promise<T> {
  const options = { brokers: target.brokers, stateDir: target.stateRoot, say }
  const dataDir = target.brokerData
  if (dataDir !== undefined) {
    // One broker at a time on these data: who comes second waits.
    return withLock(dataDir, () =>
      withBroker({ ...options, brokers: undefined, dataDir }, ({ brokers }) => use(brokers)),
    )
  }
  return brokerOf(target, options).then(({ brokers }) => use(brokers))
}

/** A cell kept on the broker of `broker start` is nowhere else: if that one is stopped, it is to be started. */
async function brokerOf(target: Target, options: BrokerOptions): Promise<ResolvedBroker> {
  try {
    return await resolveBroker(options)
  } catch (error) {
    const down = target.keptOn !== undefined && error instanceof LabError && error.code === 'NO_BROKER'
    if (!down) throw error
    const lab = await resolveBroker({ ...options, brokers: undefined }).catch(() => undefined)
    if (lab) return lab
    throw new LabError(
      'NO_BROKER',
      `${target.keptOn} lives on the broker ${target.brokers}, which does not answer`,
      {
        hint: 'if it was the one of eoslab broker start, start it again, it has its data: eoslab broker start',
        cause: error,
      },
    )
  }
}

/** Tasks that have a directory here. */
export function tasksOnDisk(target: Target): number[] {
  const top = namesIn(target.stateDir)
  const inner = top
    .filter((name) => instanceOf(name))
    .flatMap((name) => namesIn(path.join(target.stateDir, name)))
  const tasks = [...top, ...inner].flatMap((name) => /^opb-(\d+)$/.exec(name)?.slice(1).map(Number) ?? [])
  return [...new Set(tasks)].sort((a, b) => a - b)
}

/** The tasks that were asked for, else one per partition of the input. */
export async function tasksOf(target: Target, log: LogPort): Promise<readonly number[]> {
  const { enriched } = target.names
  const [topic] = await log.describe([enriched])
  if (!topic) {
    throw new LabError('MISSING_TOPIC', `topic ${enriched} does not exist`, {
      hint: `is the prefix right, trailing dot included? eoslab topics list --prefix ${target.prefix || '""'}`,
    })
  }
  const bad = target.tasks?.find((task) => task >= topic.partitions)
  if (bad === undefined) return target.tasks ?? Array.from({ length: topic.partitions }, (_, task) => task)
  throw new LabError('USAGE', `there is no task ${bad}: ${enriched} has ${topic.partitions} partitions`, {
    hint: `tasks are 0 to ${topic.partitions - 1}`,
  })
}

/** Whoever answers for the task, in whichever instance's directory. */
export interface LiveOwner {
  readonly dir: string
  readonly owner: OwnerInfo
}

export async function liveOwner(target: Target, task: number): Promise<LiveOwner | undefined> {
  for (const dir of taskHomes(target, task)) {
    const owner = await probe(dir)
    if (owner) return { dir, owner }
  }
  return undefined
}

export async function refuseLiveOwners(target: Target, tasks: readonly number[]): Promise<void> {
  for (const task of tasks) {
    const owner = (await liveOwner(target, task))?.owner
    if (!owner) continue
    throw new LabError(
      'LIVE_OWNER',
      `task ${target.prefix}opb-${task} has a live owner: ${owner.incarnation} (pid ${owner.pid}); nothing was touched`,
      { hint: `stop it first (kill -TERM ${owner.pid}), or rehearse on a copy: eoslab recover --into DIR` },
    )
  }
}
