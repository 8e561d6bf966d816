/**
 * Counts: under-count, over-count, phantom-key. What a reader of the last outputs would believe, against
 * what `orders` alone adds up to.
 *
 * under-count: a key shows fewer orders (or, for the same count, less money) than were taken in.
 * over-count: more.
 * phantom-key: an output, changelog record or SQLite row has a key that no accepted order gives.
 * They don't say where it went wrong (the folds do) and leave out what is not processed yet.
 *
 *   orders of key k: 10 20, both processed; last output of k: sum 10 count 1 -> under-count
 *   last output of k: sum 50 count 3                                         -> over-count
 *   the second order not yet processed, last output: sum 10 count 1          -> fine
 *   output of a key that no order has                                        -> phantom-key
 */
import { type Check, statefulOnly } from '../check.ts'
import type { FatedRecord } from '../raw.ts'
import { expectedSums, knownKeys, outputsByKey, show } from '../totals.ts'
import { readChangelog, readOutput } from '../values.ts'
import type { Anomaly, AnomalyName } from '../verdict.ts'
import type { View } from '../view.ts'

type ReadKey = (f: FatedRecord) => string | undefined

function* miscounts(view: View, wanted: AnomalyName): Generator<Anomaly> {
  const outputs = outputsByKey(view)
  const known = knownKeys(view)
  const expected = expectedSums(view)
  for (const key of new Set([...expected.keys(), ...outputs.keys()])) {
    if (!known.has(key)) continue
    const last = outputs.get(key)?.at(-1)
    const want = expected.get(key) ?? { sum: 0, count: 0 }
    const have = last?.value ?? { sum: 0, count: 0 }
    const difference = have.count - want.count || have.sum - want.sum
    const name = difference < 0 ? 'under-count' : 'over-count'
    if (difference === 0 || name !== wanted) continue
    yield {
      name,
      message: `${key} shows ${show({ sum: have.sum, count: have.count })}; orders add up to ${show(want)}`,
      place: last ? view.place(last.record, key) : { topic: view.input.names.output, key },
    }
  }
}

export const underCount: Check = {
  name: 'under-count',
  proves: 'no key shows less than its processed orders add up to',
  notApplicable: statefulOnly,
  run: (view) => miscounts(view, 'under-count'),
}

export const overCount: Check = {
  name: 'over-count',
  proves: 'no key shows more than its processed orders add up to',
  notApplicable: statefulOnly,
  run: (view) => miscounts(view, 'over-count'),
}

export const phantomKey: Check = {
  name: 'phantom-key',
  proves: 'every key comes from an accepted order',
  notApplicable: statefulOnly,
  *run(view): Generator<Anomaly> {
    const known = knownKeys(view)
    const named = new Set<string>()
    const strange = function* (records: readonly FatedRecord[], read: ReadKey): Generator<Anomaly> {
      for (const f of records) {
        const key = read(f)
        const at = `${f.topic} ${key}`
        // Without a source it is a phantom-output already.
        if (key === undefined || known.has(key) || named.has(at) || !view.sourceRecord(view.opb, f)) continue
        named.add(at)
        yield {
          name: 'phantom-key',
          message: `${key} comes from no accepted order`,
          place: view.place(f, key),
        }
      }
    }
    yield* strange(view.committed('output'), (f) => readOutput(f)?.key)
    yield* strange(view.committed('changelog'), (f) => readChangelog(f)?.key)
    for (const { partition, rows, file } of view.states()) {
      for (const { key } of rows) {
        if (known.has(key)) continue
        yield {
          name: 'phantom-key',
          message: `${key} in ${file} comes from no accepted order`,
          place: { partition, key },
        }
      }
    }
  },
}
