/**
 * The run without a kill: how often each point is reached, batches being cut by count.
 *
 * Promises: it is judged like any other cell; a pipeline that is not sound without a kill is refused before
 * anybody is killed. Does not: become a cell of the results.
 */
import type { HitCounts } from '../../core/crash/hits.ts'
import { NO_KILL } from '../../core/matrix/result.ts'
import { LabError } from '../../core/errors.ts'
import type { CellPlan } from './cell-plan.ts'
import { judgedCell, type CellPlace } from './judged-cell.ts'

export async function hitsOfCleanRun(plan: CellPlan, place: CellPlace): Promise<HitCounts> {
  const clean = await judgedCell(
    { ...plan, cell: 'clean', point: NO_KILL, kills: [], fixedBatches: true },
    place,
  )
  const why = clean.problem ?? clean.anomalies.join(', ')
  if (why !== '') {
    throw new LabError('INTERNAL', `the run without a kill is not sound: ${why}`, {
      hint: `nothing was killed yet; see ${place.stateRoot}, prefix ${place.prefix}`,
    })
  }
  return new Map(Object.entries(clean.hits ?? {}))
}
