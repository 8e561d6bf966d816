/**
 * A simulated schedule as a cell of a stored run, so that `report`, `explain` and `check` can read it.
 *
 * Promises: everything about it says that it is simulated; what was never measured (times of recovery, signals,
 * frames) is null. Supervisor lines are put into the words that real ones use.
 */
import type { HistoryEvent } from '../history/event.ts'
import { NO_EVIDENCE, NO_KILL, type CellResult } from '../matrix/result.ts'
import { encodeCase } from './case.ts'
import type { SimFault } from './mix.ts'
import type { ScheduleOutcome } from './run.ts'
import { PREFIX } from './specs.ts'

/** One line of a fault, as `kill-at-point opb.commit.mid:2` or `pause opb`. */
export const faultText = ({ kind, point, hit, worker }: SimFault): string =>
  kind === 'kill-at-point' ? `${kind} ${point}:${hit}` : `${kind} ${worker}`

const EVIDENCE: CellResult['evidence'] = {
  ...NO_EVIDENCE,
  summary: 'simulated: a log in memory, no process was killed',
}

const UNMEASURED = {
  ttr_ms: null,
  caught_up_ms: null,
  lag_zero_ms: null,
  phases: null,
  snapshot_time_ms: null,
  snapshot_bytes: null,
  restored_keys: 0,
  restore_source: null,
  applied: 0,
  skipped: 0,
  replay_bytes: 0,
  replay_rate: null,
  uncommitted_seen: 0,
  orders_before_kill: 0,
  orders_after_kill: 0,
  wall_ms: 0,
} as const

/** What only the world sees (a rehearsal, a task that never gets through) can't be judged again from the log. */
function problemOf({ verdict, anomalies, judgement, findings }: ScheduleOutcome): string | null {
  const judged: readonly string[] = judgement.anomalies
  if (anomalies.some((name) => judged.includes(name))) return null
  return verdict === 'valid' ? null : (findings[0] ?? 'it did not come to its end')
}

function totalsOf(totals: Readonly<Record<string, number>>): CellResult['totals'] {
  const of = (name: string): number => totals[name] ?? 0
  return {
    orders: of('orders'),
    enriched: of('enriched'),
    dlq: of('dlq'),
    output: of('output'),
    sum_in: of('sum_in'),
    sum_out: of('sum_out'),
    uncommitted_dangling: {},
    uncommitted_at_end: {},
  }
}

export function storedCell(name: string, outcome: ScheduleOutcome, command: string): CellResult {
  const { plan, verdict, anomalies, judgement } = outcome
  const faults = plan.faults.map(faultText).join(', ') || 'no fault'
  const left = plan.orders - plan.without.length
  return {
    cell: name,
    point: NO_KILL,
    hit: 0,
    operator: plan.faults[0]?.worker ?? 'opb',
    guarantee: 'simulated',
    mutant: outcome.case.mutant ?? null,
    mode: 'warm',
    repeat: 1,
    seed: plan.seed,
    prefix: PREFIX,
    verdict,
    anomalies,
    checks: judgement.checks,
    findings: judgement.checks.flatMap((check) => check.anomalies).slice(0, 5),
    evidence: EVIDENCE,
    orders: left,
    rejected: 0,
    ...UNMEASURED,
    totals: totalsOf(judgement.totals),
    command,
    story: `Simulated schedule ${encodeCase(outcome.case)}, in virtual time: ${left} orders, ${outcome.lives} lives, ${outcome.steps} steps; ${faults}. ${outcome.findings[0] ?? 'Nothing was found.'}`,
    overcharge_total: judgement.overchargeTotal,
    overcharge: judgement.overcharge,
    problem: problemOf(outcome),
  }
}

/** Lines of the supervisor in the words of a real one; a kill is followed by the end of its process. */
export function storedJournals(events: readonly HistoryEvent[]): Map<string, HistoryEvent[]> {
  return Map.groupBy(events.flatMap(retold), (event) => event.incarnation)
}

function retold(event: HistoryEvent): HistoryEvent[] {
  if (event.who !== 'supervisor') return [event]
  const { worker, fault } = event
  const told = { ...event, life: worker, why: `simulated: ${String(fault)}` }
  if (event.f === 'sigkill') {
    return [
      { ...told, type: 'invoke' },
      { ...told, f: 'exit', type: 'info', signal: 'SIGKILL', code: null },
    ]
  }
  if (event.f === 'pause') return [{ ...told, f: 'halt', type: 'info' }]
  return [{ ...told, f: 'fault', type: 'info' }]
}
