/**
 * The findings that a result keeps of a cell.
 *
 * Promises: some of every check that found any, as many of each as there is room for; in the order of the checks.
 */
import type { Anomaly, CheckResult } from '../oracle/verdict.ts'

const ROOM = 20

/** Many findings of one check must not leave those of another untold. */
export function keptFindings(checks: readonly Pick<CheckResult, 'anomalies'>[]): Anomaly[] {
  const upTo = (share: number): Anomaly[] => checks.flatMap(({ anomalies }) => anomalies.slice(0, share))
  let share = ROOM
  while (share > 1 && upTo(share).length > ROOM) share--
  return upTo(share)
}
