/**
 * Kills at the first, a middle and the last hit of a point, by how often it is reached where nobody kills there.
 *
 * Promises: pure. Counted is what the last kill of a cell could hit: in the running pipeline, or, for a pair, in
 * the life that follows the kill before; pairs with the same kill before share its hit and task, and one count.
 * A point that was not reached keeps its drawn hit, and will show as vacuous; loops, faults, random kills and
 * hits that were asked for stay as they are.
 */
import { LabError } from '../errors.ts'
import type { HistoryEvent } from '../history/event.ts'
import type { PlannedCell } from './plan.ts'
import { findPoint } from './points.ts'

export const HIT_NAMES = ['first', 'middle', 'last'] as const
export type HitName = (typeof HIT_NAMES)[number]

/** `<task>/<point>` to the number of times. */
export type HitCounts = ReadonlyMap<string, number>

/** What a run does that counts instead of killing. */
export interface Counts {
  /** Whose hits are wanted; what they need of a worker is needed here too. */
  readonly points: readonly string[]
  /** Snapshots that are asked for, one after the other, while load flows. */
  readonly snapshots: number
}

/** One run that counts for several cells. */
export interface Counting {
  readonly key: string
  /** A cell of the plan without its last kill. */
  readonly of: PlannedCell
  readonly counts: Counts
}

/** Enough for a first, a middle and a last one. */
const SNAPSHOTS = 3

export function readHits(text: string): HitName[] {
  const names = text.split(',').map((part) => part.trim())
  const known = names.filter((name): name is HitName => (HIT_NAMES as readonly string[]).includes(name))
  if (known.length === names.length) return [...new Set(known)]
  throw new LabError('USAGE', `--hits ${text}: a hit is first, middle or last`, {
    hint: 'such as --hits first,middle,last; a number goes with its point: --at opb.commit.mid:5',
  })
}

/** What the workers of a counting run counted. */
export function countedHits(events: readonly HistoryEvent[]): HitCounts {
  const told = events.filter((e) => e.f === 'hits')
  return new Map(told.flatMap((e) => Object.entries(e['counts'] as Record<string, number>)))
}

const pointsOf = ({ kills }: PlannedCell): string => kills.map(({ point }) => point).join('+')

const asksForSnapshots = ({ kills, point }: PlannedCell): boolean =>
  kills.length === 1 && findPoint(point)?.counts === 'snapshots'

/** Cells with one key are counted by one run; undefined where there is nothing to count. */
function keyOf(cell: PlannedCell): string | undefined {
  const { kills, point, asked, seed, operator, mode } = cell
  // A loop, a fault and a cell without a kill have names of their own.
  if (asked || kills.at(-1)?.point !== point || findPoint(point)?.counts === 'lines') return undefined
  const before = kills.slice(0, -1).map((kill) => kill.point)
  if (before.length > 0) return [seed, mode, ...before].join(' ')
  return asksForSnapshots(cell) ? `${seed} ${operator} snapshots` : `${seed}`
}

export function countings(planned: readonly PlannedCell[]): Counting[] {
  const found = new Map<string, Counting>()
  for (const cell of planned) {
    const key = keyOf(cell)
    if (key === undefined) continue
    const counting = found.get(key) ?? {
      key,
      of: { ...cell, kills: cell.kills.slice(0, -1) },
      counts: { points: [], snapshots: asksForSnapshots(cell) ? SNAPSHOTS : 0 },
    }
    const points = [...new Set([...counting.counts.points, cell.point])]
    found.set(key, { ...counting, counts: { ...counting.counts, points } })
  }
  return [...found.values()]
}

const PLACE: Readonly<Record<HitName, (n: number) => number>> = {
  first: () => 1,
  middle: (n) => Math.ceil(n / 2),
  last: (n) => n,
}

export interface Counted extends Counting {
  readonly hits: HitCounts
}

export function atHits(
  planned: readonly PlannedCell[],
  counted: readonly Counted[],
  names: readonly HitName[],
): PlannedCell[] {
  const byKey = new Map(counted.map((one) => [one.key, one]))
  return planned.flatMap((cell) => {
    const run = byKey.get(keyOf(cell) ?? '')
    if (!run) return [cell]
    const task = run.of.kills.length > 0 ? run.of.task : cell.task
    const n = run.hits.get(`${task}/${cell.point}`) ?? 0
    if (n === 0) return [cell]
    return [...new Set(names.map((name) => PLACE[name](n)))].map((hit) => atHit({ ...cell, task }, run, hit))
  })
}

function atHit(cell: PlannedCell, { of }: Counting, hit: number): PlannedCell {
  const kills = [...of.kills, { point: cell.point, hit }]
  const name = pointsOf(cell)
  return {
    ...cell,
    cell: cell.cell.replace(name, `${name}-h${kills.map((kill) => kill.hit).join('-')}`),
    hit,
    kills,
    at: kills.map((kill) => `${kill.point}:${kill.hit}`).join('+'),
    asked: true,
  }
}
