/**
 * From facts to a CellResult: evidence, phases, totals, the oracle's judgement, the story.
 *
 * Promises: a kill without proof, with nothing before or after it, or of an OpB without a manifest makes the
 * cell vacuous; a cell that could not run to its end is at least unknown. The oracle's verdict is only ever
 * made worse here, never better. Does not: talk to a broker.
 */
import { killedTransaction } from '../core/crash/killed.ts'
import { weighEvidence } from '../core/crash/evidence.ts'
import { phasesOf } from '../core/crash/phases.ts'
import { story } from '../core/crash/story.ts'
import type { TopicNames } from '../core/contracts/names.ts'
import type { HistoryEvent } from '../core/history/event.ts'
import type { CellResult, CellTotals, Evidence } from '../core/matrix/result.ts'
import { splitOrders } from '../core/matrix/split.ts'
import type { OracleInput, RawPartition } from '../core/oracle/input.ts'
import { worst, type Judgement, type Verdict } from '../core/oracle/verdict.ts'
import { SAFE_WORKER } from '../core/scenario/mutants.ts'
import type { CellPlan, CellRun } from './cell-plan.ts'
import { TRANSACTION_TIMEOUT_MS } from './spec.ts'

export interface Judged {
  readonly plan: CellPlan
  readonly run: CellRun
  readonly prefix: string
  readonly input: OracleInput
  readonly judgement: Judgement
  /** Of all workers and the supervisor. */
  readonly events: readonly HistoryEvent[]
  readonly wallMs: number
  readonly command: string
}

interface Lives {
  readonly killed: readonly HistoryEvent[]
  readonly next: readonly HistoryEvent[]
}

const livesOf = ({ run, events }: Judged): Lives => ({
  killed: events.filter((e) => e.incarnation === run.killedIncarnation),
  next: events.filter((e) => e.incarnation === run.nextIncarnation),
})

function outputPartitions({ plan, input }: Judged): RawPartition[] {
  const { enriched, dlq, output, changelog } = input.topics
  const topics = plan.operator === 'opa' ? [enriched, dlq] : [output, changelog]
  return topics.flatMap((topic) => topic?.partitions ?? [])
}

/** What dangled in the topics that the killed operator writes; another operator's work in hand is not its doing. */
function ownDangling({ plan, run, input }: Judged): Record<string, number> {
  const { enriched, dlq, output, changelog } = input.names
  const own = plan.operator === 'opa' ? [enriched, dlq] : [output, changelog]
  return Object.fromEntries(Object.entries(run.dangling).filter(([topic]) => own.includes(topic)))
}

function evidenceOf(judged: Judged, lives: Lives): Evidence {
  const { plan, run } = judged
  const evidence = weighEvidence({
    point: plan.point,
    hit: plan.hit,
    task: plan.task,
    exitSignal: run.exit?.signal ?? null,
    journals: lives,
    partitions: outputPartitions(judged),
    frames: run.frames,
    sqliteNextInputAtKill: run.stateAtKill,
    txnTimeoutMs: TRANSACTION_TIMEOUT_MS,
    killLine: run.randomEvent?.i,
  })
  return evidence.verdict === 'hit' ? evidence : { ...evidence, verdict: 'vacuous' }
}

/** Why a proven kill proves nothing all the same, or undefined. */
function emptyReason(judged: Judged, split: { before: number; after: number }): string | undefined {
  const { plan, run } = judged
  if (!run.killed)
    return `the point was not reached: everything was processed before hit ${plan.hit} of ${plan.point}`
  if (split.before === 0 && !plan.asked) return 'nothing had been committed before the kill'
  if (split.after === 0 && !plan.asked) return 'nothing was left to do after the kill'
  if (plan.operator === 'opb' && plan.pipeline === 'reference' && run.snapshots.length === 0) {
    return 'no manifest was committed before the kill'
  }
  return undefined
}

function splitOf(judged: Judged, evidence: Evidence, lives: Lives): { before: number; after: number } {
  const { plan, run, input } = judged
  const before = run.exit ? judged.events.filter((e) => e.who === plan.operator && e.t <= run.exit!.t) : []
  const decided = new Map<number, number>()
  if (evidence.marker === 'COMMIT') {
    const txn = killedTransaction(lives.killed, plan.task)
    if (!('missing' in txn)) decided.set(plan.task, txn.next)
  }
  return splitOrders({ operator: plan.operator, events: before, decided, topics: input.topics })
}

function recoveryOf(next: readonly HistoryEvent[], task: number) {
  const of = (f: string): HistoryEvent | undefined =>
    next.find((e) => e.f === f && e.type === 'ok' && e.task === task)
  const restore = of('restore')
  const replay = of('replay')
  const ms = Number(replay?.['ms'] ?? 0)
  const records = Number(replay?.['records'] ?? 0)
  return {
    restored_keys: Number(restore?.['keys'] ?? 0),
    restore_source: (restore?.['source'] as CellResult['restore_source'] | undefined) ?? null,
    applied: Number(replay?.['applied'] ?? 0),
    skipped: Number(replay?.['skipped'] ?? 0),
    replay_bytes: Number(replay?.['bytes'] ?? 0),
    replay_rate: records > 0 && ms > 0 ? Math.round((records / ms) * 1000) : null,
  }
}

function totalsOf({ judgement, run, input }: Judged): CellTotals {
  const { totals } = judgement
  const of = (name: string): number => totals[name] ?? 0
  const roles = Object.keys(input.names) as (keyof TopicNames)[]
  const atEnd = roles.map((role) => [input.names[role], totals[`uncommitted_${role}`] ?? 0] as const)
  return {
    orders: of('orders'),
    enriched: of('enriched'),
    dlq: of('dlq'),
    output: of('output'),
    sum_in: of('sum_in'),
    sum_out: of('sum_out'),
    uncommitted_dangling: run.dangling,
    uncommitted_at_end: Object.fromEntries(atEnd.filter(([, n]) => n > 0)),
  }
}

function timesOf({ plan, run, events }: Judged, lives: Lives) {
  if (!run.exit || run.respawnedAt === undefined) {
    return { phases: null, ttr_ms: null, caught_up_ms: null, lag_zero_ms: null }
  }
  const ownHand = lives.killed.find((e) => e.f === 'kill')?.t
  const supervisor = events.find((e) => e.f === 'sigkill' && e.type === 'invoke')?.t
  const { held_ms: _held, ...times } = phasesOf({
    task: plan.task,
    killedAt: ownHand ?? supervisor ?? run.exit.t,
    exitAt: run.exit.t,
    spawnedAt: run.respawnedAt,
    next: lives.next,
    inputLsoAtKill: run.lsoAtKill[plan.task],
  })
  return times
}

export function cellOutcome(judged: Judged): CellResult {
  const { plan, run, judgement, prefix } = judged
  const lives = livesOf(judged)
  const weighed = evidenceOf(judged, lives)
  const split = splitOf(judged, weighed, lives)
  const empty = emptyReason(judged, split)
  const evidence: Evidence =
    empty === undefined ? weighed : { ...weighed, verdict: 'vacuous', summary: empty }
  const parts: Verdict[] = [judgement.verdict]
  if (evidence.verdict === 'vacuous') parts.push('vacuous')
  if (run.problem) parts.push('unknown')
  const verdict = worst(parts)
  const snapshot = run.snapshots.find((s) => s.task === plan.task) ?? run.snapshots[0]
  const totals = totalsOf(judged)
  const { anomalies } = judgement
  return {
    cell: plan.cell,
    point: plan.point,
    hit: plan.hit,
    operator: plan.operator,
    guarantee: (plan.workers?.opa ?? SAFE_WORKER).guarantee,
    mutant: plan.mutant,
    mode: plan.mode,
    repeat: plan.repeat,
    seed: plan.seed,
    prefix,
    verdict,
    anomalies,
    checks: judgement.checks,
    findings: judgement.checks.flatMap((check) => check.anomalies).slice(0, 20),
    evidence,
    orders: totals.orders,
    rejected: totals.dlq,
    orders_before_kill: split.before,
    orders_after_kill: split.after,
    ...recoveryOf(lives.next, plan.task),
    uncommitted_seen: Object.values(ownDangling(judged)).reduce((sum, n) => sum + n, 0),
    ...timesOf(judged, lives),
    snapshot_time_ms: snapshot?.ms ?? null,
    snapshot_bytes: snapshot?.bytes ?? null,
    totals,
    command: judged.command,
    story: story({
      point: plan.point,
      task: plan.task,
      mode: plan.mode,
      evidence,
      journals: lives,
      verdict,
      anomalies,
      dangling: ownDangling(judged),
    }),
    overcharge_total: judgement.overchargeTotal,
    overcharge: judgement.overcharge.slice(0, 20),
    problem: run.problem ? `${run.problem.code}: ${run.problem.message}` : null,
    wall_ms: Math.round(judged.wallMs),
  }
}
