/**
 * What a simulated worker is told: the specification of a real one, filled from the plan and from what is
 * wrong with the code on purpose.
 */
import { groupName, type Operator, topicNames } from '../contracts/names.ts'
import type { WorkerSpec } from '../ports/workers.ts'
import { type Mutant, SAFE_WORKER } from '../scenario/mutants.ts'
import { SCENARIO_DEFAULTS } from '../scenario/resolve.ts'
import type { SimPlan } from './plan.ts'

export const PREFIX = 'sim.'
/** Seconds; wide enough that a few orders meet in one aggregate, narrow enough for more than one window. */
export const WINDOW = 60
export const NAMES = topicNames(PREFIX)

/** Mutants that this world has no place for, and why. */
export const NOT_SIMULATED: Readonly<Record<string, string>> = {
  'client-as-released': 'it is a fault of a client library; the simulated log has no client',
  'offsets-before-fence': 'it needs a commit that is held back on the wire',
  'manifest-early': 'simulated snapshots are not taken in the two halves that it swaps',
  'copy-without-wal': 'the simulated disk has no write-ahead log',
  'delta-only': 'a simulated changelog of deltas alone is never compacted',
}

export function simSpec(
  plan: SimPlan,
  who: { operator: Operator; instance: string; tasks: readonly number[] },
  mutant: Mutant | undefined,
): WorkerSpec {
  const { operator, instance, tasks } = who
  const { guarantee, isolation, client, mutation } = mutant?.workers[operator] ?? SAFE_WORKER
  return {
    operator,
    pipeline: 'reference',
    prefix: PREFIX,
    brokers: 'simulated',
    proxy: null,
    names: NAMES,
    group: groupName(PREFIX, operator),
    tasks,
    instance,
    stateDir: 'simulated',
    snapshotDir: 'simulated',
    guarantee,
    isolation,
    client,
    batch: plan.batch[operator],
    commitIntervalMs: 20,
    untilCaughtUp: false,
    window: WINDOW,
    changelog: plan.changelog,
    snapshotEvery: { updates: plan.snapshotUpdates },
    retain: plan.retain,
    snapshotKind: plan.snapshotKind,
    transactionTimeoutMs: SCENARIO_DEFAULTS.transactionTimeoutMs,
    crashAt: null,
    replayChunkBytes: plan.chunkBytes,
    ...(mutation === undefined ? {} : { mutation }),
  }
}
