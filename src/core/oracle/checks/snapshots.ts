/**
 * Snapshots: dangling-manifest, torn-snapshot, manifest-regression, path-dependence.
 *
 * dangling-manifest, torn-snapshot: every snapshot that the newest committed manifest of a task names, itself
 *   and the retained ones, lies on disk, whole: size and digest, and inside the keys and the state hash that
 *   its manifest says. (Offsets beyond the content are checkpoint-ahead, in state.ts.)
 * manifest-regression: of two committed manifests of a task the later one stands for less.
 * path-dependence: what a snapshot holds isn't the fold of the changelog below its offset; or with the
 *   changelog after the offset that its manifest names it gives another state than the changelog from its
 *   beginning. (That this one equals the input is divergence's business.)
 * A partial snapshot holds what its chain holds (chains.ts), and has to fit on the base that is named.
 * Files that no manifest names are orphans, no anomaly.
 *
 *   newest manifest names s3, retained s2; files s2 s3     -> fine
 *   files s2                                               -> dangling-manifest (s3)
 *   files s2, and s3 cut in half                           -> torn-snapshot (s3)
 *   manifests up to offset 9, then up to 4                 -> manifest-regression
 *   s3 up to offset 4 misses offset 2, nothing after it    -> path-dependence
 */
import { createHash } from 'node:crypto'
import { MANIFEST_KEY, type SnapshotEntry, type StateRow } from '../../contracts/records.ts'
import { baseOf, contentOf } from '../chains.ts'
import { type Check, statefulOnly } from '../check.ts'
import type { SnapshotContent, SnapshotDump } from '../input.ts'
import { type FatedRecord, sourceOf } from '../raw.ts'
import { type Row, changelogRows, show } from '../totals.ts'
import { readChangelog } from '../values.ts'
import type { Anomaly, AnomalyName } from '../verdict.ts'
import type { View } from '../view.ts'

function named(view: View): readonly SnapshotDump[] {
  const { snapshots } = view.input
  if (!snapshots) throw view.missing('snapshots', 'the manifests could not be read')
  return snapshots
}

const anomaly = (view: View, name: AnomalyName, message: string, of: SnapshotDump): Anomaly => ({
  name,
  message,
  place: {
    topic: view.input.names.snapshots,
    partition: of.partition,
    key: of.entry.snapshotId,
    offset: of.entry.lastChangelogOffset,
  },
})

export const danglingManifest: Check = {
  name: 'dangling-manifest',
  proves: 'every snapshot that the newest manifest names is on disk',
  notApplicable: statefulOnly,
  *run(view): Generator<Anomaly> {
    for (const one of named(view)) {
      if (one.exists) continue
      const message = `the manifest names ${one.entry.snapshotId}; ${one.file} is not there`
      yield anomaly(view, 'dangling-manifest', message, one)
    }
  },
}

/** By UTF-8 bytes, as the contract says: not by the code units that a plain sort compares. */
const byKey = (a: StateRow, b: StateRow): number => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key))

function hashOf(rows: readonly StateRow[]): string {
  const hash = createHash('sha256')
  for (const { key, sum, count, seq } of rows.toSorted(byKey)) hash.update(`${key},${sum},${count},${seq}\n`)
  return hash.digest('hex')
}

/** Does a partial fit on the base that its manifest names? */
function linkFault(view: View, one: SnapshotDump): string | undefined {
  const { file, entry, partial } = one
  if (!partial) return undefined
  const base = baseOf(one, named(view))
  if (!base) return `${file} builds on ${entry.base ?? 'nothing'}, which the manifest does not name`
  const { snapshotId, sha256 } = base.entry
  if (partial.base.snapshotId !== snapshotId || partial.base.sha256 !== sha256)
    return `${file} was made on ${partial.base.snapshotId}, not on the ${snapshotId} that the manifest names`
  const below = contentOf(view, base)
  const { from } = partial
  if (!below || (from.nextInput === below.nextInput && from.nextChangelog === below.nextChangelog))
    return undefined
  return `${file} begins at changelog ${from.nextChangelog} and input ${from.nextInput}; its base ends at ${below.nextChangelog} and ${below.nextInput}`
}

function faultOf(view: View, one: SnapshotDump): string | undefined {
  const { file, entry, intact, partial, unreadable } = one
  if (intact === false) return `${file} is not the file it describes`
  if (unreadable !== undefined) return `${file} cannot be read: ${unreadable}`
  const link = linkFault(view, one)
  if (link !== undefined) return link
  const content = contentOf(view, one)
  if (!content) return undefined
  if (content.rows.length !== entry.keys)
    return `${file} holds ${content.rows.length} keys, the manifest says ${entry.keys}`
  if (partial && partial.keys !== entry.keys)
    return `${file} says ${partial.keys} keys, the manifest says ${entry.keys}`
  if (entry.stateHash !== null && hashOf(content.rows) !== entry.stateHash)
    return `${file} holds another state than its hash says`
  return content.nextChangelog > entry.lastChangelogOffset + 1 || content.nextInput > entry.nextInputOffset
    ? `${file} stands at changelog ${content.nextChangelog} and input ${content.nextInput}, beyond what the manifest says`
    : undefined
}

export const tornSnapshot: Check = {
  name: 'torn-snapshot',
  proves: 'every snapshot that the newest manifest names has the size, digest and content it says',
  notApplicable: statefulOnly,
  *run(view): Generator<Anomaly> {
    for (const one of named(view)) {
      const fault = one.exists ? faultOf(view, one) : undefined
      if (fault === undefined) continue
      yield anomaly(view, 'torn-snapshot', `the manifest names ${one.entry.snapshotId}; ${fault}`, one)
    }
  },
}

function entryOf({ record }: FatedRecord): Partial<SnapshotEntry> | undefined {
  try {
    return (
      (JSON.parse(record.value?.toString('utf8') ?? 'null') as Partial<SnapshotEntry> | null) ?? undefined
    )
  } catch {
    return undefined
  }
}

export const manifestRegression: Check = {
  name: 'manifest-regression',
  proves: 'no manifest stands for less than the one before it',
  notApplicable: statefulOnly,
  *run(view): Generator<Anomaly> {
    for (const log of view.topic('snapshots')) {
      let before = { changelog: -1, input: 0 }
      for (const f of log.records) {
        if (f.fate !== 'committed' || f.record.key?.toString() !== MANIFEST_KEY) continue
        const { lastChangelogOffset: changelog, nextInputOffset: input, snapshotId } = entryOf(f) ?? {}
        if (changelog === undefined || input === undefined) continue // unreadable: the manifests say so
        if (changelog < before.changelog || input < before.input) {
          yield {
            name: 'manifest-regression',
            message: `${snapshotId ?? 'a manifest'} stands for changelog ${changelog} and input ${input}; one before it for ${before.changelog} and ${before.input}`,
            place: view.place(f, snapshotId),
          }
        }
        before = { changelog: Math.max(before.changelog, changelog), input: Math.max(before.input, input) }
      }
    }
  },
}

/** The content and the changelog from an offset on, by the rule that `seq` decides. */
function replayed(view: View, partition: number, content: SnapshotContent, from: number): Map<string, Row> {
  const rows = new Map<string, Row>(content.rows.map((row) => [row.key, row]))
  for (const f of view.partition('changelog', partition)?.records ?? []) {
    if (f.fate !== 'committed' || f.record.offset < from || !sourceOf(f)) continue
    const value = readChangelog(f)
    const before = value && (rows.get(value.key) ?? { sum: 0, count: 0, seq: 0 })
    if (!value || value.seq <= before!.seq) continue
    const { delta, seq, sum = before!.sum + delta, count = before!.count + 1 } = value
    rows.set(value.key, { sum, count, seq })
  }
  return rows
}

export const pathDependence: Check = {
  name: 'path-dependence',
  proves:
    'each snapshot is the fold of the changelog below it, and gives with its replay what the whole one gives',
  notApplicable: statefulOnly,
  *run(view): Generator<Anomaly> {
    for (const one of named(view)) {
      const { entry, partition } = one
      const log = view.partition('changelog', partition)
      const content = one.exists ? contentOf(view, one) : undefined
      // Without the head of the log, or with the changelog off, there is nothing to compare with.
      if (!content || !log || log.logStart > 0 || entry.changelogMode === 'off') continue
      // Deltas that the cleaner took are delta-compaction-loss.
      if (log.holes && entry.changelogMode === 'delta-only') continue
      const fold = changelogRows(view, partition, content.nextChangelog)
      const held = new Map<string, Row>(content.rows.map((row) => [row.key, row]))
      // Below an offset a compacted log lacks what was written again above it; a torn file is told as such.
      const below = log.holes || faultOf(view, one) !== undefined ? undefined : firstDifference(held, fold)
      const whole = changelogRows(view, partition, log.highWatermark)
      const path = replayed(view, partition, content, entry.lastChangelogOffset + 1)
      const after = firstDifference(path, whole)
      if (below) {
        const { key, found, wanted } = below
        const message = `${entry.snapshotId} holds ${show(found)} for ${key}; the changelog below ${content.nextChangelog} gives ${show(wanted)}`
        yield anomaly(view, 'path-dependence', message, one)
      } else if (after) {
        const { key, found, wanted } = after
        const message = `${entry.snapshotId} and the changelog after ${entry.lastChangelogOffset} give ${show(found)} for ${key}; the whole changelog gives ${show(wanted)}`
        yield anomaly(view, 'path-dependence', message, one)
      }
    }
  },
}

type Rows = ReadonlyMap<string, Row>

function firstDifference(a: Rows, b: Rows): { key: string; found?: Row; wanted?: Row } | undefined {
  for (const key of new Set([...b.keys(), ...a.keys()])) {
    const [found, wanted] = [a.get(key), b.get(key)]
    const same = found?.sum === wanted?.sum && found?.count === wanted?.count && found?.seq === wanted?.seq
    if (!same) return { key, ...(found ? { found } : {}), ...(wanted ? { wanted } : {}) }
  }
  return undefined
}
