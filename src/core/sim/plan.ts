/**
 * A schedule as data: the workload, the workers and the faults that one seed draws, and how a failing one is
 * made smaller.
 *
 * Promises: `planOf` is a pure function; a reduction only takes away (orders, keys, faults, disorder) or turns a
 * number down, so a reduced case is named by its seed and what is left.
 * Does not: run anything.
 */
import type { ChangelogMode } from '../contracts/records.ts'
import type { SnapshotKind } from '../recovery/snapshot-kind.ts'
import { type Mutant, MUTANTS } from '../scenario/mutants.ts'
import type { SimCase } from './case.ts'
import { drawFault, type Mix, type SimFault } from './mix.ts'
import { random } from './random.ts'

export interface SimPlan {
  readonly seed: number
  readonly orders: number
  readonly stores: number
  readonly products: number
  readonly partitions: number
  /** Processes that share OpA's tasks. */
  readonly instances: number
  readonly batch: { readonly opa: number; readonly opb: number }
  readonly changelog: ChangelogMode
  readonly fetchBytes: number
  readonly chunkBytes: number
  readonly snapshotUpdates: number
  readonly retain: number
  readonly snapshotKind: SnapshotKind
  /** The feeder hands over the orders in so many portions. */
  readonly portions: number
  readonly dirty: number
  /** Orders that are not handed over, counted from 0. */
  readonly without: readonly number[]
  readonly mix: Mix
  readonly faults: readonly SimFault[]
  /** From this step on the oldest request goes first; Infinity: never. */
  readonly calm: number
  /** Seed of the order of steps. */
  readonly scheduleSeed: number
  /** Milliseconds that a dead process's last requests may take to arrive at most. */
  readonly lateMs: number
}

/** Steps that a schedule of this size takes without faults, roughly: faults are spread over them. */
const stepsOf = (orders: number, batch: number): number => 120 + Math.ceil(orders / batch) * 34

/** Half of the seeds draw from everything. */
const MIX_OF: readonly Mix[] = [
  'usual',
  'usual',
  'usual',
  'usual',
  'usual',
  'pauses',
  'pauses',
  'commits',
  'commits',
  'snapshots',
]

function drawPlan(seed: number, named: Mix | undefined): SimPlan {
  const draw = random(seed, 'plan')
  const mix = named ?? random(seed, 'mix').pick(MIX_OF)
  const orders = draw.between(6, 36)
  const partitions = draw.chance(40) ? 2 : 1
  const batch = { opa: draw.between(1, 6), opb: draw.between(1, 6) }
  const faultDraw = random(seed, 'faults')
  const steps = stepsOf(orders, Math.min(batch.opa, batch.opb))
  const mode = draw.below(20)
  return {
    seed,
    orders,
    stores: draw.between(1, 3),
    products: draw.between(1, 3),
    partitions,
    instances: partitions > 1 && draw.chance(50) ? 2 : 1,
    batch,
    changelog: mode === 0 ? 'delta-only' : mode === 1 ? 'off' : 'after-image',
    fetchBytes: draw.pick([1, 400, 1_500, 100_000]),
    chunkBytes: draw.pick([1, 300, 1_000, 100_000]),
    snapshotUpdates: draw.between(2, 12),
    retain: draw.between(1, 3),
    snapshotKind: draw.pick(['full', 'auto', 'partial', 'partial']),
    portions: draw.between(1, 4),
    dirty: draw.chance(50) ? 0.1 : 0,
    without: [],
    mix,
    faults: Array.from({ length: faultDraw.between(1, 5) }, () =>
      drawFault(faultDraw, { mix, partitions, steps }),
    ),
    calm: Number.POSITIVE_INFINITY,
    scheduleSeed: seed,
    lateMs: mix === 'commits' ? 80 : 0,
  }
}

export const mutantNamed = (name: string | undefined): Mutant | undefined =>
  name === undefined ? undefined : (MUTANTS as Readonly<Record<string, Mutant>>)[name]

/** What a mutant's workload and workers ask for on top of what the seed drew. */
function fitted(plan: SimPlan, mutant: Mutant | undefined): SimPlan {
  if (!mutant) return plan
  const { partitions, dirty } = mutant.workload
  return {
    ...plan,
    changelog: mutant.workers.opb.changelog ?? 'after-image',
    partitions: Math.max(partitions, plan.partitions),
    dirty: dirty === undefined ? plan.dirty : 0.2,
  }
}

/** Smaller where the case says so, never larger. */
function reduced(drawn: SimPlan, named: SimCase): SimPlan {
  const least = (value: number | undefined, most: number): number => Math.min(value ?? most, most)
  const { keys, roll } = named
  const partitions = least(named.partitions, drawn.partitions)
  return {
    ...drawn,
    orders: least(named.orders, drawn.orders),
    without: named.without ?? [],
    stores: keys === undefined ? drawn.stores : 1,
    products: keys === undefined ? drawn.products : Math.min(keys, drawn.stores * drawn.products),
    partitions,
    instances: Math.min(drawn.instances, partitions),
    portions: least(named.portions, drawn.portions),
    batch: { opa: least(named.opa, drawn.batch.opa), opb: least(named.opb, drawn.batch.opb) },
    snapshotUpdates: least(named.every, drawn.snapshotUpdates),
    retain: least(named.retain, drawn.retain),
    calm: named.calm ?? drawn.calm,
    scheduleSeed: roll === undefined ? drawn.seed : (drawn.seed ^ Math.imul(roll, 0x85ebca6b)) >>> 0,
  }
}

export function planOf(named: SimCase): SimPlan {
  const drawn = fitted(drawPlan(named.seed, named.mix), mutantNamed(named.mutant))
  const plan = reduced(drawn, named)
  const size = (p: SimPlan): number =>
    stepsOf(p.orders - p.without.length, Math.min(p.batch.opa, p.batch.opb))
  const again = random(plan.scheduleSeed, 'faults')
  const moved = (fault: SimFault): SimFault => ({
    ...fault,
    task: fault.task % plan.partitions,
    step:
      named.roll === undefined
        ? Math.floor((fault.step * size(plan)) / size(drawn))
        : again.below(size(plan)),
  })
  const faults = drawn.faults.map(moved)
  return {
    ...plan,
    faults: named.faults === undefined ? faults : faults.filter((_, i) => named.faults!.includes(i)),
  }
}
