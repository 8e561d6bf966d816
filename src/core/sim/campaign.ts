/**
 * Many schedules: what they add up to, in a form that threads can hand to each other.
 *
 * Promises: the sum does not depend on how the schedules were dealt out to threads.
 */
import type { AnomalyName, Verdict } from '../oracle/verdict.ts'
import { encodeCase, type SimCase } from './case.ts'
import { SIM_POINTS } from './mix.ts'
import { mutantNamed } from './plan.ts'
import { runSchedule, type ScheduleOutcome } from './run.ts'
import type { Settle } from './scheduler.ts'
import { faultText } from './stored.ts'
import { shrink } from './shrink.ts'

export interface FailedSchedule {
  readonly index: number
  readonly replay: string
  readonly verdict: Verdict
  readonly anomalies: readonly AnomalyName[]
  readonly findings: readonly string[]
}

export interface Tally {
  readonly verdicts: Readonly<Record<Verdict, number>>
  readonly shapes: readonly string[]
  readonly steps: number
  readonly lives: number
  readonly reached: readonly string[]
  readonly killedAt: readonly string[]
  readonly situations: readonly string[]
  readonly states: readonly string[]
  readonly failed: readonly FailedSchedule[]
}

/** Seed of the k-th schedule: neighbouring campaigns share none. */
export const seedOf = (seed: number, k: number): number => (Math.imul(seed + 1, 0x9e3779b1) + k) >>> 0

export class Tallying {
  readonly #verdicts: Record<Verdict, number> = { valid: 0, vacuous: 0, unknown: 0, invalid: 0 }
  readonly #shapes: string[] = []
  readonly #sets = {
    reached: new Set<string>(),
    killedAt: new Set<string>(),
    situations: new Set<string>(),
    states: new Set<string>(),
  }
  readonly #failed: FailedSchedule[] = []
  #steps = 0
  #lives = 0

  add(index: number, outcome: ScheduleOutcome): void {
    this.#verdicts[outcome.verdict] += 1
    this.#shapes.push(outcome.shape)
    this.#steps += outcome.steps
    this.#lives += outcome.lives
    for (const name of ['reached', 'killedAt', 'situations', 'states'] as const) {
      for (const one of outcome.coverage[name]) this.#sets[name].add(one)
    }
    if (outcome.verdict !== 'valid') this.#failed.push(failedOf(index, outcome))
  }

  tally(): Tally {
    const { reached, killedAt, situations, states } = this.#sets
    return {
      verdicts: this.#verdicts,
      shapes: this.#shapes,
      steps: this.#steps,
      lives: this.#lives,
      reached: [...reached].sort(),
      killedAt: [...killedAt].sort(),
      situations: [...situations].sort(),
      states: [...states].sort(),
      failed: this.#failed,
    }
  }
}

const failedOf = (index: number, outcome: ScheduleOutcome): FailedSchedule => ({
  index,
  replay: encodeCase(outcome.case),
  verdict: outcome.verdict,
  anomalies: outcome.anomalies,
  findings: outcome.findings,
})

const union = (tallies: readonly Tally[], of: (tally: Tally) => readonly string[]): string[] =>
  [...new Set(tallies.flatMap(of))].sort()

export function sumOf(tallies: readonly Tally[]): Tally {
  const total = (of: (tally: Tally) => number): number => tallies.reduce((sum, tally) => sum + of(tally), 0)
  return {
    verdicts: {
      valid: total((t) => t.verdicts.valid),
      vacuous: total((t) => t.verdicts.vacuous),
      unknown: total((t) => t.verdicts.unknown),
      invalid: total((t) => t.verdicts.invalid),
    },
    shapes: tallies.flatMap((t) => t.shapes),
    steps: total((t) => t.steps),
    lives: total((t) => t.lives),
    reached: union(tallies, (t) => t.reached),
    killedAt: union(tallies, (t) => t.killedAt),
    situations: union(tallies, (t) => t.situations),
    states: union(tallies, (t) => t.states),
    failed: tallies.flatMap((t) => t.failed).sort((a, b) => a.index - b.index),
  }
}

/** Points of the registry that a simulated worker can be at, those told to die at among them. */
export const pointsMissed = (names: readonly string[]): string[] =>
  SIM_POINTS.filter((p) => !names.includes(p))

export interface Reduced {
  readonly replay: string
  readonly orders: number
  readonly faults: readonly string[]
  readonly runs: number
  readonly findings: readonly string[]
}

export async function reduce(named: SimCase, primary: AnomalyName, settle: Settle): Promise<Reduced> {
  const failing = await runSchedule(named, settle)
  const { outcome, runs } = await shrink(failing, primary, (smaller) => runSchedule(smaller, settle))
  const { plan, findings } = outcome
  return {
    replay: encodeCase(outcome.case),
    orders: plan.orders - plan.without.length,
    faults: plan.faults.map(faultText),
    runs,
    findings,
  }
}

export interface MutantHunt {
  readonly mutant: string
  readonly primary: AnomalyName
  /** Schedules run until the predicted anomaly showed; null if it never did. */
  readonly schedules: number | null
  readonly replay: string | null
  readonly also: readonly AnomalyName[]
}

const HUNT_LIMIT = 400

export async function huntMutant(mutant: string, seed: number, settle: Settle): Promise<MutantHunt> {
  const { primary } = mutantNamed(mutant)!
  for (let k = 0; k < HUNT_LIMIT; k++) {
    const named = { seed: seedOf(seed, k), mutant }
    const { anomalies } = await runSchedule(named, settle)
    if (!anomalies.includes(primary)) continue
    const also = anomalies.filter((name) => name !== primary)
    return { mutant, primary, schedules: k + 1, replay: encodeCase(named), also }
  }
  return { mutant, primary, schedules: null, replay: null, also: [] }
}
