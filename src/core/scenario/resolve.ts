/**
 * From what an experiment file says to what runs: defaults filled in, the mutant's entry applied.
 *
 * Promises: a resolved scenario leaves nothing to a default, so scenario.resolved.yaml repeats the run
 * whatever later versions default to. Where a mutant is named, its workload and points hold unless the file
 * states its own; its workers never change, since they are what makes it that mutant.
 * Does not: read files, or resolve points to cells (core/crash does).
 */
import { CHANGELOG_FORMS, MODE_OF, type ChangelogForm } from '../compare/variants.ts'
import type { ChangelogMode } from '../contracts/records.ts'
import type { AnomalyName, Verdict } from '../oracle/verdict.ts'
import type { MetricName } from '../report/metrics.ts'
import { formatDuration, type Cadence } from './units.ts'
import { MUTANTS, SAFE_WORKER, mutantOf } from './mutants.ts'
import type { Mutant, MutantName, Restart, WorkerOptions } from './mutants.ts'
import type { Problem, ScenarioCell, ScenarioFile } from './schema.ts'

export const SCENARIO_DEFAULTS = {
  seed: 7,
  orders: 2_000,
  partitions: 1,
  window: 60,
  repeat: 1,
  commitIntervalMs: 100,
  /** As in Kafka Streams. */
  transactionTimeoutMs: 10_000,
} as const

export interface Expect {
  readonly verdict: Verdict
  readonly primary: AnomalyName | null
  readonly allowed: readonly AnomalyName[]
  readonly max: Readonly<Partial<Record<MetricName, number>>>
  readonly min: Readonly<Partial<Record<MetricName, number>>>
}

export interface Sweep {
  /** Name of the experiment that lists the values. */
  readonly of: string
  readonly values: Readonly<Record<string, string | number>>
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
  /** Records per transaction at most; null: by the number of orders (core/crash/plan.ts). */
  readonly batch: number | null
  readonly commitIntervalMs: number
  readonly transactionTimeoutMs: number
  /** Null: only the one snapshot that is asked for before the kill. */
  readonly snapshotEvery: Cadence | null
  /** Orders per second; null: as fast as the broker takes them. */
  readonly rate: number | null
  readonly keys: number | null
  /** Values of this run in a sweep. */
  readonly sweep: Sweep | null
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
  if (file.mutant && file.instances !== undefined) {
    problems.push({
      path: ['instances'],
      message: `instances: the mutant ${file.mutant} brings its own workers; leave the field out`,
    })
  }
  if (file.mutant && file.changelog !== undefined) {
    problems.push({
      path: ['changelog'],
      message: `changelog: the mutant ${file.mutant} brings its own workers; leave the field out`,
    })
  }
  if (file.instances !== undefined && file.instances > (file.partitions ?? SCENARIO_DEFAULTS.partitions)) {
    const message = `instances: ${file.instances} instances need as many partitions, and there are ${file.partitions ?? SCENARIO_DEFAULTS.partitions}`
    problems.push({ path: ['instances'], message })
  }
  if (file.expect?.primary && file.expect.verdict && file.expect.verdict !== 'invalid') {
    const message = `expect.verdict: a cell that shows ${file.expect.primary} is invalid, never ${file.expect.verdict}`
    problems.push({ path: ['expect', 'verdict'], message })
  }
  return problems
}

export function resolveScenario(file: ScenarioFile, sweep: Sweep | null = null): Scenario {
  const mutant: Mutant | null = file.mutant ? mutantOf(file.mutant) : null
  const workload = { ...SCENARIO_DEFAULTS, ...mutant?.workload }
  const instances = file.instances ?? 1
  const safe: WorkerOptions = { ...SAFE_WORKER, instances }
  const workers = {
    opa: { ...safe, guarantee: file.guarantee ?? SAFE_WORKER.guarantee },
    opb: { ...safe, ...(file.changelog ? { changelog: MODE_OF[file.changelog] } : {}) },
  }
  return {
    name: file.name,
    description: file.description ?? null,
    pipeline: file.pipeline ?? 'reference',
    prefix: file.prefix ?? null,
    mutant: file.mutant ?? null,
    workers: mutant?.workers ?? workers,
    restart: mutant?.restart ?? (instances > 1 ? 'takeover' : 'at-once'),
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
    batch: file.batch ?? null,
    commitIntervalMs: file.commit_interval ?? SCENARIO_DEFAULTS.commitIntervalMs,
    transactionTimeoutMs: file.transaction_timeout ?? SCENARIO_DEFAULTS.transactionTimeoutMs,
    snapshotEvery: file.snapshot_every ?? null,
    rate: file.rate ?? null,
    keys: file.keys ?? null,
    sweep,
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
  const { expect, points, cells, workers, mutant, snapshotEvery } = scenario
  const { name, description, pipeline, prefix, seed, orders, partitions, from, repeat, keep } = scenario
  const { batch, rate, keys } = scenario
  return withoutNulls({
    name,
    description,
    pipeline,
    prefix,
    mutant,
    points: points?.length === 0 ? null : points,
    cells: cells.length === 0 ? null : cells,
    seed,
    orders,
    partitions,
    window: formatDuration(scenario.window * 1_000),
    from,
    repeat,
    batch,
    commit_interval: formatDuration(scenario.commitIntervalMs),
    transaction_timeout: formatDuration(scenario.transactionTimeoutMs),
    snapshot_every: snapshotEvery && formatCadence(snapshotEvery),
    rate,
    keys,
    changelog: mutant ? null : formOf(workers.opb.changelog),
    keep,
    // A mutant brings workers, restart condition and keys with it.
    guarantee: mutant ? null : workers.opa.guarantee,
    instances: mutant ? null : workers.opa.instances,
    expect: withoutNulls({ ...expect }),
  })
}

/** The word of the file for a mode; null for the default. */
const formOf = (mode: ChangelogMode | undefined): ChangelogForm | null =>
  CHANGELOG_FORMS.find((form) => MODE_OF[form] === mode) ?? null

const formatCadence = ({ ms, updates }: Cadence): string =>
  ms === undefined ? `${updates}updates` : formatDuration(ms)

const withoutNulls = (fields: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null))
