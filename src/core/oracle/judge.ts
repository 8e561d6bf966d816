/**
 * The judge: every check over one input, composed into a verdict, and the totals beside it.
 *
 * Promises: the same input gives the same judgement. A check that throws, or whose input is missing, is
 * `unknown` and never passes; the others still run. Totals that can't be counted are left out.
 * Does not: know guarantee, scenario, mutant or crash point; there is no argument for them.
 */
import { messageOf } from '../errors.ts'
import type { Check } from './check.ts'
import { CHECKS } from './checks/index.ts'
import type { OracleInput } from './input.ts'
import { countTotals, overcharges } from './reckoning.ts'
import { type AnomalyName, type CheckResult, type Judgement, type Verdict, worst } from './verdict.ts'
import { View } from './view.ts'

/** Rises whenever the same evidence may be judged differently. */
export const ORACLE_VERSION = '4'

const KEPT = 20

export function judge(input: OracleInput, checks: readonly Check[] = CHECKS): Judgement {
  const view = new View(input)
  const seen = new Map<AnomalyName, number>()
  const results = checks.map((check) => runCheck(check, view, seen))
  const verdicts = results.map((r) => r.verdict).filter((v): v is Verdict => v !== 'not-applicable')
  const { overcharge, overchargeTotal } = overcharges(view)
  return {
    verdict: worst(verdicts),
    anomalies: [...seen].sort((a, b) => b[1] - a[1]).map(([name]) => name),
    checks: results,
    totals: countTotals(view),
    overcharge,
    overchargeTotal,
    oracleVersion: ORACLE_VERSION,
  }
}

function runCheck(check: Check, view: View, seen: Map<AnomalyName, number>): CheckResult {
  const empty = { check: check.name, anomalies: [], count: 0 }
  const reason = check.notApplicable?.(view.input)
  if (reason !== undefined) return { ...empty, verdict: 'not-applicable', reason }
  const anomalies = []
  let count = 0
  let doubt: string | undefined
  try {
    for (const anomaly of check.run(view)) {
      count++
      seen.set(anomaly.name, (seen.get(anomaly.name) ?? 0) + 1)
      if (anomalies.length < KEPT) anomalies.push(anomaly)
    }
  } catch (error) {
    doubt = messageOf(error)
  }
  // What was found before the throw stands: an anomaly is a fact, the rest is unknown.
  const verdict: Verdict = count > 0 ? 'invalid' : doubt === undefined ? 'valid' : 'unknown'
  return { check: check.name, verdict, anomalies, count, ...(doubt === undefined ? {} : { reason: doubt }) }
}
