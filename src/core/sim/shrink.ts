/**
 * Reduction of a failing schedule: fewer faults, orders and keys, and less disorder, as long as the same
 * anomaly shows.
 *
 * Promises: what it returns was run and is invalid by the same anomaly; it never grows; it ends after a fixed
 * number of runs. A smaller workload is another interleaving, so each reduction may look through a few.
 * Does not: find the smallest; what one step takes away may need another to go first.
 */
import type { AnomalyName } from '../oracle/verdict.ts'
import { planOf, type SimCase } from './plan.ts'
import type { ScheduleOutcome } from './run.ts'

const MAX_RUNS = 400
const ROLLS = 6

export interface Shrunk {
  readonly case: SimCase
  readonly runs: number
  readonly outcome: ScheduleOutcome
}

type Run = (named: SimCase) => Promise<ScheduleOutcome>

export async function shrink(failing: ScheduleOutcome, primary: AnomalyName, run: Run): Promise<Shrunk> {
  let best = failing
  let runs = 0
  /** Keeps the reduction if the anomaly is still there, in this order of steps or in another one. */
  const keeps = async (smaller: SimCase, rolls: number): Promise<boolean> => {
    for (let roll = 0; roll <= rolls && runs < MAX_RUNS; roll++) {
      runs += 1
      const tried = await run(roll === 0 ? smaller : { ...smaller, roll })
      if (!tried.anomalies.includes(primary)) continue
      best = tried
      return true
    }
    return false
  }
  for (let size = ''; size !== sizeOf(best.case);) {
    size = sizeOf(best.case)
    for (const fault of faultsOf(best.case)) {
      const faults = faultsOf(best.case).filter((one) => one !== fault)
      await keeps({ ...best.case, faults }, 1)
    }
    for (const orders of fewer(planOf(best.case).orders)) {
      if (await keeps({ ...best.case, orders }, ROLLS)) break
    }
    const { stores, products } = planOf(best.case)
    for (let keys = 1; keys < stores * products; keys++) {
      if (await keeps({ ...best.case, keys }, ROLLS)) break
    }
  }
  // Last, because the number of the step means nothing in another order of steps.
  for (const calm of [0, 10, 20, 40, 80, 160, 320]) if (await keeps({ ...best.case, calm }, 0)) break
  return { case: best.case, runs, outcome: best }
}

const faultsOf = (named: SimCase): readonly number[] =>
  named.faults ?? planOf(named).faults.map((_, index) => index)

/** Sizes worth trying below n, smallest first: small ones one by one. */
const fewer = (n: number): number[] =>
  [1, 2, 3, 4, 6, 8, 12, 16, 24, n - 1].filter(
    (size, i, all) => size < n && size > 0 && all.indexOf(size) === i,
  )

const sizeOf = (named: SimCase): string => {
  const { orders, stores, products, faults } = planOf(named)
  return [orders, stores * products, faults.length].join()
}
