/**
 * `eoslab snapshot take` and `snapshot list`.
 *
 * Promises: a live owner is asked through its socket and takes the snapshot itself; without one the task is
 * fenced and recovered first, because a snapshot of state behind its changelog would be of yesterday, and
 * only the fenced producer may publish. The listing changes nothing.
 */
import { statSync } from 'node:fs'
import { requestSnapshot } from '../../adapters/files/live-owner.ts'
import { hostClock } from '../../adapters/host/clock.ts'
import { connectLog } from '../../adapters/kafka/log.ts'
import { SnapshotDirectory, snapshotFile } from '../../adapters/sqlite/snapshot-files.ts'
import { takeSnapshot } from '../../adapters/sqlite/snapshots.ts'
import type { Manifest, SnapshotEntry } from '../../core/contracts/records.ts'
import { LabError, messageOf } from '../../core/errors.ts'
import { loadManifests } from '../../core/recovery/load.ts'
import { distinct, entriesOf } from '../../core/recovery/manifest.ts'
import { snapshotTaken } from '../../core/primitives/snapshot-keeper.ts'
import type { SnapshotReport } from '../../core/primitives/snapshot-keeper.ts'
import type { SnapshotKind } from '../../core/recovery/snapshot-kind.ts'
import { publishManifest } from '../../core/recovery/publish.ts'
import { resolveBroker } from '../broker/broker.ts'
import { number } from '../../core/report/numbers.ts'
import { drawTable } from '../draw.ts'
import { withOwnTask } from './own-task.ts'
import type { OwnedTask } from './own-task.ts'
import { RETAIN } from '../matrix/spec.ts'
import {
  findTarget,
  liveOwner,
  snapshotDirectory,
  tasksOf,
  tasksOnDisk,
  withTargetBroker,
} from './task-target.ts'
import type { LiveOwner, Target, TargetFlags } from './task-target.ts'

/** A live owner may be in the middle of a big transaction and of a big copy. */
const REQUEST_MS = 60_000

export interface TakenSnapshot {
  readonly partition: number
  readonly snapshot_id: string
  /** A partial one without anything to build on is full. */
  readonly kind: SnapshotEntry['kind']
  readonly bytes: number
  /** Copy, hash and rename; the commit of the manifest is not in it. */
  readonly snapshot_time_ms: number
  /** Incarnation that took it. */
  readonly by: string
}

export interface TakeResult {
  readonly prefix: string
  readonly chosen: string
  readonly snapshots: readonly TakenSnapshot[]
}

/** Without a `kind` a live owner goes by its own, and every other task by `auto`. */
export async function takeSnapshots(
  flags: TargetFlags,
  say: (text: string) => void,
  kind?: SnapshotKind,
): Promise<TakeResult> {
  const target = findTarget(flags)
  say(target.chosen)
  const onDisk = target.tasks ?? tasksOnDisk(target)
  const taken = new Map<number, TakenSnapshot>()
  for (const task of onDisk) {
    const live = await liveOwner(target, task)
    if (live) taken.set(task, await askOwner(live, { task, kind }))
  }
  const missing = (tasks: readonly number[]): number[] => tasks.filter((task) => !taken.has(task))
  if (onDisk.length === 0 || missing(onDisk).length > 0) {
    await withTargetBroker(target, say, async (brokers) => {
      const log = await connectLog({ brokers, clientId: 'eoslab-snapshot' })
      try {
        const known = await tasksOf(target, log)
        for (const task of missing(onDisk.length > 0 ? onDisk : known)) {
          const context = { target, log, task, say: (line: object) => say(JSON.stringify(line)) }
          taken.set(
            task,
            await withOwnTask(context, { manifest: 'latest', local: 'keep' }, (owned) =>
              takeOwn(target, owned, { task, kind: kind ?? 'auto' }),
            ),
          )
        }
      } finally {
        await log.close()
      }
    })
  }
  const snapshots = [...taken.values()].sort((a, b) => a.partition - b.partition)
  return { prefix: target.prefix, chosen: target.chosen, snapshots }
}

async function askOwner(
  { dir, owner }: LiveOwner,
  { task, kind }: { task: number; kind: SnapshotKind | undefined },
): Promise<TakenSnapshot> {
  const report = (await requestSnapshot(dir, REQUEST_MS, kind)) as SnapshotReport
  return {
    partition: task,
    snapshot_id: report.snapshotId,
    kind: report.kind,
    bytes: report.bytes,
    snapshot_time_ms: report.ms,
    by: owner.incarnation,
  }
}

async function takeOwn(
  target: Target,
  owned: OwnedTask,
  { task, kind }: { task: number; kind: SnapshotKind },
): Promise<TakenSnapshot> {
  const { recovered, home, shelf, producer, journal } = owned
  const started = hostClock.monotonicMs()
  const wall = hostClock.wallMs()
  const snapshotId = `${new Date(wall).toISOString()}-p${task}-e${recovered.identity?.epoch ?? 0}-n1`
  journal.append({ f: 'snapshot', type: 'invoke', task, snapshotId })
  const manifest = await takeSnapshot({
    stateFile: home.currentFile()!,
    dir: shelf.where,
    snapshotId,
    createdAt: Math.floor(wall / 1000),
    known: recovered.known,
    retain: RETAIN,
    kind,
  })
  const ms = hostClock.monotonicMs() - started
  journal.append(snapshotTaken(task, manifest, ms))
  const { incarnation } = journal
  await publishManifest(producer, journal, {
    topic: target.names.snapshots,
    partition: task,
    manifest,
    txn: { transactionalId: producer.transactionalId, incarnation, n: 1 },
  })
  const removed = shelf.prune(entriesOf(manifest))
  if (removed.length > 0) journal.append({ f: 'prune', type: 'ok', task, removed })
  return {
    partition: task,
    snapshot_id: snapshotId,
    kind: manifest.kind,
    bytes: manifest.bytes,
    snapshot_time_ms: ms,
    by: incarnation,
  }
}

export interface ListedSnapshot extends SnapshotEntry {
  readonly newest: boolean
  /** Where it is known from: the manifest in the log, or only the JSON beside the file. */
  readonly known_from: 'manifest' | 'file'
  readonly file: 'there' | 'missing' | 'wrong size'
}

export interface ListResult {
  readonly prefix: string
  readonly chosen: string
  readonly snapshots: readonly ListedSnapshot[]
}

export async function listSnapshots(flags: TargetFlags, say: (text: string) => void): Promise<ListResult> {
  const target = findTarget(flags)
  say(target.chosen)
  const manifests = await manifestsInLog(target, say)
  const tasks = [...new Set([...(target.tasks ?? tasksOnDisk(target)), ...manifests.keys()])].sort(
    (a, b) => a - b,
  )
  const snapshots = tasks.flatMap((task) => listTask(target, task, manifests.get(task)))
  if (snapshots.length === 0) {
    throw new LabError(
      'NOTHING_TO_SHOW',
      `no snapshot of ${target.prefix}opb is known, neither in the log nor in ${target.snapshotDir}`,
      {
        hint: 'take one: eoslab snapshot take, or let OpB do it: eoslab opb --snapshot-every 10s',
      },
    )
  }
  return { prefix: target.prefix, chosen: target.chosen, snapshots }
}

function listTask(target: Target, task: number, manifest: Manifest | undefined): ListedSnapshot[] {
  const dir = snapshotDirectory(target, task)
  const inLog = manifest ? entriesOf(manifest) : []
  const beside = new SnapshotDirectory(dir).list().sort((a, b) => b.nextInputOffset - a.nextInputOffset)
  return distinct([...inLog, ...beside]).map((entry, i) => ({
    ...entry,
    newest: i === 0,
    known_from: inLog.includes(entry) ? 'manifest' : 'file',
    file: fileState(snapshotFile(dir, entry), entry),
  }))
}

function fileState(file: string, entry: SnapshotEntry): ListedSnapshot['file'] {
  const size = statSync(file, { throwIfNoEntry: false })?.size
  if (size === undefined) return 'missing'
  return size === entry.bytes ? 'there' : 'wrong size'
}

/** The newest manifest per task, if a broker is at hand: a listing starts none. */
async function manifestsInLog(target: Target, say: (text: string) => void): Promise<Map<number, Manifest>> {
  const found = new Map<number, Manifest>()
  try {
    const { brokers } = await resolveBroker({ brokers: target.brokers, stateDir: target.stateRoot })
    const log = await connectLog({ brokers, clientId: 'eoslab-snapshot' })
    try {
      for (const task of await tasksOf(target, log)) {
        const shelf = new SnapshotDirectory(snapshotDirectory(target, task))
        const tell = (line: object): void => say(JSON.stringify(line))
        const deps = { log, shelf, clock: hostClock, say: tell }
        const { manifest } = await loadManifests(deps, { partition: task, topics: target.names })
        if (manifest) found.set(task, manifest)
      }
    } finally {
      await log.close()
    }
  } catch (error) {
    const known = error instanceof LabError && ['NO_BROKER', 'MISSING_TOPIC'].includes(error.code)
    // A broker that somebody named has to answer; without one the files speak for themselves.
    if (!known || (target.brokers !== undefined && error.code === 'NO_BROKER')) throw error
    say(`only the files are listed, not the manifests in the log: ${messageOf(error)}`)
  }
  return found
}

export const takeTable = (result: TakeResult): Promise<string> =>
  drawTable({
    columns: ['task', 'snapshot', 'kind', 'bytes', 'snapshot_time_ms', 'by'].map((title, i) => ({
      title,
      align: i === 3 || i === 4 ? ('right' as const) : ('left' as const),
    })),
    rows: result.snapshots.map((s) => [
      `${result.prefix}opb-${s.partition}`,
      s.snapshot_id,
      s.kind,
      number(s.bytes),
      s.snapshot_time_ms.toFixed(1),
      s.by,
    ]),
  })

export const listTable = (result: ListResult): Promise<string> =>
  drawTable({
    columns: ['task', 'snapshot', 'kind', 'keys', 'bytes', 'changelog', 'input', 'known from', 'file'].map(
      (title, i) => ({
        title,
        align: i >= 3 && i <= 6 ? ('right' as const) : ('left' as const),
      }),
    ),
    rows: result.snapshots.map((s) => [
      `${result.prefix}opb-${s.partition}`,
      s.newest ? `${s.snapshotId} (newest)` : s.snapshotId,
      s.kind,
      number(s.keys),
      number(s.bytes),
      number(s.lastChangelogOffset + 1),
      number(s.nextInputOffset),
      s.known_from,
      s.file,
    ]),
  })
