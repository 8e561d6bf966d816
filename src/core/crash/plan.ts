/**
 * The plan of a matrix: which cells, each with its point, hit, task and kind of restart.
 *
 * Promises: a pure function of its options. Each cell draws from a stream of its own, seeded by (cell seed,
 * point, mode), so that other cells change nothing: a cell alone, asked for with the same seed and hit,
 * is the same cell. Repeat r of seed s is repeat 1 of seed s + r - 1, workload included.
 * Does not: know how records are spread over partitions. Hits are drawn from the middle third of the batches
 * that an even spread would leave, so a task may have two thirds of its fair share and still get there.
 *
 * Example: 2,000 orders, 1 partition: batches of 66, the feed stops at 800, 18 batches remain, hits 7 to 12.
 */
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { murmur2 } from '../contracts/murmur2.ts'
import type { Operator } from '../contracts/names.ts'
import { LabError } from '../errors.ts'
import { CRASH_POINTS, findPoint, resolvePoints } from './points.ts'
import type { CrashPoint, Place, PointOrder } from './points.ts'

export interface PlanOptions {
  /** Absent: the default matrix, the smoke selection once and one cold OpB cell. */
  readonly points?: readonly PointOrder[] | undefined
  readonly seed: number
  readonly orders: number
  readonly partitions: number
  readonly repeat?: number | undefined
  /** Records per transaction at most; absent: by `batchSize`. */
  readonly batch?: number | undefined
  /** Restart of the cells of a stateful operator; an operator without state has nothing to delete. */
  readonly mode?: RestartMode | undefined
}

/** One kill: of the running life, or of the one that came after the kill before. */
export interface Kill {
  readonly point: string
  readonly hit: number
}

/** cold: the local state is deleted between kill and restart. */
export type RestartMode = 'warm' | 'cold'

export interface PlannedCell {
  /** Unique within the plan; fit for a file name and a topic prefix. */
  readonly cell: string
  /** Name of the point in the registry. */
  readonly point: string
  readonly operator: Operator
  /** Counted for the task from the release of the rest; for `random`, lines of the worker's journal. */
  readonly hit: number
  /** All kills of the cell, in order; one, except for pairs and loops. */
  readonly kills: readonly Kill[]
  /** What asks for this very cell again. */
  readonly at: string
  /** The hit was asked for, so having nothing before it is no fault. */
  readonly asked: boolean
  readonly task: number
  readonly mode: RestartMode
  readonly repeat: number
  /** Seed of the cell: workload and draws. */
  readonly seed: number
  /** Records per transaction at most. */
  readonly batch: number
  /** Orders fed before the snapshot; the rest is released after it. */
  readonly ordersFirst: number
}

/** What is fed before the snapshot; the rest is released after it. */
const FIRST_SHARE = 0.4
export const ordersFirst = (orders: number): number => Math.floor(orders * FIRST_SHARE)

const DEFAULT_COLD = 'opb.commit.mid'

/** clamp(orders / (30 x partitions), 10, 1000): one seed means one plan whatever the fetches bring. */
export const batchSize = (orders: number, partitions: number): number =>
  Math.min(1000, Math.max(10, Math.floor(orders / (30 * partitions))))

/** Whole batches that each task still has to commit once the rest is released; at least one. */
export function remainingBatches(
  orders: number,
  partitions: number,
  batch = batchSize(orders, partitions),
): number {
  const rest = orders - ordersFirst(orders)
  return Math.max(1, Math.floor(rest / partitions / batch))
}

export type Draw = (from: number, to: number) => number

/** A stream of its own per key; the seed enters as text, so that any safe integer counts in full. */
export function stream(key: string): Draw {
  const rng = xoroshiro128plus(murmur2(new TextEncoder().encode(key)))
  return (from, to) => uniformInt(rng, from, to)
}

/** The middle third of 1..count, both ends included; never empty. */
export function middleThird(count: number): readonly [number, number] {
  const from = Math.floor(count / 3) + 1
  return [from, Math.max(from, Math.floor((2 * count) / 3))]
}

interface Wanted extends PointOrder {
  readonly mode: RestartMode | undefined
}

/** The points at which the cell kills, one life after the other. */
function chainOf({ point, hit, first }: PointOrder): Place[] {
  if (point.repeats) {
    const again = findPoint(point.repeats.point)!
    return Array.from({ length: point.repeats.times }, (_, i) => ({
      point: again,
      hit: i === 0 ? hit : null,
    }))
  }
  if (first) return [...first, { point, hit }]
  if (point.fault?.after) return [{ point: findPoint(point.fault.after)!, hit }]
  return point.base
    ? [
        { point: findPoint(point.base)!, hit: null },
        { point, hit },
      ]
    : [{ point, hit }]
}

const modeOf = (chain: readonly Place[], asked: RestartMode | undefined): RestartMode => {
  if (chain.some(({ point }) => point.cold)) return 'cold'
  return chain[0]!.point.stateful ? (asked ?? 'warm') : 'warm'
}

function planCell(wanted: Wanted, repeat: number, options: PlanOptions): PlannedCell {
  const { point } = wanted
  const chain = chainOf(wanted)
  const mode = point.fault ? 'warm' : modeOf(chain, wanted.mode)
  const { orders, partitions } = options
  const seed = options.seed + repeat - 1
  const ownName = point.repeats !== undefined || point.fault !== undefined
  const name = ownName ? point.name : chain.map((place) => place.point.name).join('+')
  const draw = stream(`${seed}/${name}/${mode}`)
  // Always drawn, in this order, so that asking for a hit leaves the task as it was.
  const task = draw(0, partitions - 1)
  const batch = options.batch ?? batchSize(orders, partitions)
  const drawn = drawHit(chain[0]!.point, draw, options)
  const hits = chain.map(({ hit }, i) => hit ?? (i === 0 ? drawn : 1))
  const kills = chain.map((place, i): Kill => ({ point: place.point.name, hit: hits[i]! }))
  const asked = chain.some((place) => place.hit !== null)
  return {
    cell: [
      name,
      ...(asked
        ? [
            `h${chain
              .map(({ hit }) => hit)
              .filter((hit) => hit !== null)
              .join('-')}`,
          ]
        : []),
      ...(mode === 'cold' && !chain.some((place) => place.point.cold) ? ['cold'] : []),
      ...(repeat > 1 ? [`r${repeat}`] : []),
    ].join('-'),
    point: point.name,
    operator: point.operator,
    hit: ownName ? hits[0]! : hits.at(-1)!,
    kills,
    at: ownName ? `${name}:${hits[0]!}` : kills.map((kill) => `${kill.point}:${kill.hit}`).join('+'),
    asked,
    task,
    mode,
    repeat,
    seed,
    batch,
    ordersFirst: ordersFirst(orders),
  }
}

/** The hit of a running life's kill; a snapshot is asked for once, unless more were asked for. */
function drawHit(point: CrashPoint, draw: Draw, { orders, partitions, batch }: PlanOptions): number {
  if (point.counts === 'snapshots') return 1
  const batches = remainingBatches(orders, partitions, batch)
  // The supervisor counts the lines of the task, whatever else its worker writes.
  const lines = batches * point.eventsPerTransaction
  return draw(...middleThird(point.counts === 'lines' ? lines : batches))
}

function wantedCells(options: PlanOptions): Wanted[] {
  const mode = options.mode
  if (options.points) return options.points.map((order) => ({ ...order, mode }))
  const smoke = CRASH_POINTS.filter((point) => point.byDefault)
  const all = smoke.map((point): Wanted => ({ point, hit: null, mode }))
  if (options.mode === 'cold') return all
  return [...all, ...resolvePoints([DEFAULT_COLD]).map((order): Wanted => ({ ...order, mode: 'cold' }))]
}

const mustBeCount = (name: string, value: number): void => {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new LabError('USAGE', `${name} is ${value}: it must be a whole number from 1`, {
      hint: `give another --${name}`,
    })
  }
}

/** All cells, repeat by repeat, so that a slow drift of the machine spreads over the points. */
export function planMatrix(options: PlanOptions): PlannedCell[] {
  const repeat = options.repeat ?? 1
  mustBeCount('orders', options.orders)
  mustBeCount('partitions', options.partitions)
  mustBeCount('repeat', repeat)
  const wanted = wantedCells(options)
  return Array.from({ length: repeat }, (_, i) => wanted.map((w) => planCell(w, i + 1, options))).flat()
}
