/**
 * From facts to a CellResult: evidence, phases, totals, the oracle's judgement, the story.
 *
 * Promises: a kill without proof, with nothing before or after it, or of an OpB without a manifest makes the
 * cell vacuous; a cell that could not run to its end is at least unknown. The oracle's verdict is only ever
 * made worse here, never better. Does not: talk to a broker.
 */
import { killedTransaction, traceInLog } from '../../core/crash/killed.ts'
import { weighChain, type KillFacts } from '../../core/crash/evidence.ts'
import type { Stamp } from '../../core/crash/fault-case.ts'
import { weighFault } from '../../core/crash/fault-proofs.ts'
import { countedHits } from '../../core/crash/hits.ts'
import { findPoint } from '../../core/crash/points.ts'
import { phasesOf } from '../../core/crash/phases.ts'
import { story } from '../../core/crash/story.ts'
import { decodeTxn, HEADER } from '../../core/contracts/headers.ts'
import type { TopicNames } from '../../core/contracts/names.ts'
import type { HistoryEvent } from '../../core/history/event.ts'
import {
  NO_EVIDENCE,
  NO_KILL,
  type CellResult,
  type CellTotals,
  type Evidence,
} from '../../core/matrix/result.ts'
import { keptFindings } from '../../core/matrix/findings.ts'
import { splitOrders } from '../../core/matrix/split.ts'
import type { OracleInput, RawPartition } from '../../core/oracle/input.ts'
import { worst, type Judgement, type Verdict } from '../../core/oracle/verdict.ts'
import { SAFE_WORKER } from '../../core/scenario/mutants.ts'
import type { CellPlan, CellRun } from './cell-plan.ts'
import { TRANSACTION_TIMEOUT_MS } from '../matrix/spec.ts'

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

/** The last killed life and the one that came through. */
interface Lives {
  readonly killed: readonly HistoryEvent[]
  readonly next: readonly HistoryEvent[]
}

const linesOf = ({ events }: Judged, incarnation: string | undefined): readonly HistoryEvent[] =>
  incarnation === undefined ? [] : events.filter((e) => e.incarnation === incarnation)

const livesOf = (judged: Judged): Lives => ({
  killed: linesOf(judged, judged.run.deaths.at(-1)?.incarnation),
  next: linesOf(judged, judged.run.nextIncarnation),
})

/** Every kill of the cell was reached. */
const allKilled = ({ plan, run }: Judged): boolean => run.deaths.length === plan.kills.length

function outputPartitions({ plan, input }: Judged): RawPartition[] {
  const { enriched, dlq, output, changelog } = input.topics
  const topics = plan.operator === 'opa' ? [enriched, dlq] : [output, changelog]
  return topics.flatMap((topic) => topic?.partitions ?? [])
}

/** What the first kill left open; later ones of the chain find it fenced. */
const danglingOf = (run: CellRun): Readonly<Record<string, number>> => run.deaths[0]?.dangling ?? {}

/** What dangled in the topics that the killed operator writes; another operator's work in hand is not its doing. */
function ownDangling({ plan, run, input }: Judged): Record<string, number> {
  const { enriched, dlq, output, changelog } = input.names
  const own = plan.operator === 'opa' ? [enriched, dlq] : [output, changelog]
  return Object.fromEntries(Object.entries(danglingOf(run)).filter(([topic]) => own.includes(topic)))
}

/** Each kill with the life that it ended and the one that came after. */
function factsOf(judged: Judged): KillFacts[] {
  const { plan, run, input } = judged
  const { deaths } = run
  const manifests = input.topics.snapshots?.partitions.filter((p) => p.partition === plan.task)
  return deaths.map((death, i) => ({
    point: death.point,
    hit: death.hit,
    task: plan.task,
    exitSignal: death.exit?.signal ?? null,
    journals: {
      killed: linesOf(judged, death.incarnation),
      next: linesOf(judged, deaths[i + 1]?.incarnation ?? run.nextIncarnation),
    },
    partitions: outputPartitions(judged),
    ...(manifests ? { manifests } : {}),
    frames: run.frames,
    sqliteNextInputAtKill: death.state?.nextInput,
    sqliteNextChangelogAtKill: death.state?.nextChangelog,
    snapshotFiles: death.snapshotFiles,
    txnTimeoutMs: plan.tuning?.transactionTimeoutMs ?? TRANSACTION_TIMEOUT_MS,
    killLine: death.randomEvent?.i,
    wokenAt: death.wokenAt,
  }))
}

const NOBODY_KILLED: Evidence = { ...NO_EVIDENCE, verdict: 'vacuous', summary: 'nobody was killed' }

function evidenceOf(judged: Judged): Evidence {
  if (judged.plan.point === NO_KILL) {
    return { ...NO_EVIDENCE, summary: 'no kill was asked for' }
  }
  if (judged.run.deaths.length === 0) return NOBODY_KILLED
  const instead = findPoint(judged.plan.point)?.fault?.after === null
  const kills: Evidence = instead ? { ...NO_EVIDENCE, verdict: 'hit' } : weighChain(factsOf(judged))
  return withFault(judged, kills)
}

/** Beside the kill its fault has to be proven as well. */
function withFault(judged: Judged, kills: Evidence): Evidence {
  const { plan, run } = judged
  if (!findPoint(plan.point)?.fault || kills.verdict !== 'hit') return kills
  if (!run.fault) return { ...kills, verdict: 'vacuous', summary: `${plan.point} was not made` }
  const { hit, summary } = weighFault({
    seen: run.fault,
    task: plan.task,
    frames: run.frames,
    struck: linesOf(judged, run.deaths.at(-1)?.incarnation),
    refused: linesOf(judged, run.fault.refused?.incarnation),
    next: linesOf(judged, run.nextIncarnation),
    afterwards: linesOf(judged, run.fault.afterwards),
    stamp: firstStamp(judged),
  })
  return { ...kills, verdict: hit ? 'hit' : 'vacuous', summary }
}

/** The first record of the life that came through, as the log has it. */
function firstStamp(judged: Judged): Stamp | undefined {
  for (const { entries } of outputPartitions(judged)) {
    for (const entry of entries) {
      const txn = entry.kind === 'data' ? decodeTxn(entry.headers[HEADER.txn]) : undefined
      if (txn && txn.incarnation === judged.run.nextIncarnation)
        return { timestamp: entry.timestamp, n: txn.n }
    }
  }
  return undefined
}

/** Why a proven kill proves nothing all the same, or undefined. */
function emptyReason(judged: Judged, split: { before: number; after: number }): string | undefined {
  const { plan, run } = judged
  if (plan.point === NO_KILL) return undefined
  const missed = plan.kills[run.deaths.length]
  if (missed)
    return `the point was not reached: everything was processed before hit ${missed.hit} of ${missed.point}`
  const { totals } = judged.judgement
  if ((totals['orders'] ?? 0) > 0 && totals['accepted'] === 0)
    return 'every order was rejected: see error-code and error-text in the headers of orders.dlq'
  if (split.before === 0 && !plan.asked) return 'nothing had been committed before the kill'
  if (split.after === 0 && !plan.asked) return 'nothing was left to do after the kill'
  if (plan.operator === 'opb' && plan.pipeline === 'reference' && run.snapshots.length === 0) {
    return 'no manifest was committed before the kill'
  }
  return undefined
}

function splitOf(judged: Judged): { before: number; after: number } {
  const { plan, run, input } = judged
  const last = run.deaths.at(-1)
  const before = last ? judged.events.filter((e) => e.who === plan.operator && e.t <= last.downAt) : []
  // A transaction whose commit had no answer is behind the operator if the log says so.
  const decided = new Map<number, number>()
  for (const death of run.deaths) {
    const txn = killedTransaction(upToStop(linesOf(judged, death.incarnation), death.downAt), plan.task)
    if ('missing' in txn) continue
    const { markers } = traceInLog(outputPartitions(judged), txn)
    if (markers[0]?.marker.outcome === 'COMMIT') decided.set(plan.task, txn.next)
  }
  return splitOrders({ operator: plan.operator, events: before, decided, topics: input.topics })
}

const upToStop = (lines: readonly HistoryEvent[], t: number): readonly HistoryEvent[] =>
  lines.filter((e) => e.t <= t)

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
    uncommitted_dangling: danglingOf(run),
    uncommitted_at_end: Object.fromEntries(atEnd.filter(([, n]) => n > 0)),
  }
}

const NO_TIMES = { phases: null, ttr_ms: null, caught_up_ms: null, lag_zero_ms: null }

/** Of the last recovery: from the last end of a life to the first commit of the one that came through. */
function timesOf(judged: Judged, lives: Lives) {
  const { plan, run, events } = judged
  const last = run.deaths.at(-1)
  if (!allKilled(judged) || !last || run.respawnedAt === undefined) return NO_TIMES
  const ownHand = lives.killed.find((e) => e.f === 'kill' || (e.f === 'pause' && e.type === 'invoke'))?.t
  const supervisor = events.findLast((e) => e.f === 'sigkill' && e.type === 'invoke' && e.t <= last.downAt)?.t
  const { held_ms: _held, ...times } = phasesOf({
    task: plan.task,
    killedAt: ownHand ?? supervisor ?? last.downAt,
    exitAt: last.downAt,
    spawnedAt: run.respawnedAt,
    next: lives.next,
    inputLsoAtKill: last.inputLso[plan.task],
  })
  return times
}

const nobodyKilled = ({ plan, run }: Judged): string =>
  run.spared
    ? `The worker was halted at ${plan.point}, hit ${plan.hit}, and let go on; nobody was killed.`
    : 'Nobody was killed.'

/** The plan of what was done: a life that was halted and let go on was not killed. */
function asDone({ plan, run }: Judged): CellPlan {
  if (!run.spared) return plan
  const kills = plan.kills.slice(0, -1)
  const last = kills.at(-1)
  return { ...plan, kills, point: last?.point ?? NO_KILL, hit: last?.hit ?? 0 }
}

export function cellOutcome(whole: Judged): CellResult {
  const judged = { ...whole, plan: asDone(whole) }
  const { plan, run, judgement, prefix } = judged
  const lives = livesOf(judged)
  const weighed = evidenceOf(judged)
  const split = splitOf(judged)
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
    kills: plan.kills,
    reached: allKilled(judged),
    ...(plan.kills.length === 0 || plan.counts
      ? { hits: Object.fromEntries(countedHits(judged.events)) }
      : {}),
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
    findings: keptFindings(judgement.checks),
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
    story:
      plan.point === NO_KILL
        ? nobodyKilled(whole)
        : story({
            point: run.deaths.at(-1)?.point ?? plan.point,
            before: run.deaths.slice(0, -1).map(({ point }) => point),
            task: plan.task,
            mode: plan.mode,
            fault: run.fault?.fault,
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
