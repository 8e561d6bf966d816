/**
 * Reduction of a failing schedule: fewer faults, orders, keys, transactions and lives, and less disorder, as
 * long as the same anomaly shows.
 *
 * Promises: what it returns was run and is invalid by the same anomaly; it never grows; it ends after a fixed
 * number of steps. A smaller workload is another interleaving, so each reduction looks through a few orders of
 * the same steps, through more of them while the workload is large.
 * Does not: find the smallest; what one step takes away may need another to go first.
 */
import type { AnomalyName } from '../oracle/verdict.ts'
import type { SimCase } from './case.ts'
import { planOf, type SimPlan } from './plan.ts'
import type { ScheduleOutcome } from './run.ts'

/** Of all runs together: some ten seconds. A schedule that gets stuck takes thousands. */
const MAX_STEPS = 500_000
/** Orders of the same steps that are tried for one reduction. */
const ROLLS = 8
/** While it is larger than somebody wants to read. */
const ROLLS_LARGE = 60
export const FEW_ORDERS = 20

export interface Shrunk {
  readonly case: SimCase
  readonly runs: number
  readonly outcome: ScheduleOutcome
}

type Run = (named: SimCase) => Promise<ScheduleOutcome>

class Shrinking {
  best: ScheduleOutcome
  runs = 0
  #steps = 0
  readonly #primary: AnomalyName
  readonly #run: Run

  constructor(failing: ScheduleOutcome, primary: AnomalyName, run: Run) {
    this.best = failing
    this.#primary = primary
    this.#run = run
  }

  get plan(): SimPlan {
    return this.best.plan
  }

  get ordersLeft(): number {
    return this.plan.orders - this.plan.without.length
  }

  /** Keeps the change if the anomaly is still there, in this order of steps or in another one. */
  async keeps(change: Partial<SimCase>, rolls: number): Promise<boolean> {
    const smaller = { ...this.best.case, ...change }
    for (let i = 0; i <= rolls && this.#steps < MAX_STEPS; i++) {
      this.runs += 1
      // Rolls begin where the last ones ended: the same ones again would tell nothing new.
      const tried = await this.#run(i === 0 ? smaller : { ...smaller, roll: this.runs })
      this.#steps += tried.steps
      if (!tried.anomalies.includes(this.#primary)) continue
      this.best = tried
      return true
    }
    return false
  }

  /** The first of the changes that is kept. */
  async first(changes: Iterable<Partial<SimCase>>, rolls: number): Promise<void> {
    for (const change of changes) if (await this.keeps(change, rolls)) return
  }
}

export async function shrink(failing: ScheduleOutcome, primary: AnomalyName, run: Run): Promise<Shrunk> {
  const s = new Shrinking(failing, primary, run)
  for (let size = ''; size !== sizeOf(s.plan);) {
    size = sizeOf(s.plan)
    await fewerFaults(s)
    await simpler(s)
    await fewerOrders(s)
    await fewerKeys(s)
  }
  await leaveOut(s)
  // Last, because the number of the step means nothing in another order of steps.
  await s.first(
    [0, 10, 20, 40, 80, 160, 320].map((calm) => ({ calm })),
    0,
  )
  return { case: s.best.case, runs: s.runs, outcome: s.best }
}

async function fewerFaults(s: Shrinking): Promise<void> {
  for (const fault of faultsOf(s.best.case)) {
    const faults = faultsOf(s.best.case).filter((one) => one !== fault)
    await s.keeps({ faults }, 2)
  }
}

/** Settings at which fewer orders make as many transactions and snapshots. */
async function simpler(s: Shrinking): Promise<void> {
  const { partitions, portions, snapshotUpdates, retain, batch } = s.plan
  if (partitions > 1) await s.keeps({ partitions: 1 }, ROLLS)
  if (portions > 1) await s.keeps({ portions: 1 }, ROLLS)
  if (retain > 1) await s.first(below({ retain }), ROLLS)
  if (snapshotUpdates > 1) await s.first(below({ every: snapshotUpdates }), ROLLS)
  if (s.ordersLeft <= FEW_ORDERS) return
  if (batch.opb > 1) await s.first(below({ opb: batch.opb }), ROLLS)
  if (batch.opa > 1) await s.first(below({ opa: batch.opa }), ROLLS)
}

async function fewerOrders(s: Shrinking): Promise<void> {
  const rolls = s.ordersLeft > FEW_ORDERS ? ROLLS_LARGE : ROLLS
  await s.first(
    fewer(s.plan.orders).map((orders) => ({ orders })),
    rolls,
  )
}

async function fewerKeys(s: Shrinking): Promise<void> {
  const { stores, products } = s.plan
  await s.first(below({ keys: stores * products }), ROLLS)
}

/** Single orders from the middle, the last one first: the numbers of those before it stay. */
async function leaveOut(s: Shrinking): Promise<void> {
  for (let order = s.plan.orders - 1; order >= 0 && s.ordersLeft > 1; order--) {
    const { without } = s.plan
    if (!without.includes(order)) await s.keeps({ without: [...without, order] }, 1)
  }
}

const faultsOf = (named: SimCase): readonly number[] =>
  named.faults ?? planOf(named).faults.map((_, index) => index)

/** A few values below the one that is there, smallest first. */
function below(of: Readonly<Record<string, number>>): Partial<SimCase>[] {
  const [name, value] = Object.entries(of)[0]!
  return [1, 2, 3, 4].filter((small) => small < value).map((small) => ({ [name]: small }))
}

/** Sizes worth trying below n, smallest first: small ones one by one. */
const fewer = (n: number): number[] =>
  [1, 2, 3, 4, 6, 8, 11, 14, 17, FEW_ORDERS, 24, n - 1].filter(
    (size, i, all) => size < n && size > 0 && all.indexOf(size) === i,
  )

const sizeOf = ({ orders, stores, products, faults, partitions, retain, snapshotUpdates }: SimPlan): string =>
  [orders, stores * products, faults.length, partitions, retain, snapshotUpdates].join()
