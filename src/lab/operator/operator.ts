/**
 * `eoslab opa` and `eoslab opb`: one worker, run and watched by this process until it is done.
 *
 * Promises: what the flags say is checked before any broker is looked for; Ctrl-C finishes or aborts the
 * transaction in hand and leaves within 2 s, a second one at once; a SIGKILL of this process ends the worker
 * by SIGKILL too. With `--crash-at` the worker is killed there, by its own hand or on the wire, and not
 * restarted: run the command again and watch it recover.
 */
import path from 'node:path'
import { hostClock } from '../../adapters/host/clock.ts'
import { connectLog } from '../../adapters/kafka/log.ts'
import { processWorkers } from '../../adapters/process/workers.ts'
import { startWireProxy } from '../../adapters/proxy/wire-proxy.ts'
import { createProgress } from '../../adapters/terminal/progress.ts'
import {
  groupName,
  prefixDirectory,
  topicNames,
  type Operator,
  type TopicNames,
} from '../../core/contracts/names.ts'
import type { ChangelogMode } from '../../core/contracts/records.ts'
import { resolvePoints } from '../../core/crash/points.ts'
import { EXIT, LabError } from '../../core/errors.ts'
import type { Isolation } from '../../core/ports/log.ts'
import type { WireProxy } from '../../core/ports/proxy.ts'
import type { CrashOrder, Guarantee, WorkerSpec } from '../../core/ports/workers.ts'
import type { SnapshotKind } from '../../core/recovery/snapshot-kind.ts'
import { number } from '../../core/report/numbers.ts'
import {
  parseCadence,
  parseCount,
  parseDurationMs,
  parsePort,
  parseWindowSeconds,
} from '../../core/scenario/units.ts'
import { refuseKernelFolder } from '../../program/real-folder.ts'
import { resolveBroker } from '../broker/broker.ts'
import { CrewMember } from '../cell/crew.ts'
import { onInterrupt } from '../interrupt.ts'
import { RETAIN, TRANSACTION_TIMEOUT_MS } from '../matrix/spec.ts'
import { checkPrefix } from '../workload/topics.ts'

export interface OperatorFlags {
  readonly operator: Operator
  readonly prefix: string
  readonly brokers?: string | undefined
  readonly stateDir: string
  readonly quiet: boolean
  readonly guarantee: string
  readonly batch: string
  readonly commitInterval: string
  readonly isolation: string
  readonly untilCaughtUp: boolean
  readonly crashAt?: string | undefined
  readonly tasks?: string | undefined
  readonly metricsPort?: string | undefined
  readonly instance: string
  readonly topics: Partial<TopicNames>
  readonly group?: string | undefined
  readonly window: string
  readonly changelog: string
  readonly snapshotEvery?: string | undefined
  readonly snapshotKind?: string | undefined
  readonly snapshotZstd?: boolean | undefined
  readonly snapshotDir?: string | undefined
  readonly verifyState?: boolean | undefined
  readonly stateless: boolean
}

export interface OperatorResult {
  readonly operator: Operator
  readonly prefix: string
  readonly tasks: readonly number[]
  readonly records: number
  readonly next: Readonly<Record<string, number | null>>
  readonly ended: string
  readonly exit: number
}

interface CommonFlags {
  readonly prefix: string
  readonly brokers?: string | undefined
  readonly 'state-dir': string
  readonly batch: string
  readonly 'commit-interval': string
  readonly isolation: string
  readonly group?: string | undefined
  readonly tasks?: string | undefined
  readonly 'metrics-port'?: string | undefined
  readonly instance: string
  readonly 'until-caught-up': boolean
  readonly 'crash-at'?: string | undefined
}

/** The shared flags under their names in code. */
export const commonOf = (flags: CommonFlags) => ({
  prefix: flags.prefix,
  brokers: flags.brokers,
  stateDir: flags['state-dir'],
  batch: flags.batch,
  commitInterval: flags['commit-interval'],
  isolation: flags.isolation,
  group: flags.group,
  tasks: flags.tasks,
  metricsPort: flags['metrics-port'],
  instance: flags.instance,
  untilCaughtUp: flags['until-caught-up'],
  crashAt: flags['crash-at'],
})

/** Overrides that were given. */
export const namedTopics = (topics: { [K in keyof TopicNames]?: string | undefined }): Partial<TopicNames> =>
  Object.fromEntries(Object.entries(topics).filter(([, name]) => name !== undefined))

interface Plan {
  readonly names: TopicNames
  readonly crash: { point: string; hit: number } | undefined
  readonly tasks: readonly number[] | undefined
  readonly spec: Omit<WorkerSpec, 'brokers' | 'tasks' | 'proxy' | 'crashAt'>
}

const CHANGELOG: Readonly<Record<string, ChangelogMode>> = {
  on: 'after-image',
  off: 'off',
  delta: 'delta-only',
}

function readInstance(text: string): string {
  if (/^[a-z]$/.test(text)) return text
  throw new LabError('USAGE', `--instance ${JSON.stringify(text)} is no instance`, {
    hint: 'give one letter from a to z',
  })
}

function readTasks(text: string): number[] {
  const tasks = text.split(',').map((part) => parseCount(part.trim(), '--tasks', { min: 0, max: 9999 }))
  return [...new Set(tasks)].sort((a, b) => a - b)
}

function readCrash(flags: OperatorFlags): Plan['crash'] {
  if (flags.crashAt === undefined) return undefined
  const orders = resolvePoints([flags.crashAt])
  const own = orders.filter(({ point }) => point.operator === flags.operator && point.made !== 'supervisor')
  if (own.length !== 1) {
    throw new LabError(
      'USAGE',
      `--crash-at ${flags.crashAt}: not one point of ${flags.operator} that it can reach by itself`,
      {
        hint: 'eoslab crash-matrix --list shows the points; random kills need crash-matrix',
      },
    )
  }
  return { point: own[0]!.point.name, hit: own[0]!.hit ?? 1 }
}

/** Everything that can be known without a broker; rejects with USAGE or UNKNOWN_POINT. */
export function planOperator(flags: OperatorFlags): Plan {
  const prefix = checkPrefix(flags.prefix)
  const names = topicNames(prefix, flags.topics)
  const stateDir = path.join(flags.stateDir, prefixDirectory(prefix))
  const metricsPort = parsePort(flags.metricsPort)
  return {
    names,
    crash: readCrash(flags),
    tasks: flags.tasks === undefined ? undefined : readTasks(flags.tasks),
    spec: {
      operator: flags.operator,
      pipeline: flags.stateless ? 'reference-stateless' : 'reference',
      prefix,
      names,
      group: flags.group ?? groupName(prefix, flags.operator),
      instance: readInstance(flags.instance),
      stateDir,
      snapshotDir: flags.snapshotDir
        ? refuseKernelFolder(path.resolve(flags.snapshotDir), '--snapshot-dir')
        : path.join(stateDir, 'snapshots'),
      guarantee: flags.guarantee as Guarantee,
      isolation: flags.isolation as Isolation,
      client: 'kafkajs',
      batch: parseCount(flags.batch, '--batch', { min: 1, max: 100_000 }),
      commitIntervalMs: parseDurationMs(flags.commitInterval, '--commit-interval'),
      untilCaughtUp: flags.untilCaughtUp,
      window: parseWindowSeconds(flags.window),
      changelog: CHANGELOG[flags.changelog]!,
      snapshotEvery: flags.snapshotEvery === undefined ? null : parseCadence(flags.snapshotEvery),
      retain: RETAIN,
      snapshotKind: (flags.snapshotKind ?? 'auto') as SnapshotKind,
      snapshotZstd: flags.snapshotZstd ?? true,
      transactionTimeoutMs: TRANSACTION_TIMEOUT_MS,
      ...(flags.verifyState ? { verifyState: true } : {}),
      ...(metricsPort === undefined ? {} : { metricsPort }),
    },
  }
}

/** The tasks asked for, or all partitions of the input; every topic that is needed must be there. */
async function tasksOn(brokers: string, plan: Plan): Promise<number[]> {
  const { names, spec } = plan
  const input = spec.operator === 'opa' ? names.orders : names.enriched
  const outputs = spec.operator === 'opa' ? [names.enriched, names.dlq] : [names.output]
  const needed = [
    input,
    ...outputs,
    ...(spec.operator === 'opb' && spec.pipeline === 'reference' ? [names.changelog, names.snapshots] : []),
  ]
  const log = await connectLog({ brokers, clientId: 'eoslab' })
  try {
    const there = await log.describe(needed)
    const missing = needed.filter((topic) => !there.some((t) => t.topic === topic))
    if (missing.length > 0) {
      throw new LabError('MISSING_TOPIC', `missing at ${brokers}: ${missing.join(', ')}`, {
        hint: `create them: eoslab topics create --prefix '${spec.prefix}' (gen does so too)`,
      })
    }
    const { partitions } = there.find((t) => t.topic === input)!
    const wrong = plan.tasks?.find((task) => task >= partitions)
    if (wrong !== undefined) {
      throw new LabError(
        'USAGE',
        `--tasks ${wrong}: ${input} has ${partitions} partition(s), numbered from 0`,
      )
    }
    return [...(plan.tasks ?? Array.from({ length: partitions }, (_, i) => i))]
  } finally {
    await log.close()
  }
}

export async function runOperator(flags: OperatorFlags): Promise<OperatorResult> {
  const plan = planOperator(flags)
  const progress = createProgress({ stream: process.stderr, env: process.env, quiet: flags.quiet })
  const say = (text: string): void => progress.say(text)
  const { brokers } = await resolveBroker({ brokers: flags.brokers, stateDir: flags.stateDir, say })
  const tasks = await tasksOn(brokers, plan)
  const order: CrashOrder | null = plan.crash ? { ...plan.crash, task: tasks[0]! } : null
  const proxy = order ? await startWireProxy({ monotonicMs: () => hostClock.monotonicMs() }) : undefined
  const spec: WorkerSpec = { ...plan.spec, brokers, tasks, proxy: proxy?.address ?? null, crashAt: order }
  const member = start(spec, { proxy, onLine: (line) => progress.say(line) })
  if (order) member.expectEnd()
  let asked = false
  const forget = onInterrupt(async () => {
    asked = true
    await member.stop()
    return EXIT.valid
  })
  progress.cell(`${flags.operator} ${plan.spec.prefix}`, 1)
  const ticking = setInterval(() => progress.update(statusOf(member)), 250)
  try {
    const exit = await member.handle.exited
    return outcome(member, { exit, asked, order })
  } finally {
    clearInterval(ticking)
    forget()
    progress.close()
    await proxy?.close()
  }
}

function start(
  spec: WorkerSpec,
  { proxy, onLine }: { proxy: WireProxy | undefined; onLine: (line: string) => void },
): CrewMember {
  const member: CrewMember = new CrewMember(processWorkers(hostClock), spec, {
    onLine,
    onArm: ({ transactionalId, moment }) => {
      proxy?.arm({ transactionalId, moment, fire: () => member.handle.kill('SIGKILL') })
      member.handle.send({ type: 'armed' })
    },
  })
  return member
}

function statusOf(member: CrewMember): string {
  const tasks = [...member.tasks.values()]
  const records = tasks.reduce((sum, task) => sum + task.records, 0)
  const idle = tasks.every((task) => task.zeroAt !== undefined)
  const recovered = tasks.every((task) => task.recovered)
  return `${number(records)} records committed, ${recovered ? (idle ? 'lag zero' : 'processing') : 'recovering'}`
}

interface End {
  readonly exit: { code: number | null; signal: string | null }
  readonly asked: boolean
  readonly order: CrashOrder | null
}

function outcome(member: CrewMember, { exit, asked, order }: End): OperatorResult {
  const tasks = [...member.tasks]
  const killed = exit.signal === 'SIGKILL' && order !== null
  if (order && !killed && !asked) {
    const failure = member.failure()
    if (failure) throw failure
    throw new LabError(
      'CRASH_NOT_REACHED',
      `${order.point} was not hit ${order.hit} time(s) before the end`,
      {
        hint: 'give it more input (eoslab gen), a smaller --batch, or a smaller hit',
      },
    )
  }
  if (!killed && exit.code !== 0) {
    throw (
      member.failure() ??
      new LabError('WORKER_DIED', `the worker ended with ${exit.signal ?? `exit code ${exit.code}`}`)
    )
  }
  return {
    operator: member.spec.operator,
    prefix: member.spec.prefix,
    tasks: tasks.map(([task]) => task),
    records: tasks.reduce((sum, [, status]) => sum + status.records, 0),
    next: Object.fromEntries(tasks.map(([task, status]) => [task, status.next ?? null])),
    ended: killed ? `killed at ${order.point} hit ${order.hit}` : asked ? 'stopped' : 'caught up',
    exit: EXIT.valid,
  }
}

export const operatorText = (result: OperatorResult): string =>
  `${result.operator} ${result.prefix}: ${result.ended}; ${number(result.records)} record${result.records === 1 ? '' : 's'} known to be committed in this life` +
  (result.ended.includes('commit.mid') ? '; of the transaction in hand only the log knows' : '')
