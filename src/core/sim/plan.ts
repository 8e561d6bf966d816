/**
 * A schedule as data: the workload, the workers and the faults that one seed draws, and how a failing one is
 * made smaller.
 *
 * Promises: `planOf` is a pure function; a reduction only takes away (orders, keys, faults, disorder), so a
 * reduced case is named by its seed and what is left, in one word: `17`, `17,orders=4,keys=1,faults=0+2,calm=90`.
 * Does not: run anything.
 */
import type { ChangelogMode } from '../contracts/records.ts'
import type { Operator } from '../contracts/names.ts'
import { CRASH_POINTS } from '../crash/registry.ts'
import { LabError } from '../errors.ts'
import type { SnapshotKind } from '../recovery/snapshot-kind.ts'
import { type Mutant, MUTANTS } from '../scenario/mutants.ts'
import { random, type Random } from './random.ts'

export const FAULT_KINDS = [
  'kill',
  'kill-at-point',
  'kill-in-recovery',
  'pause',
  'lost-answer',
  'repeated-request',
  'expiry',
  'store-error',
  'snapshot-error',
  'compaction',
  'snapshot-request',
] as const
export type FaultKind = (typeof FAULT_KINDS)[number]

export interface SimFault {
  readonly kind: FaultKind
  readonly worker: Operator
  readonly task: number
  /** Step of the scheduler from which on it waits for its occasion. */
  readonly step: number
  /** kill-at-point only. */
  readonly point: string
  readonly hit: number
  /** OpB's local state is gone when the next life starts. */
  readonly cold: boolean
  /** Until the next life starts, or the paused process is woken. */
  readonly delayMs: number
  /** pause: another incarnation is started meanwhile. store-error, lost-answer: it had
   *  taken effect. */
  readonly extra: boolean
}

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
  readonly faults: readonly SimFault[]
  /** From this step on the oldest request goes first; Infinity: never. */
  readonly calm: number
  /** Seed of the order of steps. */
  readonly scheduleSeed: number
}

/** What names a schedule: the seed, what is wrong with the code on purpose, and what was taken away. */
export interface SimCase {
  readonly seed: number
  readonly mutant?: string | undefined
  readonly orders?: number | undefined
  readonly keys?: number | undefined
  /** Indices of the faults that are left. */
  readonly faults?: readonly number[] | undefined
  readonly calm?: number | undefined
  /** Another order of the same steps: what a reduction looks through. */
  readonly roll?: number | undefined
}

/** Points that a life can be told to die at; the others are made by the supervisor or by faults of their own. */
const POINTS = CRASH_POINTS.filter(
  (p) => (p.made === 'worker' || p.made === 'wire') && p.repeats === undefined,
).map((p) => p.name)

/** Reached once a life, before it does anything else: a life is killed first, and the next one there. */
const IN_RECOVERY = CRASH_POINTS.filter((p) => p.counts === 'recoveries')

export const SIM_POINTS: readonly string[] = POINTS

const KINDS: readonly FaultKind[] = [
  ...Array.from({ length: 6 }, () => 'kill-at-point' as const),
  ...Array.from({ length: 4 }, () => 'kill' as const),
  ...Array.from({ length: 4 }, () => 'pause' as const),
  'lost-answer',
  'lost-answer',
  'repeated-request',
  'expiry',
  'expiry',
  'store-error',
  'snapshot-error',
  'compaction',
  'snapshot-request',
  'snapshot-request',
]

function drawFault(draw: Random, plan: { partitions: number; steps: number }): SimFault {
  const drawn = draw.pick(KINDS)
  const point = draw.pick(POINTS)
  const recovery = IN_RECOVERY.find((p) => p.name === point)
  const kind = drawn === 'kill-at-point' && recovery ? 'kill-in-recovery' : drawn
  const worker: Operator =
    drawn === 'kill-at-point' ? (point.startsWith('opa') ? 'opa' : 'opb') : draw.chance(35) ? 'opa' : 'opb'
  const long = draw.chance(10)
  return {
    kind,
    worker,
    point,
    task: draw.below(plan.partitions),
    step: draw.below(plan.steps),
    hit: draw.between(1, 2),
    cold: draw.chance(30) || (kind === 'kill-in-recovery' && recovery!.cold),
    // Longer than the transaction timeout now and then: then the coordinator ends what was left open.
    delayMs: long ? draw.between(9_000, 12_000) : draw.between(0, 150),
    extra: draw.chance(70),
  }
}

/** Steps that a schedule of this size takes without faults, roughly: faults are spread over them. */
const stepsOf = (orders: number, batch: number): number => 120 + Math.ceil(orders / batch) * 34

function drawPlan(seed: number): SimPlan {
  const draw = random(seed, 'plan')
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
    faults: Array.from({ length: faultDraw.between(1, 5) }, () =>
      drawFault(faultDraw, { partitions, steps }),
    ),
    calm: Number.POSITIVE_INFINITY,
    scheduleSeed: seed,
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

export function planOf(named: SimCase): SimPlan {
  const drawn = fitted(drawPlan(named.seed), mutantNamed(named.mutant))
  const { keys, roll } = named
  const orders = Math.min(drawn.orders, named.orders ?? drawn.orders)
  const plan = {
    ...drawn,
    orders,
    stores: keys === undefined ? drawn.stores : 1,
    products: keys === undefined ? drawn.products : Math.min(keys, drawn.stores * drawn.products),
    calm: named.calm ?? drawn.calm,
    scheduleSeed: roll === undefined ? drawn.seed : (drawn.seed ^ Math.imul(roll, 0x85ebca6b)) >>> 0,
  }
  const size = (p: SimPlan): number => stepsOf(p.orders, Math.min(p.batch.opa, p.batch.opb))
  const again = random(plan.scheduleSeed, 'faults')
  const moved = (fault: SimFault): SimFault => ({
    ...fault,
    step: roll === undefined ? Math.floor((fault.step * size(plan)) / size(drawn)) : again.below(size(plan)),
  })
  const faults = drawn.faults.map(moved)
  return {
    ...plan,
    faults: named.faults === undefined ? faults : faults.filter((_, i) => named.faults!.includes(i)),
  }
}

export function encodeCase({ seed, orders, keys, faults, calm, roll }: SimCase): string {
  const parts = [String(seed)]
  if (orders !== undefined) parts.push(`orders=${orders}`)
  if (keys !== undefined) parts.push(`keys=${keys}`)
  if (faults !== undefined) parts.push(`faults=${faults.length === 0 ? 'none' : faults.join('+')}`)
  if (calm !== undefined) parts.push(`calm=${calm}`)
  if (roll !== undefined) parts.push(`roll=${roll}`)
  return parts.join(',')
}

export function decodeCase(text: string): SimCase {
  const [seed = '', ...parts] = text.split(',')
  const wrong = (what: string): LabError =>
    new LabError('USAGE', `--replay ${text}: ${what}`, {
      hint: 'it looks like 17 or 17,orders=4,keys=1,faults=0+2,calm=90; copy it from the run that failed',
    })
  const whole = (digits: string): number => {
    if (!/^\d{1,10}$/.test(digits)) throw wrong(`${JSON.stringify(digits)} is no whole number`)
    return Number(digits)
  }
  const found: { -readonly [K in keyof SimCase]: SimCase[K] } = { seed: whole(seed) }
  for (const part of parts) {
    const [name, value = ''] = part.split('=')
    if (name === 'orders' || name === 'keys' || name === 'calm' || name === 'roll') found[name] = whole(value)
    else if (name === 'faults') found.faults = value === 'none' ? [] : value.split('+').map(whole)
    else throw wrong(`${JSON.stringify(part)} is not known`)
  }
  return found
}
