/**
 * `eoslab recover`: recovers tasks of OpB without running them, and says what each phase took.
 *
 * Promises: a task with a live owner is not touched; `--into` fences and publishes nothing and leaves the
 * task's own directory as it is; the manifest that was asked for is restored even where newer state exists.
 */
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { connectLog } from '../../adapters/kafka/log.ts'
import { SnapshotDirectory } from '../../adapters/sqlite/snapshot-files.ts'
import { StateDirectory } from '../../adapters/sqlite/state-directory.ts'
import { LabError } from '../../core/errors.ts'
import { recoverTask } from '../../core/recovery/recover.ts'
import type { Recovered, RecoveryPhases } from '../../core/recovery/recover.ts'
import { refuseKernelFolder } from '../../program/real-folder.ts'
import { depsOf, optionsOf, withOwnTask } from './own-task.ts'
import type { Asked, TaskContext } from './own-task.ts'
import { NOTHING, number } from '../../core/report/numbers.ts'
import { drawTable } from '../draw.ts'
import {
  findTarget,
  refuseLiveOwners,
  snapshotDirectory,
  taskDirectory,
  tasksOf,
  tasksOnDisk,
  withTargetBroker,
} from './task-target.ts'
import type { Target, TargetFlags } from './task-target.ts'

export interface RecoverCommand {
  readonly flags: TargetFlags
  /** 'latest', 'none' or a snapshotId. */
  readonly manifest: string
  readonly into?: string | undefined
  readonly replayFrom: 'state' | 'manifest'
  /** Check every row of a local state, however many there are. */
  readonly verify?: boolean
  readonly say: (text: string) => void
}

export interface RecoveredTask {
  readonly partition: number
  readonly epoch: number | null
  /** The snapshot that was restored; null if none was. */
  readonly snapshot_id: string | null
  readonly restore_source: 'local' | 'snapshot' | 'none'
  readonly restored_keys: number
  readonly snapshot_bytes: number
  readonly replay_from: number
  readonly replay_to: number
  readonly applied: number
  readonly skipped: number
  readonly replay_bytes: number
  readonly replay_rate: number | null
  readonly resume_offset: number
  readonly keys: number
  readonly state_hash: string
  readonly state: string
  readonly phases: RecoveryPhases
  readonly total_ms: number
}

/** What `recover --json` prints. */
export interface RecoverResult {
  readonly prefix: string
  readonly chosen: string
  readonly brokers: string
  readonly rehearsal: boolean
  readonly restored_keys: number
  readonly applied: number
  readonly skipped: number
  readonly tasks: readonly RecoveredTask[]
}

export async function recover(command: RecoverCommand): Promise<RecoverResult> {
  const { manifest, replayFrom, say } = command
  if (replayFrom === 'manifest' && manifest === 'none') {
    throw new LabError(
      'USAGE',
      '--replay-from manifest needs a manifest, and --manifest none says there is none',
      {
        hint: 'leave --manifest away, or name a snapshot: eoslab snapshot list',
      },
    )
  }
  const target = findTarget(command.flags)
  const into = command.into === undefined ? undefined : checkInto(target, path.resolve(command.into))
  say(target.chosen)
  if (into === undefined) await refuseLiveOwners(target, target.tasks ?? tasksOnDisk(target))
  const asked: Asked = { manifest, local: 'replace', replayFrom }
  return withTargetBroker(target, say, async (brokers) => {
    const log = await connectLog({ brokers, clientId: 'eoslab-recover' })
    try {
      const tasks: RecoveredTask[] = []
      for (const task of await tasksOf(target, log)) {
        const tell = (line: object): void => say(JSON.stringify(line))
        const context: TaskContext = { target, log, task, say: tell, verify: command.verify === true }
        tasks.push(into === undefined ? await inPlace(context, asked) : await rehearse(context, asked, into))
      }
      const sum = (field: 'restored_keys' | 'applied' | 'skipped'): number =>
        tasks.reduce((n, task) => n + task[field], 0)
      return {
        prefix: target.prefix,
        chosen: target.chosen,
        brokers,
        rehearsal: into !== undefined,
        restored_keys: sum('restored_keys'),
        applied: sum('applied'),
        skipped: sum('skipped'),
        tasks,
      }
    } finally {
      await log.close()
    }
  })
}

function checkInto(target: Target, into: string): string {
  refuseKernelFolder(into, '--into')
  const inside = into === target.stateDir || (existsSync(into) && readdirSync(into).length > 0)
  if (!inside) return into
  throw new LabError('USAGE', `--into ${into} is not empty`, {
    hint: 'name a directory that is new or empty',
  })
}

const inPlace = (context: TaskContext, asked: Asked): Promise<RecoveredTask> =>
  withOwnTask(context, asked, async ({ recovered, home }) => told(context, recovered, home))

/** On a copy of its own: nobody is fenced, nothing is journalled, nothing published. */
async function rehearse(context: TaskContext, asked: Asked, into: string): Promise<RecoveredTask> {
  const { target, task } = context
  const { verify = false } = context
  const home = new StateDirectory(path.join(into, `opb-${task}`), snapshotDirectory(target, task), { verify })
  if (asked.replayFrom === 'manifest') await adoptLocal(target, task, home)
  const shelf = new SnapshotDirectory(snapshotDirectory(target, task))
  const journal = { append: () => undefined }
  const deps = depsOf(context, { home, shelf, journal, producer: undefined })
  const recovered = await recoverTask(deps, optionsOf(context, 'rehearsal', asked))
  try {
    return told(context, recovered, home)
  } finally {
    recovered.store.close()
  }
}

/** The overlap is replayed onto the newer state, so the copy begins with that one. */
async function adoptLocal(target: Target, task: number, home: StateDirectory): Promise<void> {
  const { copyState } = await import('../../adapters/sqlite/copy.ts')
  const source = new StateDirectory(
    taskDirectory(target, task),
    snapshotDirectory(target, task),
  ).currentFile()
  if (source === undefined || !existsSync(source)) return
  home.adopt((copy) => copyState({ source, target: copy }))
}

function told({ task }: TaskContext, recovered: Recovered, home: StateDirectory): RecoveredTask {
  const { store, restored, replayed, phases } = recovered
  const total = Object.values(phases).reduce((sum: number, ms: number) => sum + ms, 0)
  return {
    partition: task,
    epoch: recovered.identity?.epoch ?? null,
    snapshot_id: restored.snapshotId,
    restore_source: restored.source,
    restored_keys: restored.keys,
    snapshot_bytes: restored.bytes,
    replay_from: replayed.from,
    replay_to: replayed.to,
    applied: replayed.applied,
    skipped: replayed.skipped,
    replay_bytes: replayed.bytes,
    replay_rate: replayed.rate,
    resume_offset: recovered.resumeAt,
    keys: store.keyCount(),
    state_hash: store.stateHash(),
    state: home.currentFile() ?? home.where,
    phases,
    total_ms: Math.round(total * 1000) / 1000,
  }
}

const ms = (n: number): string => n.toFixed(1)

/** The phases as a table, one column per task. */
export async function recoverTable(result: RecoverResult): Promise<string> {
  const { tasks } = result
  const rows: [string, (task: RecoveredTask) => string][] = [
    ['fence_ms', (t) => ms(t.phases.fence_ms)],
    ['manifest_ms', (t) => ms(t.phases.manifest_ms)],
    ['restore_ms', (t) => ms(t.phases.restore_ms)],
    ['replay_ms', (t) => ms(t.phases.replay_ms)],
    ['resume_ms', (t) => ms(t.phases.resume_ms)],
    ['total_ms', (t) => ms(t.total_ms)],
    ['restore_source', (t) => t.restore_source],
    ['snapshot', (t) => t.snapshot_id ?? NOTHING],
    ['restored_keys', (t) => number(t.restored_keys)],
    ['applied', (t) => number(t.applied)],
    ['skipped', (t) => number(t.skipped)],
    ['replay_bytes', (t) => number(t.replay_bytes)],
    ['replay_rate', (t) => (t.replay_rate === null ? NOTHING : `${number(t.replay_rate)}/s`)],
    ['keys', (t) => number(t.keys)],
    ['resume_offset', (t) => number(t.resume_offset)],
  ]
  const columns = [
    { title: '', align: 'left' as const },
    ...tasks.map((task) => ({ title: `${result.prefix}opb-${task.partition}`, align: 'right' as const })),
  ]
  return drawTable({ columns, rows: rows.map(([name, cell]) => [name, ...tasks.map(cell)]) })
}
