/**
 * What a worker is told: the specification of a cell's workers and of the ones that run by themselves.
 */
import path from 'node:path'
import { groupName, topicNames, type Operator } from '../../core/contracts/names.ts'
import type { WorkerSpec } from '../../core/ports/workers.ts'
import { SAFE_WORKER } from '../../core/scenario/mutants.ts'
import { SCENARIO_DEFAULTS } from '../../core/scenario/resolve.ts'
import type { CellPlan } from '../cell/cell-plan.ts'

/** What an experiment that says nothing about them has, everything else has too. */
export const { commitIntervalMs: COMMIT_INTERVAL_MS, transactionTimeoutMs: TRANSACTION_TIMEOUT_MS } =
  SCENARIO_DEFAULTS
export const RETAIN = 3
/** Less than the changelog of one transaction, so that a replay of several takes several chunks. */
const SMALL_CHUNK_BYTES = 2048

/** As long as a broker lets a transaction stay open at most. */
const HALT_PATIENCE_MS = 900_000

interface Place {
  readonly operator: Operator
  readonly instance: number
  readonly brokers: string
  readonly prefix: string
  readonly proxy: string | null
  /** `<state root>/<prefix>`. */
  readonly stateDir: string
}

/** Worker `instance` of an operator in a cell, with the tasks that the plan deals it. */
export function cellSpec(plan: CellPlan, place: Place): WorkerSpec {
  const { operator, instance, prefix, stateDir } = place
  const options = plan.workers?.[operator] ?? SAFE_WORKER
  const { instances, guarantee, isolation, client, mutation } = options
  const all = Array.from({ length: plan.partitions }, (_, i) => i)
  return {
    operator,
    pipeline: plan.pipeline,
    prefix,
    brokers: place.brokers,
    proxy: place.proxy,
    names: topicNames(prefix),
    group: groupName(prefix, operator),
    tasks: plan.dealt?.[operator][instance] ?? all.filter((task) => task % instances === instance),
    instance: String.fromCharCode(97 + instance),
    stateDir,
    snapshotDir: path.join(stateDir, 'snapshots'),
    guarantee,
    isolation,
    client,
    batch: plan.batch,
    commitIntervalMs: plan.tuning?.commitIntervalMs ?? COMMIT_INTERVAL_MS,
    ...(plan.fixedBatches ? { fixedBatches: true } : {}),
    untilCaughtUp: false,
    window: plan.window,
    changelog: options.changelog ?? 'after-image',
    snapshotEvery: plan.tuning?.snapshotEvery ?? null,
    ...preconditions(plan),
    ...(plan.halts ? { patienceMs: HALT_PATIENCE_MS } : {}),
    transactionTimeoutMs: plan.tuning?.transactionTimeoutMs ?? TRANSACTION_TIMEOUT_MS,
    crashAt: null,
    ...(mutation === undefined ? {} : { mutation }),
  }
}

/** Faults that need a full snapshot and partial ones on it. */
const CHAINED: ReadonlySet<string> = new Set(['fault.partial-flipped', 'fault.base-flipped'])

/** What some points need of the worker to be reached at all; the registry says so in its preconditions. */
function preconditions({
  point,
  kills,
  counts,
  batch,
}: CellPlan): Partial<WorkerSpec> & Pick<WorkerSpec, 'retain'> {
  const wanted = [...kills.map(({ point }) => point), ...(counts?.points ?? [])]
  const needed = (place: string): boolean => wanted.includes(`opb.${place}`)
  return {
    retain: needed('prune.mid') ? 1 : RETAIN,
    // A full one lets go of the one before; a partial one would need it.
    ...(needed('prune.mid') ? { snapshotKind: 'full' as const } : {}),
    ...(CHAINED.has(point)
      ? { snapshotKind: 'partial' as const, snapshotEvery: { updates: 2 * batch } }
      : {}),
    ...(needed('replay.mid') ? { replayChunkBytes: SMALL_CHUNK_BYTES } : {}),
  }
}
