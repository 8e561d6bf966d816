/**
 * Taking a snapshot of a live state while processing goes on: full, or partial on top of the newest one.
 *
 * Promises: the content is one committed cut, named by its offsets; the file appears under its name only when
 * it is whole and on disk, and its manifest beside it after that; a kill at any moment leaves at most files
 * that `removeLeftovers` knows.
 * Does not: publish the manifest (core/recovery/publish.ts), nor prune.
 */
import { rmSync } from 'node:fs'
import path from 'node:path'
import { LabError, messageOf } from '../../core/errors.ts'
import { SCHEMA_VERSION } from '../../core/contracts/records.ts'
import type { Manifest, SnapshotEntry } from '../../core/contracts/records.ts'
import type { StateStore } from '../../core/ports/store.ts'
import type { ChangedRows } from '../../core/recovery/changed-rows.ts'
import { chainOf, encodeManifest, nextManifest } from '../../core/recovery/manifest.ts'
import { snapshotPosition } from '../../core/recovery/plan.ts'
import { chooseKind, worthTracking } from '../../core/recovery/snapshot-kind.ts'
import type { Chosen, SnapshotKind } from '../../core/recovery/snapshot-kind.ts'
import type { At, SnapshotStep } from '../../core/recovery/steps.ts'
import { startThread } from '../../program/threads.ts'
import type { Written } from './copy.ts'
import { renameDurably, requireWritable, toldRefusal, writeDurably } from './files.ts'
import { writePartial } from './partial-write.ts'
import type { PartialOrder } from './partial-write.ts'
import { SnapshotDirectory, UNFINISHED, snapshotName } from './snapshot-files.ts'
import type { ThreadAnswer, ThreadOrder } from './snapshot-thread.ts'

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
  /** Full if not said. */
  readonly kind?: SnapshotKind
  /** What this process knows of the changes; without it a partial's rows are looked up by changelog offset. */
  readonly live?: {
    readonly store: StateStore
    readonly changed: ChangedRows
    /** The kind that comes next if nobody asks for another: what is kept in memory is kept for that one. */
    readonly usual?: SnapshotKind
  }
  /** Compress the frames of a partial; on if not said. */
  readonly zstd?: boolean
  /** For crash points. */
  readonly at?: At<SnapshotStep>
}

/** A snapshot that is whole but has not got its name yet. */
export interface UnnamedSnapshot {
  readonly order: SnapshotOrder
  readonly unfinished: string
  readonly entry: SnapshotEntry
}

export async function takeSnapshot(order: SnapshotOrder): Promise<Manifest> {
  try {
    return nameSnapshot(await copySnapshot(order))
  } catch (error) {
    // What was changed since the last good snapshot is then found by its changelog offset.
    order.live?.changed.forget()
    throw error
  }
}

/** First half: write, fsync, describe. To be called between two applies: the cut is made then and there. */
export async function copySnapshot(order: SnapshotOrder): Promise<UnnamedSnapshot> {
  const { dir, snapshotId, stateFile } = order
  requireWritable(dir, 'snapshot directory')
  try {
    const chosen = whole(order, chooseKind(order.kind ?? 'full', order.known))
    const partial = chosen.kind === 'partial' ? await partially(order, chosen) : undefined
    return partial ?? (await fully(order))
  } catch (error) {
    // Asked before anything is removed: that would make room. Node's own errors name it already.
    const named = error instanceof Error && 'errno' in error
    const refusal = named ? '' : toldRefusal(unfinishedFile(order, 'full'))
    for (const kind of ['full', 'partial'] as const)
      for (const suffix of ['', '-journal'])
        rmSync(`${unfinishedFile(order, kind)}${suffix}`, { force: true })
    throw new LabError(
      'STATE_UNUSABLE',
      `snapshot ${snapshotId} of ${stateFile} failed: ${messageOf(error)}${refusal}`,
      {
        hint: 'check free space and permissions of the snapshot directory; processing is not affected',
        cause: error,
      },
    )
  }
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

const unfinishedFile = (order: SnapshotOrder, kind: SnapshotEntry['kind']): string =>
  path.join(order.dir, `${snapshotName(order.snapshotId, kind)}${UNFINISHED}`)

/** Nothing is built on a chain whose files are not there in their size. */
function whole(order: SnapshotOrder, chosen: Chosen): Chosen {
  if (chosen.kind === 'full') return chosen
  const shelf = new SnapshotDirectory(order.dir)
  const chain = chainOf(chosen.base, order.known) ?? []
  return chain.every((entry) => shelf.has(entry)) ? chosen : { kind: 'full' }
}

const usualKind = (order: SnapshotOrder): SnapshotKind => order.live?.usual ?? order.kind ?? 'full'

/** Undefined if a partial would not pay, or if nobody knows what has changed. */
async function partially(
  order: SnapshotOrder,
  { base, maxRows }: Extract<Chosen, { kind: 'partial' }>,
): Promise<UnnamedSnapshot | undefined> {
  const { live, snapshotId } = order
  const to: PartialOrder = {
    target: unfinishedFile(order, 'partial'),
    snapshotId,
    base: { ...base, position: snapshotPosition(base) },
    zstd: order.zstd ?? true,
  }
  const mid = (): void => order.at?.('snapshot-copy.mid')
  const state = live?.changed.state ?? 'unknown'
  if (live && state === 'complete' && live.changed.size <= maxRows) {
    const { store, changed } = live
    const { lineage } = store
    const content = { ...changed.cut(base.nextInputOffset), lineage, position: store.position() }
    return described(order, 'partial', await writePartial(to, content, mid), base)
  }
  // With the changelog off rows carry no offset to be found by.
  if (base.changelogMode === 'off') return undefined
  if (state === 'too many' && order.kind !== 'partial') return undefined
  if (usualKind(order) !== 'full') live?.changed.restart(worthTracking(usualKind(order), base.keys))
  const scanned = await inThread({ do: 'scan', ...to, source: order.stateFile, maxRows }, mid)
  return scanned && described(order, 'partial', scanned, base)
}

async function fully(order: SnapshotOrder): Promise<UnnamedSnapshot> {
  const kind = usualKind(order)
  const changed = kind === 'full' ? undefined : order.live?.changed
  changed?.restart(Number.POSITIVE_INFINITY)
  const copy: ThreadOrder = { do: 'copy', source: order.stateFile, target: unfinishedFile(order, 'full') }
  const written = await inThread(copy, () => order.at?.('snapshot-copy.mid'))
  if (!written) throw new LabError('INTERNAL', 'the snapshot thread answered a copy with nothing')
  changed?.limit(worthTracking(kind, written.keys))
  return described(order, 'full', written)
}

function described(
  order: SnapshotOrder,
  kind: SnapshotEntry['kind'],
  written: Written,
  base?: SnapshotEntry,
): UnnamedSnapshot {
  const { lineage, position } = written
  const entry: SnapshotEntry = {
    snapshotId: order.snapshotId,
    lastChangelogOffset: position.nextChangelog - 1,
    createdAt: order.createdAt,
    partition: lineage.partition,
    kind,
    base: base?.snapshotId ?? null,
    path: snapshotName(order.snapshotId, kind),
    bytes: written.bytes,
    sha256: written.sha256,
    keys: written.keys,
    nextInputOffset: position.nextInput,
    stateHash: written.stateHash,
    changelogMode: lineage.changelogMode,
    schemaVersion: SCHEMA_VERSION,
    clusterId: lineage.clusterId,
    inputTopicId: lineage.inputTopicId,
    changelogTopicId: lineage.changelogTopicId,
  }
  return { order, unfinished: unfinishedFile(order, kind), entry }
}

function inThread(order: ThreadOrder, mid: () => void): Promise<Written | undefined> {
  return new Promise((resolve, reject) => {
    // Beside this file from source and from dist, below it when bundled into worker.js.
    const candidates = [
      './snapshot-thread.js',
      './adapters/sqlite/snapshot-thread.js',
      './snapshot-thread.ts',
    ]
    const thread = startThread('snapshot-thread', order, { candidates, base: import.meta.url })
    thread.on('message', (answer: ThreadAnswer) => {
      if (answer === 'mid') mid()
      else resolve(answer === 'too many' ? undefined : answer)
    })
    thread.once('error', reject)
    // After an answer this changes nothing: the promise is settled.
    thread.once('exit', (code) => reject(new Error(`the snapshot thread ended with code ${code}`)))
  })
}
