/**
 * From a scenario to what its cells are to be: the plan, the orders of each, and, where there are several
 * partitions, how the work lies over them.
 *
 * Promises: a pure function of scenario, seed and orders. With several partitions a hit is drawn among the
 * batches that its task really gets, and instances are dealt tasks of about the same weight; with one there
 * is nothing to spread. Does not: run anything.
 */
import { readOrders } from '../../adapters/files/orders-file.ts'
import { planMatrix, type PlanOptions, type PlannedCell } from '../../core/crash/plan.ts'
import { resolvePoints } from '../../core/crash/points.ts'
import { dealTasks, hitBySpread, type Spread } from '../../core/crash/spread.ts'
import { NO_KILL } from '../../core/matrix/result.ts'
import type { Scenario } from '../../core/scenario/resolve.ts'
import { generateOrders } from '../../core/workload/generator.ts'
import { DEFAULT_PROFILE, LAB_DIRT } from '../../core/workload/profile.ts'
import type { OrderSource } from '../../core/workload/source.ts'
import type { CellPlan } from '../cell/cell-plan.ts'
import { spreadOf } from './spread.ts'

/** By seed: a file has the same orders under every one. */
export type Spreads = ReadonlyMap<number, Spread>

export interface PlannedRun {
  readonly planned: readonly PlannedCell[]
  readonly spreads: Spreads
}

export async function planRun(scenario: Scenario, orders: number): Promise<PlannedRun> {
  const planned = planScenario(scenario, orders)
  const { partitions } = scenario
  if (partitions === 1) return { planned, spreads: new Map() }
  const spreads = new Map<number, Spread>()
  const [of] = planned
  let fromFile: Spread | undefined
  for (const { seed, ordersFirst: first } of planned) {
    if (spreads.has(seed)) continue
    const spread =
      fromFile ?? (await spreadOf(sourceOf(scenario, orders, seed), { orders, partitions, first }))
    if (scenario.from !== null) fromFile = spread
    spreads.set(seed, spread)
  }
  if (!of) return { planned, spreads }
  return { planned: planned.map((cell) => hitBySpread(cell, spreads.get(cell.seed)!, orders)), spreads }
}

/** The cells of a scenario, as if its work were spread evenly. */
function planScenario(scenario: Scenario, orders: number): PlannedCell[] {
  const { seed, partitions, repeat } = scenario
  const common = { seed, orders, partitions, repeat, batch: scenario.batch ?? undefined }
  const planned =
    scenario.points?.length === 0 ? [] : planMatrix({ ...common, points: pointsOf(scenario.points) })
  const single = scenario.cells.flatMap(({ point, hit, mode }) =>
    point === NO_KILL
      ? unharmed(common)
      : planMatrix({
          ...common,
          points: resolvePoints([hit === undefined ? point : `${point}:${hit}`]),
          mode,
        }),
  )
  return [...planned, ...single]
}

/** Cells like the others, in which nobody is killed. */
const unharmed = (common: PlanOptions): PlannedCell[] =>
  planMatrix({ ...common, points: resolvePoints(['opb.commit.mid']) }).map((cell) => ({
    ...cell,
    cell: cell.cell.replace(cell.point, NO_KILL),
    point: NO_KILL,
    hit: 0,
    kills: [],
    at: NO_KILL,
  }))

const pointsOf = (points: readonly string[] | null) => (points === null ? undefined : resolvePoints(points))

export function sourceOf(scenario: Scenario, orders: number, seed: number): OrderSource {
  if (scenario.from !== null) return readOrders(scenario.from)
  return generateOrders({
    ...DEFAULT_PROFILE,
    orders,
    seed,
    ...keysOf(scenario),
    ...LAB_DIRT,
    ...(scenario.dirty === null ? {} : { dirty: scenario.dirty }),
  })
}

/** With `keys` as many pairs, evenly used; else the mutant's or the generator's own. */
function keysOf({ keys, stores, products }: Scenario) {
  if (keys === null) {
    return { stores: stores ?? DEFAULT_PROFILE.stores, products: products ?? DEFAULT_PROFILE.products }
  }
  const perStore = Math.max(1, Math.round(Math.sqrt(keys)))
  return { stores: Math.ceil(keys / perStore), products: perStore, skew: 0 }
}

export interface CellOf {
  readonly scenario: Scenario
  readonly orders: number
  readonly spreads: Spreads
  /** Batches are cut by count alone. */
  readonly fixedBatches: boolean
}

export function cellPlan(
  { scenario, orders, spreads, fixedBatches }: CellOf,
  planned: PlannedCell,
): CellPlan {
  const { cell, operator, hit, kills, task, mode, seed, repeat, batch, asked } = planned
  const spread = spreads.get(seed)
  return {
    cell,
    point: planned.point,
    operator,
    hit,
    kills,
    task,
    mode,
    seed,
    repeat,
    batch,
    asked,
    orders,
    partitions: scenario.partitions,
    window: scenario.window,
    pipeline: scenario.pipeline,
    workers: scenario.workers,
    restart: scenario.restart,
    tuning: {
      commitIntervalMs: scenario.commitIntervalMs,
      transactionTimeoutMs: scenario.transactionTimeoutMs,
      snapshotEvery: scenario.snapshotEvery,
      rate: scenario.rate,
    },
    mutant: scenario.mutant,
    ...(spread ? { rest: spread.rest[operator][task]!, ...dealt(scenario, spread) } : {}),
    ...(fixedBatches ? { fixedBatches } : {}),
  }
}

/** A mutant's workers are as its entry says, tasks included. */
const dealt = ({ workers, mutant }: Scenario, { all }: Spread): Pick<CellPlan, 'dealt'> =>
  mutant
    ? {}
    : {
        dealt: {
          opa: dealTasks(all.opa, workers.opa.instances),
          opb: dealTasks(all.opb, workers.opb.instances),
        },
      }
