/**
 * delta-compaction-loss: changes that the cleaner removed are in no later record of their key, so whoever
 * replayed a log of deltas alone is short of them.
 *
 * Judged on SQLite: a key has fewer updates, or less money, than the processed enriched records give it, and
 * the changelog no longer holds as many changes of it. What a snapshot had kept is not missed. Which offsets
 * are gone is only known where somebody tapped the changelog before compaction; without a tap the finding
 * points to what is left of the key.
 * Does not prove that a log of deltas is safe as long as it finds nothing: the cleaner may not have run yet.
 *
 *   tapped k: seq 1 2 3 at offsets 0 1 2; left: seq 3; SQLite k: count 1 -> delta-compaction-loss, 0 and 1
 *   the same, SQLite k: count 3 (from a snapshot)                         -> fine
 *   nothing removed, SQLite k: count 1                                    -> fine here; it is divergence
 */
import { type Check, statefulOnly } from '../check.ts'
import type { OracleInput, StateDump } from '../input.ts'
import { interpretTopic, type FatedRecord } from '../raw.ts'
import { type Sum, enrichedSums, show } from '../totals.ts'
import { readChangelog } from '../values.ts'
import type { Anomaly } from '../verdict.ts'
import type { View } from '../view.ts'

interface Change {
  readonly offset: number
  readonly seq: number
  readonly delta: number
}

const deltasOnly = (input: OracleInput): string | undefined =>
  input.states && !input.states.some((state) => state.changelogMode === 'delta-only')
    ? 'no state was made from deltas alone'
    : undefined

/** Committed changes below an offset, per key in log order. */
function changesByKey(records: readonly FatedRecord[], end: number): Map<string, Change[]> {
  const byKey = new Map<string, Change[]>()
  for (const f of records) {
    const value = f.fate === 'committed' && f.record.offset < end ? readChangelog(f) : undefined
    if (!value) continue
    const change = { offset: f.record.offset, seq: value.seq, delta: value.delta }
    const list = byKey.get(value.key)
    if (list) list.push(change)
    else byKey.set(value.key, [change])
  }
  return byKey
}

function tapped(view: View, state: StateDump): Map<string, Change[]> | undefined {
  const tap = view.input.changelogTap
  if (!tap) return undefined
  const partition = interpretTopic(tap).find((p) => p.partition === state.partition)
  return partition && changesByKey(partition.records, state.nextChangelog)
}

/** What was removed of a key and is in nobody's state: the newest of it, for a snapshot holds a prefix. */
function lost(before: readonly Change[], left: readonly Change[], missing: number): Change[] {
  const still = new Set(left.map((change) => change.offset))
  const removed = before.filter((change) => !still.has(change.offset))
  return removed.slice(Math.max(0, removed.length - missing))
}

const total = (changes: readonly Change[]): number => changes.reduce((sum, { delta }) => sum + delta, 0)

interface Shortage {
  readonly want: Sum
  readonly have: Sum | undefined
  readonly left: readonly Change[]
  readonly before: readonly Change[] | undefined
}

/** Where and what was removed, in words; undefined if the cleaner does not explain the shortage. */
function explain({ want, have, left, before }: Shortage): { words: string; offset?: number } | undefined {
  const missing = want.count - (have?.count ?? 0)
  const amount = want.sum - (have?.sum ?? 0)
  if (before) {
    const gone = lost(before, left, missing)
    if (gone.length !== missing || total(gone) !== amount) return undefined
    const [first] = gone
    const more = gone.length > 1 ? ` and ${gone.length - 1} more` : ''
    return {
      words: `the cleaner removed offset ${first!.offset} (seq ${first!.seq}, ${first!.delta})${more}`,
      offset: first!.offset,
    }
  }
  const last = left.at(-1)
  if (!last || last.seq - left.length < missing) return undefined
  return {
    words: `the changelog holds ${left.length} of its first ${last.seq} changes, the last at offset ${last.offset}`,
    offset: last.offset,
  }
}

export const deltaCompactionLoss: Check = {
  name: 'delta-compaction-loss',
  proves: 'no update is lost because the cleaner removed its delta',
  notApplicable: (input) => statefulOnly(input) ?? deltasOnly(input),
  *run(view): Generator<Anomaly> {
    for (const state of view.states()) {
      if (state.changelogMode !== 'delta-only') continue
      const { partition, file, nextInput, nextChangelog } = state
      const rows = new Map(state.rows.map((row) => [row.key, row]))
      const left = changesByKey(view.partition('changelog', partition)?.records ?? [], nextChangelog)
      const before = tapped(view, state)
      const expected = enrichedSums(view, (p) => (p === partition ? nextInput : 0))
      for (const [key, want] of expected) {
        const have = rows.get(key)
        if ((have?.count ?? 0) >= want.count) continue
        const shortage = {
          key,
          want,
          have,
          left: left.get(key) ?? [],
          before: before && (before.get(key) ?? []),
        }
        const found = explain(shortage)
        if (!found) continue
        const updates = want.count - (have?.count ?? 0)
        const short = `${updates} updates and ${want.sum - (have?.sum ?? 0)} of money short`
        yield {
          name: 'delta-compaction-loss',
          message: `${key}: ${found.words}; ${file} is ${short}: ${show(have)}, expected ${show(want)}`,
          place: { topic: view.input.names.changelog, partition, offset: found.offset!, key },
        }
      }
    }
  },
}
