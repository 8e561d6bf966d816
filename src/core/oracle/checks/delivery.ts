/**
 * Delivery, judged on `src`: lost-write and duplicate.
 *
 * lost-write: a committed input record below the group's committed offset has no committed effect. The
 *   offset says "done", nobody did it, and nobody will. One anomaly per record. (The same harm seen from
 *   the offset's side is `offset-ahead`, in atomicity.ts.)
 * duplicate: one source record has two committed effects of one operator; enriched and DLQ count together.
 *   One anomaly per surplus record.
 * Neither judges values, nor records at or above the committed offset: those are `unprocessed`.
 *
 *   orders 0 1 2, group 3, effects of 0 2     -> lost-write at orders/0/1
 *   orders 0 1 2, group 1, effects of 0       -> fine (1 and 2 are unprocessed)
 *   effects of 0 1 1                          -> duplicate at the second effect of 1
 *   effects of 0, and of 1 aborted, then of 1 -> fine
 */
import type { Check } from '../check.ts'
import type { FatedRecord } from '../raw.ts'
import type { Anomaly } from '../verdict.ts'
import { type Step, type View, sourceKey, srcOf } from '../view.ts'

/** Committed input records of a partition, below `end`, without a committed effect. */
export function* withoutEffect(
  view: View,
  step: Step,
  partition: number,
  end: number,
): Generator<FatedRecord> {
  const effects = view.effects(step)
  for (const f of view.partition(step.input, partition)?.records ?? []) {
    if (f.record.offset >= end) return
    if (f.fate === 'committed' && !effects.has(sourceKey(f.topic, partition, f.record.offset))) yield f
  }
}

export const lostWrite: Check = {
  name: 'lost-write',
  proves: 'every committed input record below the committed offset has a committed effect',
  *run(view): Generator<Anomaly> {
    for (const step of view.steps) {
      for (const { topic, partition } of view.topic(step.input)) {
        const end = view.groupOffset(step, partition) ?? 0
        for (const lost of withoutEffect(view, step, partition, end)) {
          yield {
            name: 'lost-write',
            message: `${topic}/${partition}/${lost.record.offset} lies below the committed offset ${end} of ${step.group} and has no committed effect`,
            place: view.place(lost),
          }
        }
      }
    }
  },
}

function* surplus(view: View, step: Step): Generator<FatedRecord[]> {
  for (const effects of view.effects(step).values()) if (effects.length > 1) yield [...effects]
}

export const duplicate: Check = {
  name: 'duplicate',
  proves: 'no input record has two committed effects of one operator',
  *run(view): Generator<Anomaly> {
    const named = new Set<string>()
    for (const step of view.steps) {
      for (const [first, ...again] of surplus(view, step)) {
        named.add(srcOf(first!))
        for (const copy of again) yield twice(view, first!, copy)
      }
    }
    if (view.input.pipeline !== 'reference') return
    // The changelog alone: where the output is doubled too, the cause has been named already.
    const seen = new Map<string, FatedRecord>()
    for (const f of view.committed('changelog')) {
      const first = seen.get(srcOf(f))
      if (!first) seen.set(srcOf(f), f)
      else if (srcOf(f) !== '' && !named.has(srcOf(f))) yield twice(view, first, f)
    }
  },
}

const twice = (view: View, first: FatedRecord, copy: FatedRecord): Anomaly => ({
  name: 'duplicate',
  message: `${srcOf(copy)} has a second committed effect at ${copy.topic}/${copy.record.partition}/${copy.record.offset}; the first is ${first.topic}/${first.record.partition}/${first.record.offset}`,
  place: view.place(copy),
})
