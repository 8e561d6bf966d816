/**
 * What recovery has to know before it decides: who the logs are, where they end, which snapshots there are.
 *
 * Promises: everything here is read after the fence, so it is stable; a manifest record that cannot be read
 * is said aloud and the next older one is taken.
 * Does not: look into snapshot files.
 */
import { LabError } from '../errors.ts'
import { MANIFEST_KEY, SCHEMA_VERSION } from '../contracts/records.ts'
import type { Manifest, SnapshotEntry } from '../contracts/records.ts'
import type { LogPort, PartitionOffsets } from '../ports/log.ts'
import type { StoreLineage } from '../ports/store.ts'
import type { RecoverOptions, RecoveryDeps } from './types.ts'
import { decodeManifest, distinct, entriesOf } from './manifest.ts'
import { readTo } from './read-to.ts'

/** Lineage that a state made here and now would have. */
export async function lineageNow(log: LogPort, options: RecoverOptions): Promise<StoreLineage> {
  const { input, changelog } = options.topics
  const [clusterId, topics] = await Promise.all([log.clusterId(), log.describe([input, changelog])])
  const idOf = (topic: string): string => {
    const found = topics.find((t) => t.topic === topic)
    if (found && options.partition < found.partitions) return found.topicId
    // With the changelog off nobody reads the topic; its absence is no error.
    if (!found && topic === changelog && options.changelogMode === 'off') return ''
    const what = found
      ? `topic ${topic} has ${found.partitions} partitions, there is no partition ${options.partition}`
      : `topic ${topic} does not exist`
    throw new LabError('MISSING_TOPIC', what, {
      hint: `create it: eoslab topics create --prefix ${options.prefix || '""'}`,
    })
  }
  return {
    prefix: options.prefix,
    clusterId,
    inputTopicId: idOf(input),
    changelogTopicId: idOf(changelog),
    changelogMode: options.changelogMode,
    schemaVersion: SCHEMA_VERSION,
    partition: options.partition,
    window: options.window,
  }
}

export interface KnownSnapshots {
  /** Newest record of the task's partition that can be read. */
  readonly manifest: Manifest | undefined
  /** In the order they are tried: that manifest and what it retains, there or not; then what older records
   *  and the files' own JSON name, as far as the file is there: the others were pruned. */
  readonly entries: readonly SnapshotEntry[]
}

export async function loadManifests(
  deps: Pick<RecoveryDeps, 'log' | 'clock' | 'say' | 'shelf'>,
  options: Pick<RecoverOptions, 'partition' | 'stallMs'> & {
    readonly topics: { readonly snapshots: string }
  },
): Promise<KnownSnapshots> {
  const { log, clock, say } = deps
  const { partition } = options
  const topic = options.topics.snapshots
  const ends = await log.offsets(topic, partition)
  const found: Manifest[] = []
  const reader = log.reader({ topic, partition, from: ends.logStart, isolation: 'read_committed' })
  await readTo({ reader, clock, stallMs: options.stallMs }, ends.highWatermark, (chunk) => {
    for (const record of chunk.records) {
      if (record.key?.toString() !== MANIFEST_KEY) continue
      const decoded = decodeManifest(record.value)
      if (decoded.ok && decoded.manifest.partition === partition) found.unshift(decoded.manifest)
      else {
        const reason = decoded.ok ? `it is of partition ${decoded.manifest.partition}` : decoded.reason
        say({ msg: 'manifest unreadable', topic, partition, offset: record.offset, reason })
      }
    }
  })
  const beside = deps.shelf
    .list((file, reason) => say({ msg: 'manifest unreadable', partition, file, reason }))
    .sort((a, b) => b.nextInputOffset - a.nextInputOffset || b.createdAt - a.createdAt)
  const [manifest, ...older] = found
  const named = manifest ? entriesOf(manifest) : []
  const left = [...older.flatMap(entriesOf), ...beside].filter((entry) => deps.shelf.has(entry))
  return { manifest, entries: distinct([...named, ...left]) }
}

export interface LogFacts {
  readonly input: PartitionOffsets
  /** All zero with the changelog off. */
  readonly changelog: PartitionOffsets
  readonly committed: number | undefined
}

export async function readFacts(log: LogPort, options: RecoverOptions): Promise<LogFacts> {
  const { partition, topics, group } = options
  // The committed offset is asked for first: in a rehearsal nothing is fenced, and what is read later
  // can then only be newer.
  const committed = await log.committed(group, topics.input, partition)
  const [input, changelog] = await Promise.all([
    log.offsets(topics.input, partition),
    options.changelogMode === 'off'
      ? { logStart: 0, lastStableOffset: 0, highWatermark: 0 }
      : log.offsets(topics.changelog, partition),
  ])
  return { input, changelog, committed }
}
