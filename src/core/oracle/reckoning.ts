/**
 * The reckoning: how many records and how much money, and what was counted too often, told per order.
 *
 * Promises: counts of committed records per topic (`orders`, `enriched`, `dlq`, `output`, `changelog`), of the
 * model (`accepted`, `rejected`), `uncommitted_<topic>` (what read_uncommitted shows beyond read_committed,
 * aborted and open), `unprocessed` and `unprocessed_enriched` (beyond the operators' offsets), `keys`,
 * `sum_in` (money of all accepted orders), `sum_expected` (of the processed ones), `sum_out` (over the last
 * outputs; over all outputs for the stateless wrapper).
 * Does not: judge. A number whose source could not be read is left out.
 */
import type { FatedRecord } from './raw.ts'
import { expectedSums, outputsByKey } from './totals.ts'
import { readOutput } from './values.ts'
import type { Overcharge } from './verdict.ts'
import { type Role, type View, srcOf } from './view.ts'

const KEPT = 1000

const total = (amounts: Iterable<number>): number => {
  let sum = 0n
  for (const amount of amounts) sum += BigInt(amount)
  return Number(sum)
}

export function countTotals(view: View): Record<string, number> {
  const totals: Record<string, number> = {}
  const count = (name: string, how: () => number): void => {
    try {
      totals[name] = how()
    } catch {
      // left out: the checks that need the same input say why
    }
  }
  const roles: Role[] = ['orders', 'enriched', 'dlq', 'output', 'changelog', 'snapshots']
  for (const role of roles.filter((r) => view.input.topics[r])) {
    count(role, () => view.committed(role).length)
    const fate = (wanted: string) => (): number =>
      view.topic(role).reduce((n, p) => n + p.records.filter((f) => f.fate === wanted).length, 0)
    count(`uncommitted_${role}`, () => fate('aborted')() + fate('open')())
    count(`open_${role}`, fate('open'))
  }
  const judged = (): { accepted: boolean }[] => [...view.model().values()]
  count('accepted', () => judged().filter((j) => j.accepted).length)
  count('rejected', () => judged().filter((j) => !j.accepted).length)
  const ahead = (role: 'orders' | 'enriched') => (): number => {
    const step = role === 'orders' ? view.opa : view.opb
    const beyond = (f: FatedRecord): boolean =>
      f.record.offset >= (view.groupOffset(step, f.record.partition) ?? 0)
    return view.committed(role).filter(beyond).length
  }
  count('unprocessed', ahead('orders'))
  count('unprocessed_enriched', ahead('enriched'))
  count('sum_in', () => total([...view.model().values()].map((j) => (j.accepted ? j.amount : 0))))
  if (view.input.pipeline === 'reference') {
    const last = (): number[] => [...outputsByKey(view).values()].map((outputs) => outputs.at(-1)!.value.sum)
    count('keys', () => outputsByKey(view).size)
    count('sum_expected', () => total([...expectedSums(view).values()].map((s) => s.sum)))
    count('sum_out', () => total(last()))
  } else {
    count('sum_out', () => total([...view.effects(view.opb).values()].flat().map((f) => amountOf(view, f))))
  }
  return totals
}

const amountOf = (view: View, enriched: FatedRecord): number => {
  const order = view.enriched(enriched)
  return order ? order.price * order.qty : 0
}

/** Orders that were counted once too often, or should not have been counted, with their money. */
export function overcharges(view: View): { overcharge: Overcharge[]; overchargeTotal: number } {
  const found: Overcharge[] = []
  try {
    for (const entry of surplusMoney(view)) found.push(entry)
  } catch {
    // the checks that need the same input are unknown, and say why
  }
  return { overcharge: found.slice(0, KEPT), overchargeTotal: total(found.map((o) => o.amount)) }
}

function* surplusMoney(view: View): Generator<Overcharge> {
  const entry = (src: string, enriched: FatedRecord, cause: Overcharge['cause']): Overcharge | undefined => {
    const order = view.enriched(enriched)
    return order && { orderId: order.orderId, amount: order.price * order.qty, src, cause }
  }
  for (const [src, effects] of view.effects(view.opa)) {
    for (const copy of effects.slice(1)) {
      const one = copy.topic === view.input.names.enriched ? entry(src, copy, 'duplicate') : undefined
      if (one) yield one
    }
  }
  const stateful = view.input.pipeline === 'reference'
  for (const [src, effects] of view.effects(view.opb)) {
    const source = view.recordsBySource('enriched').get(src)!
    // A copy that repeats an after-image charges nobody: its readers see the same total again.
    const counted = stateful ? new Set(effects.map((f) => readOutput(f)?.seq ?? -1)).size : effects.length
    const uncommitted = source.fate !== 'committed'
    for (let n = uncommitted ? 0 : 1; n < counted; n++) {
      const one = entry(srcOf(effects[0]!), source, uncommitted ? 'aborted-read' : 'duplicate')
      if (one) yield one
    }
  }
}
