/**
 * The folds: divergence. Each stage must be what the stage before it adds up to.
 *
 * fold-orders: every effect of OpA is what the model makes of its source: the enriched value, key and
 *   partition of an accepted order, the unchanged bytes of a rejected one in the DLQ.
 * fold-enriched: per key, the enriched records that OpB has processed = the last changelog record = the last
 *   output; and every output's key, partition and step from the one before fit its source. The first pair
 *   that differs is named. For the stateless wrapper: output = enriched, byte for byte.
 * fold-state: SQLite's rows = the changelog below SQLite's next changelog offset, and = the enriched records
 *   below its next input offset. True at any time, for SQLite is a prefix of the committed changelog.
 * They judge what is there; what is missing altogether is lost-write or torn-transaction.
 *
 *   enriched of k: 10 20; changelog: sum 30 count 2; output: sum 30 count 2 -> fine
 *   the same, output: sum 31 count 2         -> divergence(enriched, output) at k
 *   SQLite: sum 10 count 1, next offset 1    -> fine (behind, and it says so)
 *   SQLite: sum 11 count 1, next offset 1    -> divergence(changelog, SQLite) at k
 */
import { partitionOf } from '../../contracts/murmur2.ts'
import type { EnrichedOrder } from '../../contracts/records.ts'
import { type Check, statefulOnly } from '../check.ts'
import type { FatedRecord } from '../raw.ts'
import {
  type CountedOutput,
  changelogRows,
  enrichedSums,
  keyOfSource,
  outputsByKey,
  show,
} from '../totals.ts'
import { readChangelog, readOutput } from '../values.ts'
import type { Anomaly, AnomalyPlace } from '../verdict.ts'
import { type View, srcOf, textOf } from '../view.ts'

const divergence = (message: string, place: AnomalyPlace): Anomaly => ({ name: 'divergence', message, place })

const FIELDS: readonly (keyof EnrichedOrder)[] = [
  'orderId',
  'productId',
  'price',
  'qty',
  'storeId',
  'ts',
  'validated',
  'normTs',
]

const same = (a: Buffer | null, b: Buffer | null): boolean =>
  a === null || b === null ? a === b : a.equals(b)

/** What is wrong with an effect of OpA, given its source. */
function faultOfEnriched(view: View, effect: FatedRecord, order: EnrichedOrder): string | undefined {
  const found = view.enriched(effect)
  if (!found) return 'has a value that is no enriched order'
  const field = FIELDS.find((name) => found[name] !== order[name])
  if (field) return `has ${field} ${JSON.stringify(found[field])}, expected ${JSON.stringify(order[field])}`
  if (textOf(effect.record.key) !== order.orderId)
    return `has the key ${textOf(effect.record.key)}, expected ${order.orderId}`
  const partition = partitionOf(`${order.storeId}#${order.productId}`, view.topic('enriched').length)
  return partition === effect.record.partition
    ? undefined
    : `lies in partition ${effect.record.partition}, expected ${partition}`
}

function faultOfOpa(view: View, effect: FatedRecord, source: FatedRecord): string | undefined {
  const judged = view.model().get(srcOf(effect))
  if (!judged) return undefined // an uncommitted source: aborted-read
  const rejected = effect.topic === view.input.names.dlq
  if (judged.accepted && rejected) return 'is in the DLQ; its source is a good order'
  if (!judged.accepted && !rejected) return `was let through; its source must be rejected: ${judged.why}`
  if (judged.accepted) return faultOfEnriched(view, effect, judged.order)
  const unchanged =
    same(effect.record.value, source.record.value) && same(effect.record.key, source.record.key)
  return unchanged ? undefined : 'is not the unchanged record that was rejected'
}

export const foldOrders: Check = {
  name: 'fold-orders',
  proves: 'orders up to the offset of OpA = enriched + DLQ, value by value',
  *run(view): Generator<Anomaly> {
    for (const effect of [...view.effects(view.opa).values()].flat()) {
      const fault = faultOfOpa(view, effect, view.sourceRecord(view.opa, effect)!)
      if (fault === undefined) continue
      const { topic, record } = effect
      yield divergence(
        `divergence(orders, ${topic}): ${topic}/${record.partition}/${record.offset} from ${srcOf(effect)} ${fault}`,
        view.place(effect),
      )
    }
  },
}

function* passedThrough(view: View): Generator<Anomaly> {
  for (const effect of [...view.effects(view.opb).values()].flat()) {
    const source = view.sourceRecord(view.opb, effect)!
    if (same(effect.record.value, source.record.value) && same(effect.record.key, source.record.key)) continue
    yield divergence(
      `divergence(enriched, output): ${effect.topic}/${effect.record.partition}/${effect.record.offset} is not ${srcOf(effect)} unchanged`,
      view.place(effect),
    )
  }
}

/** What is wrong with one output of a key, given its source and the output before it. */
function faultOfOutput(
  view: View,
  key: string,
  output: CountedOutput,
  before?: CountedOutput,
): string | undefined {
  const source = view.sourceRecord(view.opb, output.record)!
  const order = view.enriched(source)
  if (!order) return undefined
  const expected = keyOfSource(view, source)!
  if (key !== expected) return `has the key ${key}, its source gives ${expected}`
  const { value, record } = output
  if (`${value.storeId}#${value.productId}#${value.windowStart}` !== key)
    return 'has a key that is not its store, product and window'
  if (textOf(record.record.key) !== key) return `has the record key ${textOf(record.record.key)}`
  if (record.record.partition !== source.record.partition)
    return `lies in partition ${record.record.partition}, its source in ${source.record.partition}`
  const { sum, count, seq } = before?.value ?? { sum: 0, count: 0, seq: 0 }
  if (value.seq !== seq + 1) return undefined // a jump is version-gap or version-regression
  const next = { sum: sum + order.price * order.qty, count: count + 1, seq: seq + 1 }
  return value.sum === next.sum && value.count === next.count
    ? undefined
    : `shows ${show(value)}, expected ${show(next)}`
}

function lastChanges(view: View): Map<string, Stand> {
  const last = new Map<string, Stand>()
  for (const f of view.committed('changelog')) {
    const value = view.sourceRecord(view.opb, f) && readChangelog(f)
    if (value && value.seq > (last.get(value.key)?.seq ?? 0)) last.set(value.key, value)
  }
  return last
}

interface Stand {
  readonly seq: number
  readonly sum?: number
  readonly count?: number
}

/** A side without sums (delta-only) is compared by its number alone. */
const differs = (a: Stand | undefined, b: Stand | undefined): boolean =>
  a?.seq !== b?.seq ||
  (a?.sum !== undefined && b?.sum !== undefined && (a.sum !== b.sum || a.count !== b.count))

function* lastPerKey(view: View, named: Set<string>): Generator<Anomaly> {
  const outputs = outputsByKey(view)
  const end = (partition: number): number =>
    view.input.cleanEnd ? view.processedEnd(view.opb, partition) : (view.effectsEnd(view.opb, partition) ?? 0)
  const folded = enrichedSums(view, end)
  const changes = view.changelogInUse ? lastChanges(view) : undefined
  for (const key of new Set([...folded.keys(), ...outputs.keys(), ...(changes?.keys() ?? [])])) {
    if (named.has(key)) continue
    const sums = folded.get(key)
    const fold = sums && { ...sums, seq: sums.count }
    const change = changes?.get(key)
    const output = outputs.get(key)?.at(-1)
    const pair =
      changes && differs(fold, change)
        ? ['enriched', show(fold), 'changelog', show(change)]
        : differs(fold, output?.value)
          ? ['enriched', show(fold), 'output', show(output?.value)]
          : undefined
    if (!pair) continue
    yield divergence(
      `divergence(${pair[0]}, ${pair[2]}) of ${key}: ${pair[1]} against ${pair[3]}`,
      output ? view.place(output.record, key) : { topic: view.input.names.output, key },
    )
  }
}

export const foldEnriched: Check = {
  name: 'fold-enriched',
  proves: 'enriched up to the offset of OpB = last changelog record per key = last output per key',
  *run(view): Generator<Anomaly> {
    if (view.input.pipeline === 'reference') yield* aggregated(view)
    else yield* passedThrough(view)
  },
}

function* aggregated(view: View): Generator<Anomaly> {
  const named = new Set<string>()
  for (const f of view.committed('output')) {
    if (!view.sourceRecord(view.opb, f) || readOutput(f)) continue
    yield divergence(
      `${f.topic}/${f.record.partition}/${f.record.offset} has a value that is no output`,
      view.place(f),
    )
  }
  for (const [key, outputs] of outputsByKey(view)) {
    for (const [i, output] of outputs.entries()) {
      const fault = faultOfOutput(view, key, output, outputs[i - 1])
      if (fault === undefined) continue
      const { topic, record } = output.record
      yield divergence(
        `divergence(enriched, output): ${topic}/${record.partition}/${record.offset} ${fault}`,
        view.place(output.record, key),
      )
      named.add(key)
      break
    }
  }
  yield* lastPerKey(view, named)
}

export const foldState: Check = {
  name: 'fold-state',
  proves: "SQLite's rows = the changelog and the enriched records below its offsets",
  notApplicable: statefulOnly,
  *run(view): Generator<Anomaly> {
    for (const state of view.states()) {
      const { partition, file, owner } = state
      const rows = new Map(state.rows.map((row) => [row.key, row]))
      const logs: [string, number, ReadonlyMap<string, { sum: number; count: number; seq?: number }>][] = [
        ['enriched', state.nextInput, enrichedSums(view, (p) => (p === partition ? state.nextInput : 0))],
      ]
      const holed = view.partition('changelog', partition)?.holes ?? false
      // What is left of a log of deltas adds up to nothing; whether that is a loss, delta-compaction-loss says.
      const adds = state.changelogMode === 'after-image' || (state.changelogMode === 'delta-only' && !holed)
      if (adds) {
        logs.unshift(['changelog', state.nextChangelog, changelogRows(view, partition, state.nextChangelog)])
      }
      const named = new Set<string>()
      for (const [name, end, expected] of logs) {
        for (const key of new Set([...rows.keys(), ...expected.keys()])) {
          const want = expected.get(key)
          const have = rows.get(key)
          const equal =
            want !== undefined &&
            have !== undefined &&
            want.sum === have.sum &&
            want.count === have.count &&
            (want.seq ?? want.count) === have.seq
          // Compaction may have taken a key's last record below `end` because a later one lies above it.
          if (equal || named.has(key) || (holed && name === 'changelog' && want === undefined)) continue
          named.add(key)
          yield divergence(
            `divergence(${name}, SQLite) of ${key}: ${show(want)} below offset ${end}, ${show(have)} in ${file}`,
            {
              topic: view.input.names[name as 'changelog' | 'enriched'],
              partition,
              offset: end,
              key,
              ...(owner === undefined ? {} : { incarnation: owner }),
            },
          )
        }
      }
    }
  },
}
