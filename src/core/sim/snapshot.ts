/**
 * Taking a snapshot in the simulation: the steps of the SQLite adapter, with the scheduler between them.
 *
 * Promises: the content is one committed cut of the current generation, read while processing goes on; the
 * file gets its name only when it is whole, and its manifest lies beside it after that.
 */
import type { Manifest, SnapshotEntry } from '../contracts/records.ts'
import { SCHEMA_VERSION } from '../contracts/records.ts'
import { LabError } from '../errors.ts'
import { hashRows } from '../ports/memory-store.ts'
import { nextManifest } from '../recovery/manifest.ts'
import type { At, SnapshotStep } from '../recovery/steps.ts'
import { contentOf, digestOf, type SnapshotContent, type TaskDisk } from './disk.ts'
import type { SimProcess } from './process.ts'

export interface SimSnapshotOrder {
  readonly disk: TaskDisk
  readonly process: SimProcess
  readonly snapshotId: string
  readonly known: readonly SnapshotEntry[]
  readonly retain: number
  readonly at: At<SnapshotStep>
  /** Throws where the schedule has the copy fail. */
  readonly copying: () => void
}

export async function simSnapshot(order: SimSnapshotOrder): Promise<Manifest> {
  const { disk, process, snapshotId, at } = order
  const { scheduler } = process.world
  const path = `${snapshotId.replaceAll(':', '-')}.full.db`
  await scheduler.local(process, `snapshot ${snapshotId}`)
  const store = disk.currentStore()
  if (!store) throw new LabError('STATE_UNUSABLE', `snapshot ${snapshotId}: there is no state to copy`)
  order.copying()
  const content = contentOf(store)
  disk.unfinished.set(path, content)
  at('snapshot-copy.mid')
  await scheduler.local(process, `copied ${snapshotId}`)
  at('snapshot-rename.before')
  if (!disk.unfinished.delete(path)) {
    throw new LabError('STATE_UNUSABLE', `snapshot ${snapshotId}: its unfinished file was removed`)
  }
  disk.files.set(path, content)
  at('snapshot-rename.after')
  const manifest = nextManifest(entryOf(snapshotId, path, content), order.known, order.retain)
  disk.manifests.set(path, manifest)
  return manifest
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
