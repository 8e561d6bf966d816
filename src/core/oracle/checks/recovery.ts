/**
 * Recovery, from what each life journalled, against the log: replay-gap and non-idempotent-recovery.
 *
 * replay-gap: a replay began behind the offset after the snapshot that was restored; or it was handed fewer
 *   records than the log still holds, committed, in the range that it covered. (That the cleaner took some
 *   since is no fault: then the log holds fewer.)
 * non-idempotent-recovery: a life that kept the local state applied more changes than there are committed
 *   ones which the life before it had not applied (or which the state as it was found did not hold, if
 *   somebody had put an older one in its place): something was applied twice.
 * They don't judge the state that came out of it (the folds do), nor a life that was killed in its replay.
 *
 *   restored up to 4, replay 5..9, five committed there, records 5 -> fine
 *   the same, records 4; or replay 6..9                            -> replay-gap
 *   a.1 applied up to input 6; a.2 keeps its state, 2 changes of later inputs, applied 5
 *                                                                  -> non-idempotent-recovery; applied 2 -> fine
 */
import { type Check, statefulOnly } from '../check.ts'
import { namedSnapshots } from '../manifests.ts'
import { type FatedRecord, sourceOf } from '../raw.ts'
import type { Anomaly, AnomalyName, AnomalyPlace } from '../verdict.ts'
import type { Role, View } from '../view.ts'
import { type Life, eventOf, livesOf } from './lives.ts'

interface Replay {
  readonly life: Life
  readonly from: number
  readonly to: number
  readonly records: number
  readonly applied: number
  readonly source: string
  readonly snapshotId: string | null
  /** CLOCK_MONOTONIC: a wall clock may be moved between two lives. */
  readonly restoredAt: number
  /** Next input offset of the state as it was found, where the journal tells. */
  readonly foundAt: number | undefined
}

const numberOf = (value: unknown): number => (typeof value === 'number' ? value : Number.NaN)

/** Replays that came to their end. */
function* replays(view: View): Generator<Replay> {
  for (const life of livesOf(view)) {
    const done = eventOf(life, 'replay', 'ok')
    const restored = eventOf(life, 'restore', 'ok')
    if (!done || !restored) continue
    const [from, to] = [numberOf(done['from']), numberOf(done['to'])]
    const [records, applied] = [numberOf(done['records']), numberOf(done['applied'])]
    if (![from, to, records, applied].every(Number.isSafeInteger)) continue
    const { source, snapshotId } = restored
    const id = typeof snapshotId === 'string' ? snapshotId : null
    yield {
      life,
      from,
      to,
      records,
      applied,
      source: String(source),
      snapshotId: id,
      restoredAt: restored.t,
      foundAt: typeof restored['nextInput'] === 'number' ? restored['nextInput'] : undefined,
    }
  }
}

const replayedRole = (view: View): Role => (view.changelogInUse ? 'changelog' : 'enriched')

const committedIn = (view: View, { life, from, to }: Replay): FatedRecord[] =>
  (view.partition(replayedRole(view), life.task)?.records ?? []).filter(
    (f) => f.fate === 'committed' && f.record.offset >= from && f.record.offset < to,
  )

const place = (view: View, { life }: Replay, offset: number): AnomalyPlace => ({
  topic: view.input.names[replayedRole(view)],
  partition: life.task,
  offset,
  incarnation: life.incarnation,
})

/** Changelog offset that each snapshot of the newest manifests includes last. */
const includedBy = (view: View): ReadonlyMap<string, number> =>
  view.keep('included by snapshot', () => {
    const raw = view.input.topics.snapshots
    if (!raw) throw view.missing('snapshots', `the topic ${view.input.names.snapshots} could not be read`)
    return new Map(namedSnapshots(raw).map(({ entry }) => [entry.snapshotId, entry.lastChangelogOffset]))
  })

export const replayGap: Check = {
  name: 'replay-gap',
  proves: 'each replay began where its restore ended and was handed every committed record up to its target',
  notApplicable: statefulOnly,
  *run(view): Generator<Anomaly> {
    const name: AnomalyName = 'replay-gap'
    for (const replay of replays(view)) {
      const { life, from, to, records, source, snapshotId } = replay
      const included =
        source === 'snapshot' && snapshotId !== null ? includedBy(view).get(snapshotId) : undefined
      if (view.changelogInUse && included !== undefined && from > included + 1) {
        const message = `${life.incarnation} restored ${snapshotId}, which includes ${included}, and replayed from ${from}`
        yield { name, message, place: place(view, replay, included + 1) }
      }
      const there = committedIn(view, replay)
      if (there.length <= records) continue
      const message = `${life.incarnation} replayed ${records} records between ${from} and ${to}; the log holds ${there.length} committed ones there`
      yield { name, message, place: place(view, replay, there[0]!.record.offset) }
    }
  },
}

/** Next input offset that a life had surely applied to its state by then: a stopped one may wake up later. */
function appliedUpTo(life: Life, at: number): number | undefined {
  const done = life.events.filter((e) => e.f === 'apply' && e.type === 'ok' && e.t <= at)
  return done.length > 0 ? Math.max(...done.map((e) => numberOf(e['nextInput']))) : undefined
}

export const nonIdempotentRecovery: Check = {
  name: 'non-idempotent-recovery',
  proves: 'no recovery onto the local state applied a change that was in it already',
  notApplicable: statefulOnly,
  *run(view): Generator<Anomaly> {
    const before = new Map<number, Life>()
    const lives = livesOf(view).filter((life) => life.operator === 'opb')
    const byLife = new Map([...replays(view)].map((replay) => [replay.life, replay]))
    for (const life of lives) {
      const earlier = before.get(life.task)
      before.set(life.task, life)
      const replay = byLife.get(life)
      const reached = replay && earlier && appliedUpTo(earlier, replay.restoredAt)
      if (!replay || replay.source !== 'local' || reached === undefined) continue
      // State that somebody put back from a copy is older by right: what it lacks is new to it.
      const had = Math.min(reached, replay.foundAt ?? reached)
      // What the cleaner took since is new as well, and can't be counted any more.
      if (view.partition(replayedRole(view), life.task)?.holes) continue
      const fresh = committedIn(view, replay).filter((f) => {
        const source = replayedRole(view) === 'changelog' ? sourceOf(f)?.offset : f.record.offset
        return source === undefined || source >= had
      })
      if (replay.applied <= fresh.length) continue
      yield {
        name: 'non-idempotent-recovery',
        message: `${life.incarnation} applied ${replay.applied} changes on top of its state; ${fresh.length} were new, for the state, last applied to by ${earlier!.incarnation}, held everything below input ${had}`,
        place: place(view, replay, replay.from),
      }
    }
  },
}
