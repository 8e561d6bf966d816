/**
 * Which snapshots ought to be on disk: those that the newest committed manifest of each partition names,
 * itself and what it retains. The oracle's own reading; a manifest it cannot read is an error, not a pass.
 */
import { MANIFEST_KEY, type Manifest, type SnapshotEntry } from '../contracts/records.ts'
import type { RawTopic } from './input.ts'
import { interpret } from './raw.ts'

export interface NamedSnapshot {
  readonly partition: number
  readonly entry: SnapshotEntry
}

export function namedSnapshots(snapshots: RawTopic): NamedSnapshot[] {
  return snapshots.partitions.flatMap((raw) => {
    const newest = interpret(raw).records.findLast(
      ({ fate, record }) =>
        fate === 'committed' && record.key?.toString() === MANIFEST_KEY && record.value !== null,
    )
    if (!newest) return []
    const { offset, value } = newest.record
    const where = `${raw.topic}/${raw.partition}/${offset}`
    const manifest = parse(value!, where)
    const entries = [manifest, ...manifest.retained]
    const broken = entries.find((e) => !isEntry(e))
    if (broken) throw new Error(`the manifest at ${where} names a snapshot without id, path or offsets`)
    return entries.map((entry) => ({ partition: raw.partition, entry }))
  })
}

function parse(value: Buffer, where: string): Manifest {
  let manifest: Partial<Manifest> | null = null
  try {
    manifest = JSON.parse(value.toString('utf8')) as Partial<Manifest> | null
  } catch {
    // told below
  }
  if (!manifest || !Array.isArray(manifest.retained))
    throw new Error(`the manifest at ${where} cannot be read`)
  return manifest as Manifest
}

const isEntry = (entry: Partial<SnapshotEntry> | null): boolean =>
  typeof entry?.snapshotId === 'string' &&
  typeof entry.path === 'string' &&
  Number.isSafeInteger(entry.lastChangelogOffset) &&
  Number.isSafeInteger(entry.nextInputOffset)
