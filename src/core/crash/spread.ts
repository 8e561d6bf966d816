/**
 * How the work of a cell lies over its partitions, and what follows from it: hits that each task really gets
 * to, and tasks dealt so that each instance has about as much to do.
 *
 * Promises: pure. A planned hit keeps its place in the middle third, but in the third of the batches that
 * this task has: a task with a tenth of the keys is not waited for at a hit that only a fair share would
 * reach. Batches are cut at their largest, so a task may have more of them and never fewer. Hits that were
 * asked for stay. Does not: count anything; it is told.
 */
import type { Operator } from '../contracts/names.ts'
import { middleThird, remainingBatches, type PlannedCell } from './plan.ts'
import { findPoint } from './points.ts'

/** Input records per task. */
export type PerTask = Readonly<Record<Operator, readonly number[]>>

export interface Spread {
  readonly all: PerTask
  /** Of the orders that are released once the first share is processed. */
  readonly rest: PerTask
}

/** The cell with its drawn hit moved to the same place among the batches that its task has left. */
export function hitBySpread(cell: PlannedCell, { rest }: Spread, orders: number): PlannedCell {
  const first = findPoint(cell.kills[0]?.point ?? '')
  if (cell.asked || !first || first.counts === 'snapshots' || first.counts === 'recoveries') return cell
  const perBatch = first.counts === 'lines' ? first.eventsPerTransaction : 1
  const tasks = rest[cell.operator]
  const planned = remainingBatches(orders, tasks.length, cell.batch) * perBatch
  const left = Math.max(1, Math.floor((tasks[cell.task] ?? 0) / cell.batch)) * perBatch
  const [from, to] = middleThird(planned)
  const [low, high] = middleThird(left)
  const old = cell.kills[0]!.hit
  const hit = low + Math.floor(((old - from) / (to - from + 1)) * (high - low + 1))
  const chained = cell.at.includes('+')
  return {
    ...cell,
    hit: chained ? cell.hit : hit,
    kills: cell.kills.map((kill, i) => (i === 0 ? { ...kill, hit } : kill)),
    at: cell.at.replace(/:\d+/, `:${hit}`),
  }
}

/** Tasks per instance: the heaviest first, each to the instance that has the least to do so far. */
export function dealTasks(weights: readonly number[], instances: number): number[][] {
  const hands = Array.from({ length: instances }, () => ({ tasks: [] as number[], sum: 0 }))
  const heaviestFirst = weights.map((weight, task) => ({ weight, task })).sort((a, b) => b.weight - a.weight)
  for (const { weight, task } of heaviestFirst) {
    const [least] = hands.toSorted((a, b) => a.sum - b.sum || a.tasks.length - b.tasks.length)
    least!.tasks.push(task)
    least!.sum += weight
  }
  return hands.map(({ tasks }) => tasks.sort((a, b) => a - b))
}
