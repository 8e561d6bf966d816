/**
 * Runs that count instead of killing: how often each point is reached, batches being cut by count.
 *
 * Promises: each is judged like any other cell; a pipeline that is not sound there is refused before anything
 * is concluded from it. Does not: become a cell of the results.
 */
import {
  atHits,
  countings,
  type Counted,
  type Counting,
  type HitCounts,
  type HitName,
} from '../../core/crash/hits.ts'
import type { PlannedCell } from '../../core/crash/plan.ts'
import { NO_KILL } from '../../core/matrix/result.ts'
import { LabError } from '../../core/errors.ts'
import type { CellPlan } from './cell-plan.ts'
import { judgedCell, type CellPlace } from './judged-cell.ts'

export interface Counter {
  readonly names: readonly HitName[]
  readonly planOf: (planned: PlannedCell) => CellPlan
  /** The index is below 0: the cells themselves have theirs from 0. */
  readonly placeOf: (planned: PlannedCell, index: number) => CellPlace
  readonly say: (what: string) => void
}

/** The cells at the hits that were counted, and the places that the counting left behind. */
export async function countHits(
  planned: readonly PlannedCell[],
  { names, planOf, placeOf, say }: Counter,
): Promise<{ planned: PlannedCell[]; places: CellPlace[] }> {
  const counted: Counted[] = []
  const places: CellPlace[] = []
  for (const [index, counting] of countings(planned).entries()) {
    const { of, counts } = counting
    const place = placeOf(of, -1 - index)
    say(`first a run ${described(counting)}, to count hits of ${counts.points.join(', ')}`)
    places.push(place)
    counted.push({ ...counting, hits: await hitsOf({ ...planOf(of), counts }, place) })
  }
  return { planned: atHits(planned, counted, names), places }
}

const described = ({ of, counts }: Counting): string => {
  const before = of.kills.map(({ point, hit }) => `${point}:${hit}`).join(' and ')
  if (before !== '')
    return `killed at ${before}${of.mode === 'cold' ? ', its state deleted,' : ''} and no more`
  return counts.snapshots > 0 ? `without a kill, with ${counts.snapshots} snapshots` : 'without a kill'
}

async function hitsOf(plan: CellPlan, place: CellPlace): Promise<HitCounts> {
  const last = plan.kills.at(-1)
  const point = last?.point ?? NO_KILL
  const run = await judgedCell(
    { ...plan, cell: 'counting', point, hit: last?.hit ?? 0, fixedBatches: true },
    place,
  )
  const why = run.problem ?? run.anomalies.join(', ')
  if (why !== '') {
    throw new LabError('INTERNAL', `the run that counts hits is not sound: ${why}`, {
      hint: `see ${place.stateRoot}, prefix ${place.prefix}`,
    })
  }
  return new Map(Object.entries(run.hits ?? {}))
}
