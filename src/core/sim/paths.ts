/**
 * The other ways to the same state: after a clean end, each retained snapshot plus replay, and a replay from
 * nothing, are rehearsed on a disk of their own and must give the rows that the task has.
 *
 * Does not: fence, publish or change anything that is judged.
 */
import { groupName } from '../contracts/names.ts'
import { messageOf } from '../errors.ts'
import type { Anomaly } from '../oracle/verdict.ts'
import { foldOrder, readEnriched } from '../pipelines/reference/opb.ts'
import type { Clock } from '../ports/clock.ts'
import type { MemoryCluster } from '../ports/memory-log.ts'
import { decodeManifest, entriesOf } from '../recovery/manifest.ts'
import { recoverTask } from '../recovery/recover.ts'
import { CALM_HANDS, SimHome, SimShelf, TaskDisk } from './disk.ts'
import { NAMES, PREFIX, WINDOW } from './specs.ts'

interface Place {
  readonly cluster: MemoryCluster
  readonly clock: Clock
}

/** Ids of the snapshots that the newest manifest in the log names. */
function named({ cluster }: Place, partition: number): string[] {
  const manifests = cluster
    .partition(NAMES.snapshots, partition)
    .entries()
    .flatMap((entry) => {
      const decoded =
        entry.kind === 'data' && entry.fate === 'committed' && decodeManifest(entry.record.value)
      return decoded && decoded.ok ? [decoded.manifest] : []
    })
  const newest = manifests.at(-1)
  return newest ? entriesOf(newest).map((entry) => entry.snapshotId) : []
}

/** Time that passes by being asked for: behind a transaction left open a rehearsal must give up, as recovery does. */
function ticking(clock: Clock): Clock {
  let asked = 0
  return { monotonicMs: () => clock.monotonicMs() + 10 * asked++, wallMs: () => clock.wallMs() }
}

interface Rehearsed {
  readonly hash: string
  /** What was restored: a snapshot that builds on one that is gone is quietly passed over. */
  readonly from: string
}

async function rehearse(place: Place, disk: TaskDisk, manifest: string): Promise<Rehearsed> {
  const { cluster, clock } = place
  const lineage = disk.currentStore()!.lineage
  const own = new TaskDisk(disk.partition)
  for (const [path, content] of disk.files) own.files.set(path, content)
  const { store, restored } = await recoverTask(
    {
      log: cluster.client(),
      producer: undefined,
      home: new SimHome(own, CALM_HANDS),
      shelf: new SimShelf(own, CALM_HANDS),
      journal: { append: () => {} },
      clock: ticking(clock),
      say: () => {},
      fold: (record, get) => {
        const { key, order } = readEnriched(record, WINDOW)
        return foldOrder(get(key), key, order)
      },
    },
    {
      partition: disk.partition,
      owner: 'rehearsal',
      prefix: PREFIX,
      window: WINDOW,
      changelogMode: lineage.changelogMode,
      topics: { input: NAMES.enriched, changelog: NAMES.changelog, snapshots: NAMES.snapshots },
      group: groupName(PREFIX, 'opb'),
      manifest,
      local: 'replace',
    },
  )
  return { hash: store.stateHash(), from: restored.snapshotId ?? 'none' }
}

export async function pathDependence(place: Place, disk: TaskDisk): Promise<Anomaly[]> {
  const live = disk.currentStore()
  if (!live) return []
  const found: Anomaly[] = []
  const { partition } = disk
  for (const manifest of ['none', ...named(place, partition)]) {
    let problem: string | undefined
    try {
      const { hash, from } = await rehearse(place, disk, manifest)
      if (hash !== live.stateHash()) problem = 'gives other rows than the task has'
      else if (from !== manifest) problem = `cannot use it and takes ${from}`
    } catch (error) {
      problem = `fails: ${messageOf(error)}`
    }
    if (problem === undefined) continue
    const message = `recovery of opb-${partition} from ${manifest === 'none' ? 'nothing' : manifest} ${problem}`
    found.push({ name: 'path-dependence', message, place: { partition, key: manifest } })
  }
  return found
}
