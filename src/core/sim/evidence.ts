/**
 * What the oracle is given of a simulated run: the log in memory as raw partitions, the disks as dumps.
 *
 * Promises: nothing is interpreted here and nothing told that the oracle must not know.
 */
import { groupName, type TopicNames } from '../contracts/names.ts'
import type { HistoryEvent } from '../history/event.ts'
import type {
  GroupOffsetRow,
  OracleInput,
  RawPartition,
  RawTopic,
  SnapshotDump,
  StateDump,
} from '../oracle/input.ts'
import { namedSnapshots } from '../oracle/manifests.ts'
import type { MemoryCluster } from '../ports/memory-log.ts'
import { digestOf, type TaskDisk } from './disk.ts'

export interface Remains {
  readonly prefix: string
  readonly window: number
  readonly names: TopicNames
  readonly cluster: MemoryCluster
  readonly disks: readonly TaskDisk[]
  readonly journals: readonly HistoryEvent[]
  readonly cleanEnd: boolean
}

function rawPartition(cluster: MemoryCluster, topic: string, partition: number): RawPartition {
  const log = cluster.partition(topic, partition)
  return {
    topic,
    partition,
    ...log.offsets(),
    entries: log.entries().map((entry) =>
      entry.kind === 'marker'
        ? { ...entry, partition, timestamp: 0 }
        : {
            kind: 'data',
            partition,
            offset: entry.offset,
            timestamp: entry.record.timestamp,
            key: entry.record.key,
            value: entry.record.value,
            headers: entry.record.headers,
            producerId: entry.producerId ?? '-1',
            // The log in memory keeps no epoch beside a record; incarnations tell writers apart as well.
            epoch: 0,
            transactional: entry.producerId !== undefined,
          },
    ),
  }
}

export function rawTopic(cluster: MemoryCluster, topic: string): RawTopic | undefined {
  const partitions = cluster.topic(topic)?.partitions
  if (partitions === undefined) return undefined
  return { topic, partitions: Array.from({ length: partitions }, (_, p) => rawPartition(cluster, topic, p)) }
}

function stateDump(disk: TaskDisk): StateDump[] {
  const store = disk.currentStore()
  if (!store) return []
  const { changelogMode, window } = store.lineage
  const rows = [...store.rows()]
  return [
    {
      partition: disk.partition,
      file: `opb-${disk.partition}/${disk.current}`,
      rows,
      ...store.position(),
      changelogMode,
      window,
      owner: store.owner(),
    },
  ]
}

function snapshotDumps(snapshots: RawTopic, disks: readonly TaskDisk[]): SnapshotDump[] {
  return namedSnapshots(snapshots).map(({ partition, entry }) => {
    const content = disks[partition]?.files.get(entry.path)
    return {
      partition,
      entry,
      file: entry.path,
      exists: content !== undefined,
      ...(content ? { intact: digestOf(content).sha256 === entry.sha256 } : {}),
    }
  })
}

export function oracleInput(remains: Remains): OracleInput {
  const { prefix, window, names, cluster, disks, journals, cleanEnd } = remains
  const groups = { opa: groupName(prefix, 'opa'), opb: groupName(prefix, 'opb') }
  const offsets = (group: string, topic: string): GroupOffsetRow[] =>
    disks.flatMap(({ partition }) => {
      const offset = cluster.committed(group, topic, partition)
      return offset === undefined ? [] : [{ group, topic, partition, offset }]
    })
  const snapshots = rawTopic(cluster, names.snapshots)
  return {
    prefix,
    pipeline: 'reference',
    window,
    names,
    groups,
    topics: {
      orders: rawTopic(cluster, names.orders),
      enriched: rawTopic(cluster, names.enriched),
      output: rawTopic(cluster, names.output),
      changelog: rawTopic(cluster, names.changelog),
      snapshots,
      dlq: rawTopic(cluster, names.dlq),
    },
    groupOffsets: [...offsets(groups.opa, names.orders), ...offsets(groups.opb, names.enriched)],
    states: disks.flatMap(stateDump),
    snapshots: snapshots ? snapshotDumps(snapshots, disks) : [],
    journals,
    truth: undefined,
    cleanEnd,
  }
}
