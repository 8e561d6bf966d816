/**
 * The mutation score: how many of the broken twins the oracle caught, each by the anomaly predicted for it.
 *
 * Promises: caught means that every cell of the mutant showed its primary anomaly; `as-predicted` also that
 * none showed anything beyond what is allowed. A cell that could not run to its end or be judged is no catch
 * unless the anomaly was found all the same.
 * Does not: excuse a survivor; one makes the whole red.
 */
import type { CellResult, RunResult } from '../matrix/result.ts'
import type { AnomalyName, Verdict } from '../oracle/verdict.ts'
import { type Mutant, mutantOf, type MutantName } from './mutants.ts'

export interface MutantScore {
  readonly mutant: string
  readonly wrong: string
  readonly killed_at: readonly string[]
  readonly primary: AnomalyName
  /** What every cell gave, the most frequent first. */
  readonly found: readonly AnomalyName[]
  readonly outcome: 'as-predicted' | 'beyond-prediction' | 'survived'
  readonly results: string
}

export interface MutationScore {
  readonly oracle_version: string
  readonly caught: number
  readonly of: number
  /** valid: all as predicted. */
  readonly verdict: Verdict
  readonly measured: string
  readonly eoslab: string
  readonly commit: string | null
  readonly mutants: readonly MutantScore[]
}

function outcomeOf(mutant: Mutant, cells: readonly CellResult[]): MutantScore['outcome'] {
  const predicted = new Set<AnomalyName>([mutant.primary, ...mutant.allowed])
  if (cells.length === 0 || !cells.every((cell) => cell.anomalies.includes(mutant.primary))) return 'survived'
  return cells.every((cell) => cell.anomalies.every((name) => predicted.has(name)))
    ? 'as-predicted'
    : 'beyond-prediction'
}

function scoreOne(run: RunResult, name: MutantName): MutantScore {
  const mutant = mutantOf(name)
  return {
    mutant: name,
    wrong: mutant.wrong,
    killed_at: run.cells.map((cell) => cell.cell),
    primary: mutant.primary,
    found: [...new Set(run.cells.flatMap((cell) => cell.anomalies))],
    outcome: outcomeOf(mutant, run.cells),
    results: run.results,
  }
}

/** The score of runs that had one mutant each, in their order. */
export function mutationScore(
  runs: readonly { readonly mutant: MutantName; readonly run: RunResult }[],
  oracleVersion: string,
): MutationScore {
  const mutants = runs.map(({ mutant, run }) => scoreOne(run, mutant))
  const caught = mutants.filter((m) => m.outcome !== 'survived').length
  const red = mutants.some((m) => m.outcome !== 'as-predicted')
  const last = runs.at(-1)?.run.provenance
  return {
    oracle_version: oracleVersion,
    caught,
    of: mutants.length,
    verdict: mutants.length === 0 ? 'unknown' : red ? 'invalid' : 'valid',
    measured: last?.started ?? '',
    eoslab: last?.eoslab ?? '',
    commit: last?.commit ?? null,
    mutants,
  }
}
