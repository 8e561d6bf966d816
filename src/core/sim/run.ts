/**
 * One schedule: plan, world, judgement.
 *
 * Promises: the same case gives the same outcome and the same history, byte for byte, in every process.
 */
import { createHash } from 'node:crypto'
import type { HistoryEvent } from '../history/event.ts'
import { judge } from '../oracle/judge.ts'
import type { OracleInput } from '../oracle/input.ts'
import type { Anomaly, AnomalyName, Judgement, Verdict } from '../oracle/verdict.ts'
import type { SimCase } from './case.ts'
import { oracleInput } from './evidence.ts'
import { pathDependence } from './paths.ts'
import { mutantNamed, planOf, type SimPlan } from './plan.ts'
import type { Settle } from './scheduler.ts'
import { NAMES, PREFIX, WINDOW } from './specs.ts'
import { World, type Coverage } from './world.ts'

export interface ScheduleOutcome {
  readonly case: SimCase
  readonly plan: SimPlan
  readonly verdict: Verdict
  /** Distinct names, the one that a reduction has to keep first. */
  readonly anomalies: readonly AnomalyName[]
  /** One sentence per finding, a few of them. */
  readonly findings: readonly string[]
  /** Digest of everything that happened. */
  readonly history: string
  /** Digest of the order of steps alone: two schedules with one shape explored the same interleaving. */
  readonly shape: string
  readonly steps: number
  readonly lives: number
  readonly coverage: Coverage
  readonly journals: readonly HistoryEvent[]
  readonly judgement: Judgement
  /** What the oracle was given. */
  readonly input: OracleInput
  /** What the workers and the faults did, one line each: enough to explain a small schedule. */
  readonly timeline: readonly string[]
}

const digest = (lines: Iterable<string>): string =>
  createHash('sha256')
    .update([...lines].join('\n'))
    .digest('hex')
    .slice(0, 16)

export async function runSchedule(named: SimCase, settle: Settle): Promise<ScheduleOutcome> {
  const plan = planOf(named)
  const world = new World(plan, mutantNamed(named.mutant), settle)
  const { stuck, unexplained } = await world.run()
  const input = oracleInput({
    prefix: PREFIX,
    window: WINDOW,
    names: NAMES,
    cluster: world.cluster,
    disks: world.disks,
    journals: world.journals,
    cleanEnd: stuck === undefined,
  })
  const judgement = judge(input)
  const found: Anomaly[] = judgement.checks.flatMap((check) => check.anomalies)
  if (stuck) found.push({ ...stuck, place: {} })
  else for (const disk of world.disks) found.push(...(await pathDependence(world, disk)))
  const anomalies = [...new Set(found.map((anomaly) => anomaly.name))]
  const doubts = judgement.checks.flatMap((c) => (c.verdict === 'unknown' ? [`${c.check}: ${c.reason}`] : []))
  const doubtful = unexplained.length > 0 || doubts.length > 0
  const verdict: Verdict = anomalies.length > 0 ? 'invalid' : doubtful ? 'unknown' : 'valid'
  const lines = world.journals.map((event) => JSON.stringify(event))
  return {
    case: named,
    plan,
    verdict,
    anomalies,
    findings: [...found.map((a) => `${a.name}: ${a.message}`), ...unexplained, ...doubts].slice(0, 12),
    history: digest([...world.steps, ...lines, ...logLines(world)]),
    shape: digest(world.steps),
    steps: world.steps.length,
    lives: new Set(world.journals.map((event) => event.incarnation)).size,
    coverage: world.coverage,
    judgement,
    input,
    journals: world.journals,
    timeline: timelineOf(world.journals),
  }
}

const LEFT_OUT: ReadonlySet<string> = new Set([
  'boot',
  'offsets',
  'manifest',
  'first-input',
  'lag-zero',
  'arm',
])
const SHOWN = [
  'task',
  'kind',
  'n',
  'from',
  'next',
  'to',
  'offset',
  'source',
  'snapshotId',
  'epoch',
  'point',
  'code',
] as const

function timelineOf(journals: readonly HistoryEvent[]): string[] {
  return journals
    .filter((event) => !LEFT_OUT.has(event.f))
    .map((event) => {
      const told = SHOWN.flatMap((field) => wordOf(event, field, `${field} `))
      const who = event.who === 'supervisor' ? wordOf(event, 'worker').join('') : event.incarnation
      const what = [...wordOf(event, 'fault'), ...told].join(', ')
      return `${String(event.t).padStart(6)} ms  ${who.padEnd(8)} ${event.f} ${event.type}  ${what}`.trimEnd()
    })
}

function wordOf(event: HistoryEvent, field: string, before = ''): string[] {
  const value = event[field]
  return typeof value === 'string' || typeof value === 'number' ? [`${before}${value}`] : []
}

function* logLines({ cluster, disks }: World): Generator<string> {
  for (const topic of Object.values(NAMES)) {
    for (const { partition } of disks) yield JSON.stringify(cluster.partition(topic, partition).entries())
  }
}
