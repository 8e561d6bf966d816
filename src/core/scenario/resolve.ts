/**
 * From what an experiment file says to what runs: defaults filled in, the mutant's entry applied.
 *
 * Promises: a resolved scenario leaves nothing to a default, so scenario.resolved.yaml repeats the run
 * whatever later versions default to. Where a mutant is named, its workload and points hold unless the file
 * states its own; its workers never change, since they are what makes it that mutant.
 * Does not: read files, or resolve points to cells (core/crash does).
 */
import type { AnomalyName, Verdict } from '../oracle/verdict.ts'
import type { MetricName } from '../report/metrics.ts'
import { formatDuration } from './units.ts'
import { MUTANTS, SAFE_WORKER, mutantOf } from './mutants.ts'
import type { Mutant, MutantName, Restart, WorkerOptions } from './mutants.ts'
import type { Problem, ScenarioCell, ScenarioFile } from './schema.ts'

export const SCENARIO_DEFAULTS = { seed: 7, orders: 2_000, partitions: 1, window: 60, repeat: 1 } as const

export interface Expect {
  readonly verdict: Verdict
  readonly primary: AnomalyName | null
  readonly allowed: readonly AnomalyName[]
  readonly max: Readonly<Partial<Record<MetricName, number>>>
  readonly min: Readonly<Partial<Record<MetricName, number>>>
}

export interface Scenario {
  readonly name: string
  readonly description: string | null
  readonly pipeline: 'reference' | 'reference-stateless'
  /** Literal; null lets the run make one. */
  readonly prefix: string | null
  readonly mutant: MutantName | null
  readonly workers: { readonly opa: WorkerOptions; readonly opb: WorkerOptions }
  readonly restart: Restart
  /** Null: the whole default matrix (only where no cells are listed). */
  readonly points: readonly string[] | null
  readonly cells: readonly ScenarioCell[]
  readonly seed: number
  readonly orders: number
  readonly partitions: number
  /** Generator profile; null leaves the generator's defaults. */
  readonly stores: number | null
  readonly products: number | null
  /** Share of orders that must be rejected; null leaves the experiments' own. */
  readonly dirty: number | null
  /** Seconds. */
  readonly window: number
  readonly from: string | null
  readonly repeat: number
  readonly keep: boolean
  readonly expect: Expect
}

/** What contradicts itself, although each field alone is fine. */
export function contradictions(file: ScenarioFile): Problem[] {
  const problems: Problem[] = []
  const own = file.mutant ? MUTANTS[file.mutant].workers.opa.guarantee : undefined
  if (own !== undefined && file.guarantee !== undefined && file.guarantee !== own) {
    const message = `guarantee: the mutant ${file.mutant} runs OpA ${own}; leave the field out`
    problems.push({ path: ['guarantee'], message })
  }
  if (file.mutant && file.pipeline === 'reference-stateless') {
    problems.push({
      path: ['pipeline'],
      message: `pipeline: the mutant ${file.mutant} needs the pipeline reference`,
    })
  }
  if (file.expect?.primary && file.expect.verdict && file.expect.verdict !== 'invalid') {
    const message = `expect.verdict: a cell that shows ${file.expect.primary} is invalid, never ${file.expect.verdict}`
    problems.push({ path: ['expect', 'verdict'], message })
  }
  return problems
}

export function resolveScenario(file: ScenarioFile): Scenario {
  const mutant: Mutant | null = file.mutant ? mutantOf(file.mutant) : null
  const workload = { ...SCENARIO_DEFAULTS, ...mutant?.workload }
  const safe: WorkerOptions = { ...SAFE_WORKER, guarantee: file.guarantee ?? SAFE_WORKER.guarantee }
  return {
    name: file.name,
    description: file.description ?? null,
    pipeline: file.pipeline ?? 'reference',
    prefix: file.prefix ?? null,
    mutant: file.mutant ?? null,
    workers: mutant?.workers ?? { opa: safe, opb: SAFE_WORKER },
    restart: mutant?.restart ?? 'at-once',
    points: file.points ?? (file.cells ? [] : (mutant?.points ?? null)),
    cells: file.cells ?? (file.points ? [] : (mutant?.cells ?? [])),
    seed: file.seed ?? SCENARIO_DEFAULTS.seed,
    orders: file.orders ?? workload.orders,
    partitions: file.partitions ?? workload.partitions,
    stores: mutant?.workload.stores ?? null,
    products: mutant?.workload.products ?? null,
    dirty: mutant?.workload.dirty ?? null,
    window: file.window ?? workload.window,
    from: file.from ?? null,
    repeat: file.repeat ?? SCENARIO_DEFAULTS.repeat,
    keep: file.keep ?? false,
    expect: expectOf(file, mutant),
  }
}

function expectOf(file: ScenarioFile, mutant: Mutant | null): Expect {
  const primary = file.expect?.primary ?? mutant?.primary ?? null
  return {
    verdict: file.expect?.verdict ?? (primary ? 'invalid' : 'valid'),
    primary,
    allowed: file.expect?.allowed ?? mutant?.allowed ?? [],
    max: withoutGaps(file.expect?.max),
    min: withoutGaps(file.expect?.min),
  }
}

const withoutGaps = (
  bounds: Partial<Record<MetricName, number | undefined>> = {},
): Partial<Record<MetricName, number>> =>
  Object.fromEntries(Object.entries(bounds).filter(([, value]) => value !== undefined))

/** The scenario as an experiment file that leaves nothing to a default: scenario.resolved.yaml. */
export function toFile(scenario: Scenario): Record<string, unknown> {
  const {
    workers,
    restart: _restart,
    stores: _stores,
    products: _products,
    dirty: _dirty,
    ...rest
  } = scenario
  const file = {
    ...rest,
    // A mutant brings workers, restart condition and keys with it.
    guarantee: scenario.mutant ? null : workers.opa.guarantee,
    points: scenario.points?.length === 0 ? null : scenario.points,
    cells: scenario.cells.length === 0 ? null : scenario.cells,
    window: formatDuration(scenario.window * 1_000),
    expect: { ...scenario.expect },
  }
  return withoutNulls({ ...file, expect: withoutNulls(file.expect) })
}

const withoutNulls = (fields: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null))
