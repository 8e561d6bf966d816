/**
 * Taking a full snapshot of a live state while processing goes on.
 *
 * Promises: the file appears under its name only when it is whole and on disk, and its manifest beside it
 * after that; a kill at any moment leaves at most files that `removeLeftovers` knows.
 * Does not: publish the manifest (core/recovery/publish.ts), nor prune.
 */
import { existsSync, rmSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { LabError, messageOf } from '../../core/errors.ts'
import { SCHEMA_VERSION } from '../../core/contracts/records.ts'
import type { Manifest, SnapshotEntry } from '../../core/contracts/records.ts'
import { encodeManifest, nextManifest } from '../../core/recovery/manifest.ts'
import type { At, SnapshotStep } from '../../core/recovery/steps.ts'
import type { Copied, CopyOrder } from './copy.ts'
import { renameDurably, requireWritable, writeDurably } from './files.ts'
import { UNFINISHED, snapshotName } from './snapshot-files.ts'

export interface SnapshotOrder {
  /** The live `state.db`. */
  readonly stateFile: string
  /** The task's own snapshot directory. */
  readonly dir: string
  readonly snapshotId: string
  /** Seconds. */
  readonly createdAt: number
  /** Usable earlier snapshots, newest first; `retain` of all are kept in the manifest. */
  readonly known: readonly SnapshotEntry[]
  readonly retain: number
  /** For crash points. */
  readonly at?: At<SnapshotStep>
}

/** A copy that is whole but has not got its name yet. */
export interface UnnamedSnapshot {
  readonly order: SnapshotOrder
  readonly unfinished: string
  readonly entry: SnapshotEntry
}

export async function takeSnapshot(order: SnapshotOrder): Promise<Manifest> {
  return nameSnapshot(await copySnapshot(order))
}

/** First half: copy, fsync, describe, all off the main thread. */
export async function copySnapshot(order: SnapshotOrder): Promise<UnnamedSnapshot> {
  const { dir, snapshotId, createdAt } = order
  requireWritable(dir, 'snapshot directory')
  const name = snapshotName(snapshotId, 'full')
  const unfinished = path.join(dir, `${name}${UNFINISHED}`)
  const copied = await inThread({ source: order.stateFile, target: unfinished }, () =>
    order.at?.('snapshot-copy.mid'),
  ).catch((error: unknown) => {
    rmSync(unfinished, { force: true })
    rmSync(`${unfinished}-journal`, { force: true })
    throw new LabError(
      'STATE_UNUSABLE',
      `snapshot ${snapshotId} of ${order.stateFile} failed: ${messageOf(error)}`,
      {
        hint: 'check free space and permissions of the snapshot directory; processing is not affected',
        cause: error,
      },
    )
  })
  const { lineage, position } = copied
  const entry: SnapshotEntry = {
    snapshotId,
    lastChangelogOffset: position.nextChangelog - 1,
    createdAt,
    partition: lineage.partition,
    kind: 'full',
    base: null,
    path: name,
    bytes: copied.bytes,
    sha256: copied.sha256,
    keys: copied.keys,
    nextInputOffset: position.nextInput,
    stateHash: copied.stateHash,
    changelogMode: lineage.changelogMode,
    schemaVersion: SCHEMA_VERSION,
    clusterId: lineage.clusterId,
    inputTopicId: lineage.inputTopicId,
    changelogTopicId: lineage.changelogTopicId,
  }
  return { order, unfinished, entry }
}

/** Second half: rename, fsync the directory, then the manifest beside it. What it returns may be published. */
export function nameSnapshot({ order, unfinished, entry }: UnnamedSnapshot): Manifest {
  const file = path.join(order.dir, entry.path)
  order.at?.('snapshot-rename.before')
  renameDurably(unfinished, file)
  order.at?.('snapshot-rename.after')
  const manifest = nextManifest(entry, order.known, order.retain)
  writeDurably(`${file}.json`, encodeManifest(manifest))
  return manifest
}

function inThread(order: CopyOrder, mid?: () => void): Promise<Copied> {
  return new Promise((resolve, reject) => {
    // Flags of the process (--input-type, a loader) are not for the thread: some would refuse its entry.
    const thread = new Worker(threadFile(), { workerData: order, execArgv: [] })
    thread.on('message', (message: Copied | 'mid') => (message === 'mid' ? mid?.() : resolve(message)))
    thread.once('error', reject)
    // After a message this changes nothing: the promise is settled.
    thread.once('exit', (code) => reject(new Error(`the snapshot thread ended with code ${code}`)))
  })
}

/** The thread's entry lies beside this file from source and from dist, below it when bundled into worker.js. */
function threadFile(): string {
  const candidates = ['./snapshot-thread.js', './adapters/sqlite/snapshot-thread.js', './snapshot-thread.ts']
  for (const candidate of candidates) {
    const file = fileURLToPath(new URL(candidate, import.meta.url))
    if (existsSync(file)) return file
  }
  throw new LabError('INTERNAL', `snapshot-thread is missing beside ${import.meta.url}`, {
    hint: 'run: make build',
  })
}
