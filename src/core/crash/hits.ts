/**
 * Kills at the first, a middle and the last hit of a point, by how often a clean run got there.
 *
 * Promises: pure; only cells of one kill whose hits count transactions are multiplied, and only where no hit was
 * asked for; a point that the clean run never reached keeps its drawn hit, and will show as vacuous.
 */
import { LabError } from '../errors.ts'
import type { HistoryEvent } from '../history/event.ts'
import type { PlannedCell } from './plan.ts'
import { findPoint } from './points.ts'

export const HIT_NAMES = ['first', 'middle', 'last'] as const
export type HitName = (typeof HIT_NAMES)[number]

/** `<task>/<point>` to the number of times. */
export type HitCounts = ReadonlyMap<string, number>

export function readHits(text: string): HitName[] {
  const names = text.split(',').map((part) => part.trim())
  const known = names.filter((name): name is HitName => (HIT_NAMES as readonly string[]).includes(name))
  if (known.length === names.length) return [...new Set(known)]
  throw new LabError('USAGE', `--hits ${text}: a hit is first, middle or last`, {
    hint: 'such as --hits first,middle,last; a number goes with its point: --at opb.commit.mid:5',
  })
}

/** What the workers of a clean run counted. */
export function countedHits(events: readonly HistoryEvent[]): HitCounts {
  const told = events.filter((e) => e.f === 'hits')
  return new Map(told.flatMap((e) => Object.entries(e['counts'] as Record<string, number>)))
}

const PLACE: Readonly<Record<HitName, (n: number) => number>> = {
  first: () => 1,
  middle: (n) => Math.ceil(n / 2),
  last: (n) => n,
}

export function atHits(
  planned: readonly PlannedCell[],
  counts: HitCounts,
  names: readonly HitName[],
): PlannedCell[] {
  return planned.flatMap((cell) => {
    const n = counts.get(`${cell.task}/${cell.point}`) ?? 0
    const whole = findPoint(cell.point)?.counts === 'transactions' && cell.kills.length === 1 && !cell.asked
    if (!whole || n === 0) return [cell]
    const hits = [...new Set(names.map((name) => PLACE[name](n)))]
    return hits.map((hit) => ({
      ...cell,
      cell: `${cell.cell}-h${hit}`,
      hit,
      kills: [{ point: cell.point, hit }],
      at: `${cell.point}:${hit}`,
      asked: true,
    }))
  })
}
