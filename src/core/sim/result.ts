/**
 * What a simulation says, as JSON and as the source of its text. `log: "simulated"` is in every document.
 */
import type { Verdict } from '../oracle/verdict.ts'
import type { FailedSchedule, MutantHunt, Reduced } from './campaign.ts'

export interface Failure extends FailedSchedule {
  readonly command: string
  readonly reduced: (Reduced & { readonly command: string }) | null
}

export interface Simulation {
  readonly log: 'simulated'
  readonly seed: number
  readonly schedules: number
  readonly mutant: string | null
  readonly verdict: Verdict
  readonly verdicts: Readonly<Record<Verdict, number>>
  readonly distinct: number
  readonly steps: number
  readonly lives: number
  readonly coverage: {
    readonly points: number
    readonly reached: number
    readonly killed_at: number
    readonly not_killed_at: readonly string[]
    readonly situations: number
    readonly states: number
  }
  readonly failures: readonly Failure[]
  readonly mutants: readonly (MutantHunt & { readonly command: string | null })[]
  readonly not_simulated: Readonly<Record<string, string>>
  readonly threads: number
  readonly wall_ms: number
}

export interface Replay {
  readonly log: 'simulated'
  readonly replay: string
  readonly mutant: string | null
  readonly verdict: Verdict
  readonly anomalies: readonly string[]
  readonly findings: readonly string[]
  readonly history: string
  readonly timeline: readonly string[]
}
