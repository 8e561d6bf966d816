/**
 * Partial snapshots, merged: the oracle's own reading of what a chain holds.
 *
 * Promises: the content of a partial is its base's with its own rows on top, down to a full one; undefined
 * where nobody looked, or where a file of the chain is gone or cannot be read (named at that file).
 */
import type { SnapshotContent, SnapshotDump } from './input.ts'
import type { View } from './view.ts'

/** The snapshot that a partial builds on, as the same manifest names it. */
export const baseOf = ({ partition, entry }: SnapshotDump, all: readonly SnapshotDump[]) =>
  all.find((other) => other.partition === partition && other.entry.snapshotId === entry.base)

export function contentOf(view: View, one: SnapshotDump): SnapshotContent | undefined {
  const { content, partial, entry, partition } = one
  if (content) return content
  if (!partial) return undefined
  return view.keep(`chain ${partition} ${entry.snapshotId}`, () => {
    const all = view.input.snapshots ?? []
    const base = baseOf(
      one,
      all.filter((other) => other !== one),
    )
    const below = base && contentOf(view, base)
    if (!below) return undefined
    const rows = new Map([...below.rows, ...partial.rows].map((row) => [row.key, row]))
    const { nextInput, nextChangelog } = partial
    return { rows: [...rows.values()], nextInput, nextChangelog }
  })
}
