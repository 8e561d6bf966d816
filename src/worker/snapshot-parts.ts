/**
 * A task's snapshots in their parts, as a mutation may put them together differently.
 */
import { mainFileOnly } from '../adapters/sqlite/main-file.ts'
import type { SnapshotDirectory } from '../adapters/sqlite/snapshot-files.ts'
import { copySnapshot, nameSnapshot, type UnnamedSnapshot } from '../adapters/sqlite/snapshots.ts'
import type { StateDirectory } from '../adapters/sqlite/state-directory.ts'
import type { SnapshotParts } from '../core/mutations/mutation.ts'
import { nextManifest } from '../core/recovery/manifest.ts'
import type { TakeOrder } from '../core/tasks/opb.ts'
import type { Run } from './run.ts'

export function snapshotParts(
  { spec, clock }: Run,
  { home, shelf, dir }: { home: StateDirectory; shelf: SnapshotDirectory; dir: string },
): SnapshotParts<TakeOrder, UnnamedSnapshot> {
  const usual = spec.snapshotKind ?? 'auto'
  const copy = ({ live, ...order }: TakeOrder): Promise<UnnamedSnapshot> =>
    copySnapshot({
      ...order,
      live: { ...live, usual },
      stateFile: home.currentFile() ?? '',
      dir,
      createdAt: Math.floor(clock.wallMs() / 1000),
      retain: spec.retain,
      kind: order.kind ?? usual,
      zstd: spec.snapshotZstd ?? true,
    })
  return {
    copy,
    copyMainFile: async (order) => mainFileOnly(await copy(order)),
    manifestOf: ({ entry, order }) => nextManifest(entry, order.known, order.retain),
    name: nameSnapshot,
    prune: (kept, at) => shelf.prune(kept, at),
  }
}
