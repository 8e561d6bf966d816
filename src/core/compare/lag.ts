/**
 * Lag after a kill, from the journal of the life that came back: how many records were not committed yet, and
 * when.
 *
 * Promises: pure; the lag stands where the kill left it until the first commit, and falls with every commit;
 * the last point is where the journal ends. Does not: count what is appended after the kill.
 */
import type { HistoryEvent } from '../history/event.ts'

/** Milliseconds since the kill, and the lag from then on. */
export type LagPoint = readonly [number, number]

export interface LagFacts {
  readonly killedAt: number
  /** How long the supervisor held the restart back: that is in no other figure either. */
  readonly heldMs: number
  readonly task: number
  /** Last stable offset of the input at the kill. */
  readonly end: number
  /** Next input offset that was committed at the kill. */
  readonly next: number
  readonly events: readonly HistoryEvent[]
}

export function lagPoints({ killedAt, heldMs, task, end, next, events }: LagFacts): LagPoint[] {
  const points: LagPoint[] = [[0, Math.max(0, end - next)]]
  const nextOf = new Map<unknown, number>()
  for (const event of events) {
    if (event.task !== task || event['kind'] !== 'data') continue
    if (event.f === 'txn') nextOf.set(event['n'], Number(event['next']))
    if (event.f !== 'commit' || event.type !== 'ok') continue
    const lag = Math.max(0, end - (nextOf.get(event['n']) ?? next))
    points.push([Math.round((event.t - killedAt - heldMs) * 10) / 10, lag])
  }
  return points
}

const BLOCKS = '▁▂▃▄▅▆▇█'

/** The lag as a line of blocks, evenly spaced in time; a dot where it is zero. */
export function sparkline(points: readonly LagPoint[], width = 40): string {
  const last = points.at(-1)?.[0] ?? 0
  const most = Math.max(...points.map(([, lag]) => lag), 1)
  const cell = (i: number): string => {
    const at = (last * (i + 1)) / width
    const lag = points.findLast(([ms]) => ms <= at)?.[1] ?? most
    return lag === 0 ? '·' : BLOCKS[Math.min(BLOCKS.length - 1, Math.floor((lag / most) * BLOCKS.length))]!
  }
  return Array.from({ length: width }, (_, i) => cell(i)).join('')
}
