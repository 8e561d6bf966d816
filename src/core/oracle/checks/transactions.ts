/**
 * Transactions: torn-transaction (G1b), reorder, zombie-write.
 *
 * torn-transaction: the records of one `txn` header have different fates; or a stateful effect has its
 *   output committed and not its changelog record, or the reverse. Records that the cleaner may have taken
 *   are not missed: a later record of the key must then be there.
 * reorder: within one partition, the first effects of one source partition do not follow its order.
 *   Repetitions are duplicates and don't count here.
 * zombie-write: after another writer (producer id, epoch, incarnation) has committed effects of a source
 *   partition, an earlier one commits again. A task handed back under a new epoch is a new writer.
 *
 *   txn a/1/7: output committed, changelog aborted   -> torn-transaction
 *   effects of 0 2 1                                 -> reorder;    0 1 0 1 2 -> only duplicates
 *   writers A A B B A                                -> zombie-write;  A A B B -> fine
 */
import { HEADER, decodeTxn } from '../../contracts/headers.ts'
import type { Check } from '../check.ts'
import { type FatedRecord, sourceOf } from '../raw.ts'
import { readChangelog, readOutput } from '../values.ts'
import type { Anomaly } from '../verdict.ts'
import { type Role, type View, srcOf } from '../view.ts'

const at = (f: FatedRecord): string => `${f.topic}/${f.record.partition}/${f.record.offset}`

function* tornFates(view: View, roles: readonly Role[]): Generator<Anomaly> {
  const byTxn = new Map<string, { kept?: FatedRecord; not?: FatedRecord }>()
  for (const f of roles.flatMap((role) => view.topic(role)).flatMap((p) => p.records)) {
    const txn = f.record.headers[HEADER.txn]
    // While markers are being written one topic may have its own and the next not yet: no tear until the end.
    if (txn === undefined || !f.record.transactional || (f.fate === 'open' && !view.input.cleanEnd)) continue
    const ends = byTxn.get(txn) ?? {}
    if (f.fate === 'committed') ends.kept ??= f
    else ends.not ??= f
    byTxn.set(txn, ends)
  }
  for (const [txn, { kept, not }] of byTxn) {
    if (!kept || !not) continue
    yield {
      name: 'torn-transaction',
      message: `of ${txn}, ${at(kept)} is committed and ${at(not)} is ${not.fate}`,
      place: view.place(not),
    }
  }
}

function* tornEffects(view: View): Generator<Anomaly> {
  const bySource = new Map(view.committed('changelog').map((f) => [srcOf(f), f]))
  const compacted = new Set(
    view.topic('changelog').flatMap((p) => (p.holes || p.logStart > 0 ? [p.partition] : [])),
  )
  const newest = new Map<string, number>()
  for (const f of bySource.values()) {
    const value = readChangelog(f)
    if (value) newest.set(value.key, Math.max(newest.get(value.key) ?? 0, value.seq))
  }
  for (const [src, [output]] of view.effects(view.opb)) {
    const { partition, offset } = sourceOf(output!)!
    const settled = offset < (view.groupOffset(view.opb, partition) ?? 0)
    if (!settled || bySource.has(src)) continue
    const value = readOutput(output!)
    const superseded = value !== undefined && (newest.get(value.key) ?? 0) >= value.seq
    if (compacted.has(output!.record.partition) && superseded) continue
    yield {
      name: 'torn-transaction',
      message: `${src} has its output ${at(output!)} committed and no changelog record`,
      place: view.place(output!),
    }
  }
  for (const [src, change] of bySource) {
    const from = sourceOf(change)
    if (!from || from.offset >= (view.groupOffset(view.opb, from.partition) ?? 0)) continue
    if (view.effects(view.opb).has(src) || !view.sourceRecord(view.opb, change)) continue
    yield {
      name: 'torn-transaction',
      message: `${src} has its changelog record ${at(change)} committed and no output`,
      place: view.place(change),
    }
  }
}

export const tornTransaction: Check = {
  name: 'torn-transaction',
  proves: 'the effects of one transaction are visible all together or not at all',
  *run(view): Generator<Anomaly> {
    const stateful = view.input.pipeline === 'reference'
    const roles: Role[] = ['enriched', 'dlq', 'output']
    yield* tornFates(view, stateful ? [...roles, 'changelog', 'snapshots'] : roles)
    if (stateful && view.changelogInUse) yield* tornEffects(view)
  },
}

/** Committed effects of one output partition, split by the source partition they came from. */
function* lanes(view: View): Generator<FatedRecord[]> {
  for (const step of view.steps) {
    for (const log of step.effects.flatMap((role) => view.topic(role))) {
      const bySource = new Map<number, FatedRecord[]>()
      for (const f of log.records) {
        if (f.fate !== 'committed' || !view.sourceRecord(step, f)) continue
        const { partition } = sourceOf(f)!
        const lane = bySource.get(partition)
        if (lane) lane.push(f)
        else bySource.set(partition, [f])
      }
      yield* bySource.values()
    }
  }
}

export const reorder: Check = {
  name: 'reorder',
  proves: 'effects stand in the order of their sources',
  *run(view): Generator<Anomaly> {
    for (const lane of lanes(view)) {
      const seen = new Set<number>()
      let highest = -1
      for (const f of lane) {
        const { offset } = sourceOf(f)!
        if (offset < highest && !seen.has(offset)) {
          yield {
            name: 'reorder',
            message: `${at(f)} comes from ${srcOf(f)} and stands after an effect of offset ${highest}`,
            place: view.place(f),
          }
        }
        seen.add(offset)
        highest = Math.max(highest, offset)
      }
    }
  },
}

export const zombieWrite: Check = {
  name: 'zombie-write',
  proves: 'once a newer writer of a task has committed, no earlier one commits again',
  *run(view): Generator<Anomaly> {
    for (const lane of lanes(view)) {
      const earlier = new Set<string>()
      let current: string | undefined
      for (const f of lane) {
        const { producerId, epoch, transactional, headers } = f.record
        if (!transactional) continue
        const incarnation = decodeTxn(headers[HEADER.txn])?.incarnation ?? ''
        const writer = `${incarnation} (producer ${producerId}, epoch ${epoch})`
        if (earlier.has(writer)) {
          yield {
            name: 'zombie-write',
            message: `${at(f)} was committed by ${writer} after ${current} had taken over`,
            place: view.place(f),
          }
          continue
        }
        if (current !== undefined && writer !== current) earlier.add(current)
        current = writer
      }
    }
  },
}
