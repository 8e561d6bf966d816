/**
 * `crash-matrix --log simulated`: schedules on a log in memory, without broker and Java.
 *
 * Promises: the result is a function of seed and number of schedules, however many threads took part; what is
 * shown says that it is simulated; a schedule that fails is reduced and comes with one command that replays it.
 * Does not: measure recovery (time is virtual).
 */
import { availableParallelism } from 'node:os'
import { hostClock } from '../../adapters/host/clock.ts'
import { LabError } from '../../core/errors.ts'
import { worst, type Verdict } from '../../core/oracle/verdict.ts'
import { MUTANT_NAMES, type MutantName } from '../../core/scenario/mutants.ts'
import { parseCount } from '../../core/scenario/units.ts'
import {
  type FailedSchedule,
  pointsMissed,
  reduce,
  type Reduced,
  seedOf,
  sumOf,
} from '../../core/sim/campaign.ts'
import { decodeCase, encodeCase, type SimCase } from '../../core/sim/case.ts'
import { SIM_POINTS } from '../../core/sim/mix.ts'
import { mutantNamed } from '../../core/sim/plan.ts'
import { replayBlocks, showedNothing, simulationBlocks } from '../../core/sim/report.ts'
import type { Failure, Replay, Simulation } from '../../core/sim/result.ts'
import { runSchedule } from '../../core/sim/run.ts'
import { NOT_SIMULATED } from '../../core/sim/specs.ts'
import { startThread } from '../../program/threads.ts'
import type { CiOutcome } from '../report/ci.ts'
import { ofSimulation } from '../report/ci-simulated.ts'
import { forTerminal } from '../report/report.ts'
import { storeCampaign, type StoredSchedule } from './simulated-results.ts'
import { settle, type SimAnswer, type SimOrder } from './simulate-thread.ts'

export interface SimulateFlags {
  readonly schedules: string
  readonly seed: string
  readonly replay?: string | undefined
  readonly mutant?: string | undefined
  /** As typed, for the results. */
  readonly argv: readonly string[]
  readonly say: (text: string) => void
}

export interface Answer {
  readonly result: Simulation | Replay
  readonly outcome: CiOutcome
  readonly text: string
}

/** Reduced are the first ones; the others have their own command all the same. */
const REDUCED = 3
const STORED = 10
const MAX_SEED = 2 ** 32 - 1

const commandOf = (replay: string, mutant: string | null | undefined): string =>
  `eoslab crash-matrix --log simulated --replay ${replay}${mutant ? ` --mutant ${mutant}` : ''}`

export async function simulate(flags: SimulateFlags): Promise<Answer> {
  const { mutant } = flags
  if (mutant !== undefined && (!mutantNamed(mutant) || mutant in NOT_SIMULATED)) {
    const known = MUTANT_NAMES.filter((name) => !(name in NOT_SIMULATED)).join(', ')
    throw new LabError('USAGE', `--mutant ${mutant}: there is no such mutant in the simulation`, {
      hint: `known: ${known}`,
    })
  }
  if (flags.replay !== undefined) return replay({ ...decodeCase(flags.replay), mutant }, flags.replay)
  const seed = parseCount(flags.seed, '--seed', { min: 0, max: MAX_SEED })
  const schedules = parseCount(flags.schedules, '--schedules', { min: 1, max: 1_000_000 })
  const startedMs = hostClock.wallMs()
  const result = await campaign({ seed, schedules, mutant, say: flags.say })
  const stored = await worthStoring(result)
  const argv = ['crash-matrix', ...flags.argv]
  const results = await storeCampaign({
    seed,
    mutant: mutant as MutantName | undefined,
    startedMs,
    schedules: stored,
    argv,
  })
  flags.say(`results: ${results}`)
  return { result, outcome: ofSimulation(result), text: forTerminal(simulationBlocks(result)) }
}

/** The reduced failures, or the first schedule, as an example of what went well. */
async function worthStoring({ failures, seed, mutant }: Simulation): Promise<StoredSchedule[]> {
  const words = failures.slice(0, STORED).map((failure) => failure.reduced?.replay ?? failure.replay)
  const stored: StoredSchedule[] = []
  for (const word of words.length > 0 ? words : [encodeCase({ seed: seedOf(seed, 0) })]) {
    const outcome = await runSchedule({ ...decodeCase(word), mutant: mutant ?? undefined }, settle)
    stored.push({ outcome, command: commandOf(word, mutant) })
  }
  return stored
}

interface Campaign {
  readonly seed: number
  readonly schedules: number
  readonly mutant: string | undefined
  readonly say: (text: string) => void
}

async function campaign(of: Campaign): Promise<Simulation> {
  const { seed, schedules, mutant } = of
  const started = process.hrtime.bigint()
  const threads = Math.max(1, Math.min(availableParallelism(), 8, schedules))
  of.say(`simulated log: ${schedules} schedules on ${threads} threads, no broker`)
  const answers = await deal(of, threads)
  const { shapes, verdicts, steps, lives, ...tally } = sumOf(answers.map((answer) => answer.tally))
  const mutants = MUTANT_NAMES.flatMap((name) =>
    answers.flatMap((a) => a.hunts).filter((h) => h.mutant === name),
  )
  const distinct = new Set(shapes).size
  const found = (Object.keys(verdicts) as Verdict[]).filter((v) => verdicts[v] > 0)
  if (mutants.some((hunt) => hunt.schedules === null)) found.push('invalid')
  if (showedNothing({ mutant: mutant ?? null, verdicts, schedules, distinct }) !== undefined)
    found.push('vacuous')
  return {
    log: 'simulated',
    seed,
    schedules,
    mutant: mutant ?? null,
    verdict: worst(found),
    verdicts,
    distinct,
    steps,
    lives,
    coverage: {
      points: SIM_POINTS.length,
      reached: SIM_POINTS.length - pointsMissed(tally.reached).length,
      killed_at: SIM_POINTS.length - pointsMissed(tally.killedAt).length,
      not_killed_at: pointsMissed(tally.killedAt),
      situations: tally.situations.length,
      states: tally.states.length,
    },
    failures: await explained(of, tally.failed),
    mutants: mutants.map((hunt) => ({
      ...hunt,
      command: hunt.replay && commandOf(hunt.replay, hunt.mutant),
    })),
    not_simulated: NOT_SIMULATED,
    threads,
    wall_ms: Math.round(Number(process.hrtime.bigint() - started) / 1e6),
  }
}

/** Schedules go round robin, and the mutants too: each hunt ends at another time. */
function deal({ seed, schedules, mutant }: Campaign, threads: number): Promise<SimAnswer[]> {
  const hunted = mutant === undefined ? MUTANT_NAMES.filter((name) => !(name in NOT_SIMULATED)) : []
  return Promise.all(
    Array.from({ length: threads }, (_, thread) =>
      inThread({
        seed,
        schedules,
        thread,
        threads,
        mutant,
        hunted: hunted.filter((_name, i) => i % threads === thread),
      }),
    ),
  )
}

async function explained({ mutant, say }: Campaign, failed: readonly FailedSchedule[]): Promise<Failure[]> {
  const failures: Failure[] = []
  for (const one of failed) {
    const predicted = mutantNamed(mutant)?.primary
    const primary = one.anomalies.find((name) => name === predicted) ?? one.anomalies[0]
    let reduced: Reduced | null = null
    if (primary !== undefined && failures.length < REDUCED) {
      say(`reducing ${one.replay}: ${one.anomalies.join(', ')}`)
      reduced = await reduce({ ...decodeCase(one.replay), mutant }, primary, settle)
    }
    failures.push({
      ...one,
      command: commandOf(one.replay, mutant),
      reduced: reduced && { ...reduced, command: commandOf(reduced.replay, mutant) },
    })
  }
  return failures
}

async function replay(named: SimCase, text: string): Promise<Answer> {
  const outcome = await runSchedule(named, settle)
  const result: Replay = {
    log: 'simulated',
    replay: text,
    mutant: named.mutant ?? null,
    verdict: outcome.verdict,
    anomalies: outcome.anomalies,
    findings: outcome.findings,
    history: outcome.history,
    timeline: outcome.timeline,
  }
  return { result, outcome: ofSimulation(result), text: forTerminal(replayBlocks(result)) }
}

function inThread(order: SimOrder): Promise<SimAnswer> {
  return new Promise((resolve, reject) => {
    const worker = startThread('simulate-thread', order, {
      candidates: ['./simulate-thread.js', './simulate-thread.ts'],
      base: import.meta.url,
    })
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', (code) =>
      reject(new LabError('INTERNAL', `a simulation thread ended with code ${code}`)),
    )
  })
}
