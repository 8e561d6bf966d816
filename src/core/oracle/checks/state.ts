/**
 * State: dirty-state, state-behind, checkpoint-ahead. SQLite against the log it derives from.
 *
 * dirty-state: an effect of a transaction that was not committed is in the state. Seen in SQLite as a row
 *   that is an uncommitted after-image, or newer than every committed change of its key; seen in the outputs
 *   as one that builds on an uncommitted after-image (a gap whose missing step was aborted).
 * state-behind: after a clean end, SQLite has not applied all that is committed. After a kill it is legal.
 * checkpoint-ahead: an offset stored beside the rows (or in a manifest) is beyond the content: a row older
 *   than the changelog below that offset says, an offset beyond the log, or beyond what was processed.
 *
 *   changelog k: seq 1 committed, seq 2 aborted; SQLite k: seq 2       -> dirty-state
 *   SQLite k: seq 1, next offset behind both                           -> fine
 *   changelog k: seq 1 2 at offsets 0 1; SQLite k: seq 1, next 2       -> checkpoint-ahead; next 1 -> fine
 *   the same with next 1 at a clean end                                -> state-behind
 */
import { contentOf } from '../chains.ts'
import { type Check, cleanEndOnly, statefulOnly } from '../check.ts'
import type { StateDump } from '../input.ts'
import { type Row, changelogRows, outputsByKey, show } from '../totals.ts'
import { readChangelog, readOutput } from '../values.ts'
import type { Anomaly, AnomalyName, AnomalyPlace } from '../verdict.ts'
import { MissingInput, type View } from '../view.ts'

const place = (state: StateDump, rest: AnomalyPlace): AnomalyPlace => ({
  partition: state.partition,
  ...(state.owner === undefined ? {} : { incarnation: state.owner }),
  ...rest,
})

interface Image {
  readonly seq: number
  readonly sum?: number
  readonly count?: number
}

/** After-images of transactions that were aborted or never ended, by key. */
function uncommittedImages(view: View): Map<string, Image[]> {
  const images = new Map<string, Image[]>()
  const readers = { changelog: readChangelog, output: readOutput } as const
  for (const role of ['changelog', 'output'] as const) {
    for (const f of view.topic(role).flatMap((p) => p.records)) {
      const value = f.fate === 'committed' ? undefined : readers[role](f)
      if (value) images.set(value.key, [...(images.get(value.key) ?? []), value])
    }
  }
  return images
}

const isImage = (row: Row, image: Image): boolean =>
  image.seq === row.seq && image.sum === row.sum && image.count === row.count

export const dirtyState: Check = {
  name: 'dirty-state',
  proves: 'nothing of an uncommitted transaction is in the state',
  notApplicable: statefulOnly,
  *run(view): Generator<Anomaly> {
    const images = uncommittedImages(view)
    for (const state of view.states()) {
      if (state.changelogMode === 'off') continue
      const end = view.partition('changelog', state.partition)?.highWatermark ?? 0
      const below = changelogRows(view, state.partition, state.nextChangelog)
      const ever = changelogRows(view, state.partition, end)
      for (const row of state.rows) {
        const stood = below.get(row.key)
        const committed = stood !== undefined && isImage(row, stood)
        const aborted = !committed && (images.get(row.key) ?? []).some((image) => isImage(row, image))
        const newer = row.seq > (ever.get(row.key)?.seq ?? 0)
        if (committed || (!aborted && !newer)) continue
        yield {
          name: 'dirty-state',
          message: `${row.key} in ${state.file} has ${show(row)}; committed is ${show(ever.get(row.key))}`,
          place: place(state, {
            topic: view.input.names.changelog,
            offset: state.nextChangelog,
            key: row.key,
          }),
        }
      }
    }
    for (const [key, outputs] of outputsByKey(view)) {
      for (const [i, { record, value }] of outputs.entries()) {
        if (value.seq <= (outputs[i - 1]?.value.seq ?? 0) + 1) continue
        const source = view.sourceRecord(view.opb, record)
        const order = source && view.enriched(source)
        if (!order) continue
        const base = { seq: value.seq - 1, sum: value.sum - order.price * order.qty, count: value.count - 1 }
        if (!(images.get(key) ?? []).some((image) => isImage(base, image))) continue
        yield {
          name: 'dirty-state',
          message: `${key} at seq ${value.seq} builds on ${show(base)}, which was never committed`,
          place: view.place(record, key),
        }
      }
    }
  },
}

export const stateBehind: Check = {
  name: 'state-behind',
  proves: 'after a clean end SQLite has applied everything that is committed',
  notApplicable: (input) => statefulOnly(input) ?? cleanEndOnly(input),
  *run(view): Generator<Anomaly> {
    const states = new Map(view.states().map((s) => [s.partition, s]))
    for (const { partition } of view.topic('enriched')) {
      const end = view.effectsEnd(view.opb, partition)
      const state = states.get(partition)
      if (end === undefined) continue
      if (!state)
        throw new MissingInput(`opb has effects in partition ${partition} and there is no SQLite file of it`)
      const changes =
        view.partition('changelog', partition)?.records.filter((f) => f.fate === 'committed') ?? []
      const last = changes.findLast((f) => view.sourceRecord(view.opb, f) !== undefined)
      const changelogBehind =
        state.changelogMode !== 'off' && last !== undefined && last.record.offset >= state.nextChangelog
      if (state.nextInput >= end && !changelogBehind) continue
      yield {
        name: 'state-behind',
        message: `${state.file} stands at input ${state.nextInput} and changelog ${state.nextChangelog}; committed are input ${end} and changelog ${last ? last.record.offset + 1 : 'none'}`,
        place: place(state, { topic: view.input.names.changelog, offset: state.nextChangelog }),
      }
    }
  },
}

function* offsetsAhead(view: View, state: StateDump): Generator<string> {
  const changelogEnd = view.partition('changelog', state.partition)?.highWatermark ?? 0
  const inputEnd = view.processedEnd(view.opb, state.partition)
  if (state.nextChangelog > changelogEnd) {
    yield `its next changelog offset ${state.nextChangelog} is beyond the log, which ends at ${changelogEnd}`
  }
  if (state.nextInput > inputEnd) {
    yield `its next input offset ${state.nextInput} is beyond what was committed (${inputEnd})`
  }
}

function* manifestsAhead(view: View): Generator<Anomaly> {
  const { snapshots } = view.input
  if (!snapshots) throw view.missing('snapshots', 'the manifests could not be read')
  for (const one of snapshots) {
    const { partition, entry } = one
    const content = contentOf(view, one)
    const changelogEnd = view.partition('changelog', partition)?.highWatermark ?? 0
    const inputEnd = view.processedEnd(view.opb, partition)
    const says = `the manifest ${entry.snapshotId} says changelog ${entry.lastChangelogOffset} and input ${entry.nextInputOffset}`
    const beyondLog = entry.lastChangelogOffset >= changelogEnd || entry.nextInputOffset > inputEnd
    const beyondContent =
      content !== undefined &&
      (entry.lastChangelogOffset >= content.nextChangelog || entry.nextInputOffset > content.nextInput)
    if (!beyondLog && !beyondContent) continue
    yield {
      name: 'checkpoint-ahead',
      message: beyondLog
        ? `${says}; the log has changelog below ${changelogEnd} and input below ${inputEnd}`
        : `${says}; the file has changelog below ${content!.nextChangelog} and input below ${content!.nextInput}`,
      place: {
        topic: view.input.names.snapshots,
        partition,
        key: entry.snapshotId,
        offset: entry.lastChangelogOffset,
      },
    }
  }
}

export const checkpointAhead: Check = {
  name: 'checkpoint-ahead',
  proves: 'no recorded offset, in SQLite or in a manifest, is beyond the content',
  notApplicable: statefulOnly,
  *run(view): Generator<Anomaly> {
    const name: AnomalyName = 'checkpoint-ahead'
    for (const state of view.states()) {
      for (const fault of offsetsAhead(view, state)) {
        const at = place(state, { topic: view.input.names.changelog, offset: state.nextChangelog })
        yield { name, message: `${state.file}: ${fault}`, place: at }
      }
      if (state.changelogMode === 'off') continue
      const rows = new Map(state.rows.map((row) => [row.key, row]))
      for (const [key, want] of changelogRows(view, state.partition, state.nextChangelog)) {
        const have = rows.get(key)
        if ((have?.seq ?? 0) >= want.seq) continue
        yield {
          name,
          message: `${key} in ${state.file} has ${show(have)}; the changelog below its next offset ${state.nextChangelog} gives ${show(want)}`,
          place: place(state, { topic: view.input.names.changelog, offset: state.nextChangelog, key }),
        }
      }
    }
    yield* manifestsAhead(view)
  },
}
