/**
 * Snapshots: dangling-manifest and torn-snapshot. Every snapshot that the newest committed manifest of a
 * task names, itself and the retained ones, must lie on disk, whole.
 * Files that no manifest names are orphans, no anomaly. What is inside a snapshot is not judged here.
 *
 *   newest manifest names s3, retained s2; files s2 s3     -> fine
 *   files s2                                               -> dangling-manifest (s3)
 *   files s2, and s3 cut in half                           -> torn-snapshot (s3)
 */
import { type Check, statefulOnly } from '../check.ts'
import type { SnapshotDump } from '../input.ts'
import type { Anomaly, AnomalyName } from '../verdict.ts'
import type { View } from '../view.ts'

function* broken(view: View, name: AnomalyName, is: (s: SnapshotDump) => boolean): Generator<Anomaly> {
  const { snapshots } = view.input
  if (!snapshots) throw view.missing('snapshots', 'the manifests could not be read')
  for (const snapshot of snapshots.filter(is)) {
    const { entry, file, partition } = snapshot
    yield {
      name,
      message: `the manifest names ${entry.snapshotId}; ${file} is ${snapshot.exists ? 'not the file it describes' : 'not there'}`,
      place: {
        topic: view.input.names.snapshots,
        partition,
        key: entry.snapshotId,
        offset: entry.lastChangelogOffset,
      },
    }
  }
}

export const danglingManifest: Check = {
  name: 'dangling-manifest',
  proves: 'every snapshot that the newest manifest names is on disk',
  notApplicable: statefulOnly,
  run: (view) => broken(view, 'dangling-manifest', (s) => !s.exists),
}

export const tornSnapshot: Check = {
  name: 'torn-snapshot',
  proves: 'every snapshot that the newest manifest names has the size and digest it says',
  notApplicable: statefulOnly,
  run: (view) => broken(view, 'torn-snapshot', (s) => s.exists && s.intact === false),
}
