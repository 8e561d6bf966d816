/**
 * Taking a snapshot in the simulation: the steps of the SQLite adapter, full and partial, with the scheduler
 * between them.
 *
 * Promises: the decisions (what kind, which rows, what the manifest keeps) are those of core/recovery; the
 * content is one committed cut, read while processing goes on; the file gets its name only when it is whole,
 * and its manifest lies beside it after that.
 */
import type { Manifest, SnapshotEntry } from '../contracts/records.ts'
import { SCHEMA_VERSION } from '../contracts/records.ts'
import { LabError } from '../errors.ts'
import { hashRows } from '../ports/memory-store.ts'
import type { StateStore } from '../ports/store.ts'
import type { ChangedRows } from '../recovery/changed-rows.ts'
import { chainOf, nextManifest } from '../recovery/manifest.ts'
import { chooseKind, type SnapshotKind, worthTracking } from '../recovery/snapshot-kind.ts'
import type { At, SnapshotStep } from '../recovery/steps.ts'
import { contentOf, digestOf, SimShelf, type SnapshotContent, type TaskDisk } from './disk.ts'
import type { SimProcess } from './process.ts'

export interface SimSnapshotOrder {
  readonly disk: TaskDisk
  readonly process: SimProcess
  readonly snapshotId: string
  readonly known: readonly SnapshotEntry[]
  readonly retain: number
  readonly kind: SnapshotKind
  readonly live: { readonly store: StateStore; readonly changed: ChangedRows }
  readonly at: At<SnapshotStep>
  /** Throws where the schedule has the copy fail. */
  readonly copying: () => void
}

interface Written {
  readonly content: SnapshotContent
  /** Rows of the whole state. */
  readonly keys: number
  readonly base: SnapshotEntry | undefined
}

export async function simSnapshot(order: SimSnapshotOrder): Promise<Manifest> {
  try {
    return await take(order)
  } catch (error) {
    // A process that was killed has forgotten everything anyway.
    order.live.changed.forget()
    throw error
  }
}

async function take(order: SimSnapshotOrder): Promise<Manifest> {
  const { disk, process, snapshotId, at } = order
  const { content, keys, base } = (await partial(order)) ?? (await full(order))
  const path = `${snapshotId.replaceAll(':', '-')}.${base ? 'part' : 'full'}.db`
  disk.unfinished.set(path, content)
  at('snapshot-copy.mid')
  await process.world.scheduler.local(process, `copied ${snapshotId}`)
  at('snapshot-rename.before')
  if (!disk.unfinished.delete(path)) {
    throw new LabError('STATE_UNUSABLE', `snapshot ${snapshotId}: its unfinished file was removed`)
  }
  disk.files.set(path, content)
  at('snapshot-rename.after')
  const entry = { ...entryOf(snapshotId, path, content), keys }
  const partialEntry = base && { kind: 'partial' as const, base: base.snapshotId, stateHash: null }
  const manifest = nextManifest({ ...entry, ...partialEntry }, order.known, order.retain)
  disk.manifests.set(path, manifest)
  return manifest
}

async function partial(order: SimSnapshotOrder): Promise<Written | undefined> {
  const { disk, process, kind, known, live } = order
  const chosen = chooseKind(kind, known)
  if (chosen.kind === 'full') return undefined
  const { base, maxRows } = chosen
  const shelf = new SimShelf(disk, { requireAlive: () => process.requireAlive() })
  if (!(chainOf(base, known) ?? []).every((entry) => shelf.has(entry))) return undefined
  const { changed, store } = live
  if (changed.state === 'complete' && changed.size <= maxRows) {
    const cut = changed.cut(base.nextInputOffset)
    const position = store.position()
    order.copying()
    await process.world.scheduler.local(process, `snapshot ${order.snapshotId}`)
    // Gone through later, as the writer does piece by piece: the cut must not move with what is applied meanwhile.
    const changes = [...cut.changes]
    const content = { lineage: store.lineage, position, rows: changes.map((change) => change.row) }
    return { content, keys: base.keys + changes.filter((change) => change.isNew).length, base }
  }
  if (changed.state !== 'unknown' || base.changelogMode === 'off') return undefined
  changed.restart(worthTracking(kind, base.keys))
  const whole = await copied(order)
  const rows = whole.rows.filter((row) => row.changelogOffset > base.lastChangelogOffset)
  if (rows.length > maxRows) return undefined
  return { content: { ...whole, rows }, keys: whole.rows.length, base }
}

async function full(order: SimSnapshotOrder): Promise<Written> {
  const changed = order.kind === 'full' ? undefined : order.live.changed
  changed?.restart(Number.POSITIVE_INFINITY)
  const content = await copied(order)
  changed?.limit(worthTracking(order.kind, content.rows.length))
  return { content, keys: content.rows.length, base: undefined }
}

/** What the snapshot thread reads: the generation that was current when it was asked. */
async function copied({ disk, process, snapshotId, copying }: SimSnapshotOrder): Promise<SnapshotContent> {
  const store = disk.currentStore()
  await process.world.scheduler.local(process, `snapshot ${snapshotId}`)
  if (!store) throw new LabError('STATE_UNUSABLE', `snapshot ${snapshotId}: there is no state to copy`)
  copying()
  return contentOf(store)
}

function entryOf(snapshotId: string, path: string, content: SnapshotContent): SnapshotEntry {
  const { lineage, position, rows } = content
  return {
    snapshotId,
    lastChangelogOffset: position.nextChangelog - 1,
    createdAt: 1_757_671_200,
    partition: lineage.partition,
    kind: 'full',
    base: null,
    path,
    ...digestOf(content),
    keys: rows.length,
    nextInputOffset: position.nextInput,
    stateHash: hashRows(rows),
    changelogMode: lineage.changelogMode,
    schemaVersion: SCHEMA_VERSION,
    clusterId: lineage.clusterId,
    inputTopicId: lineage.inputTopicId,
    changelogTopicId: lineage.changelogTopicId,
  }
}
