/**
 * Manifests: the newest snapshot of a task and every one still kept, as one JSON record.
 *
 * Promises: what `encode` writes `decode` reads back equal; unknown fields are allowed and ignored; a value
 * that misses a field or has one of the wrong type is refused with the field's name, never half-read.
 * Does not: look at snapshot files; whether one is there and whole is found out when it is restored.
 */
import { SCHEMA_VERSION } from '../contracts/records.ts'
import type { Manifest, SnapshotEntry } from '../contracts/records.ts'

type Check = (value: unknown) => boolean

const text: Check = (value) => typeof value === 'string'
const whole =
  (min: number): Check =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= min
const matches =
  (pattern: RegExp): Check =>
  (value) =>
    typeof value === 'string' && pattern.test(value)
const oneOf =
  (...allowed: readonly unknown[]): Check =>
  (value) =>
    allowed.includes(value)

// By hand and not by a schema library: this is on the way of every restart of OpB, and loading one would
// cost more than everything else in this phase.
const FIELDS: Readonly<Record<keyof SnapshotEntry, Check>> = {
  snapshotId: matches(/./),
  lastChangelogOffset: whole(-1),
  createdAt: whole(0),
  partition: whole(0),
  kind: oneOf('full', 'partial'),
  base: (value) => value === null || typeof value === 'string',
  // A name below the task's snapshot directory: a manifest must not point anywhere else.
  path: matches(/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/),
  bytes: whole(0),
  sha256: matches(/^[0-9a-f]{64}$/),
  keys: whole(0),
  nextInputOffset: whole(0),
  // A partial has none: it would cost what the whole state costs.
  stateHash: (value) => value === null || matches(/^[0-9a-f]{64}$/)(value),
  changelogMode: oneOf('after-image', 'delta-only', 'off'),
  schemaVersion: oneOf(SCHEMA_VERSION),
  clusterId: text,
  inputTopicId: text,
  changelogTopicId: text,
}

/** The entry that `json` holds, or the name of the first field that is not right. */
function readEntry(json: unknown): SnapshotEntry | string {
  if (typeof json !== 'object' || json === null) return 'it is no object'
  const given = json as Record<string, unknown>
  const entry: Record<string, unknown> = {}
  // First of all: what another version means by the other fields is not known here.
  const { schemaVersion: found } = given
  if (Number.isSafeInteger(found) && found !== SCHEMA_VERSION)
    return `it has schema version ${String(found)}, this eoslab reads ${SCHEMA_VERSION}`
  for (const [field, check] of Object.entries(FIELDS)) {
    if (!check(given[field])) return `${field} is ${JSON.stringify(given[field]) ?? 'missing'}`
    entry[field] = given[field]
  }
  return entry as unknown as SnapshotEntry
}

export type Decoded =
  | { readonly ok: true; readonly manifest: Manifest }
  | { readonly ok: false; readonly reason: string }

export const encodeManifest = (manifest: Manifest): string => JSON.stringify(manifest)

export function decodeManifest(value: Buffer | string | null): Decoded {
  if (value === null) return { ok: false, reason: 'it is empty' }
  let json: unknown
  try {
    json = JSON.parse(value.toString())
  } catch {
    return { ok: false, reason: 'it is no JSON' }
  }
  const entry = readEntry(json)
  if (typeof entry === 'string') return { ok: false, reason: entry }
  const { retained } = json as { retained?: unknown }
  if (!Array.isArray(retained)) return { ok: false, reason: 'retained is no list' }
  const kept: SnapshotEntry[] = []
  for (const one of retained) {
    const read = readEntry(one)
    if (typeof read === 'string') return { ok: false, reason: `retained: ${read}` }
    kept.push(read)
  }
  return { ok: true, manifest: { ...entry, retained: kept } }
}

/** The entry alone, without what it retains. */
export function entryOf(manifest: Manifest): SnapshotEntry {
  const { retained: _retained, ...entry } = manifest
  return entry
}

/** The newest and everything it retains, newest first, each id once. */
export function entriesOf(manifest: Manifest): SnapshotEntry[] {
  return distinct([entryOf(manifest), ...manifest.retained])
}

export function distinct(entries: Iterable<SnapshotEntry>): SnapshotEntry[] {
  const seen = new Map<string, SnapshotEntry>()
  for (const entry of entries) if (!seen.has(entry.snapshotId)) seen.set(entry.snapshotId, entry)
  return [...seen.values()]
}

/** The first snapshot that this one builds on and that is not known; undefined if none is missing. */
export function missingBase(entry: SnapshotEntry, known: readonly SnapshotEntry[]): string | undefined {
  const byId = new Map(known.map((k) => [k.snapshotId, k]))
  let link = entry
  for (let links = 0; link.kind === 'partial'; links++) {
    const base = byId.get(link.base ?? '')
    if (!base || links > known.length) return link.base ?? `the base of ${link.snapshotId}`
    link = base
  }
  return undefined
}

/**
 * The chain that a snapshot needs, oldest (a full one) first; undefined if a link is not known.
 */
export function chainOf(entry: SnapshotEntry, known: readonly SnapshotEntry[]): SnapshotEntry[] | undefined {
  const byId = new Map(known.map((k) => [k.snapshotId, k]))
  const chain = [entry]
  for (let link = entry; link.kind === 'partial'; link = chain[0]!) {
    const base = link.base === null ? undefined : byId.get(link.base)
    if (!base || chain.includes(base)) return undefined
    chain.unshift(base)
  }
  return chain
}

/**
 * The manifest that makes `entry` the newest: `retain` snapshots are kept in all, each with its whole chain.
 * `known` are the usable earlier ones, newest first.
 */
export function nextManifest(
  entry: SnapshotEntry,
  known: readonly SnapshotEntry[],
  retain: number,
): Manifest {
  const earlier = distinct(known).filter((k) => k.snapshotId !== entry.snapshotId)
  const kept = new Set<string>()
  const all = [entry, ...earlier]
  for (const one of all.slice(0, Math.max(1, retain))) {
    for (const link of chainOf(one, all) ?? []) kept.add(link.snapshotId)
  }
  return { ...entry, retained: earlier.filter((k) => kept.has(k.snapshotId)) }
}
