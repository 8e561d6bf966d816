/**
 * The mutants: broken twins of the reference pipeline, one thing wrong in each (design: the oracle).
 *
 * Promises: an entry fixes everything that the anomaly needs in order to show: workload, kill points,
 * worker options, when the killed worker may restart; and predicts what the oracle must then say. With at
 * most 50 keys and about 50 updates each, no key is so rare that a lost or doubled update could hide.
 * Does not: tell the oracle anything. It judges the same raw logs whether a mutant ran or not.
 *
 * A new mutant is one entry here and one file in experiments/mutants/.
 */
import type { Guarantee } from '../ports/workers.ts'
import type { Isolation } from '../ports/log.ts'
import type { AnomalyName } from '../oracle/verdict.ts'

/**
 * When a killed worker starts again:
 *   at-once                       as soon as its process is gone
 *   when-opb-passed-open-records  only when OpB's position is beyond the dangling transaction's records
 *   interleaved-two-instances     two OpA instances are killed with interleaved open transactions in one
 *                                 enriched partition; first the one restarts whose transaction began later,
 *                                 the other once that abort marker is in the log
 */
export type Restart = 'at-once' | 'when-opb-passed-open-records' | 'interleaved-two-instances'

export interface WorkerOptions {
  readonly guarantee: Guarantee
  readonly isolation: Isolation
  readonly client: 'kafkajs' | 'kafkajs-as-released'
  /** Processes that share the operator's tasks, round robin. */
  readonly instances: number
}

export interface MutantWorkload {
  readonly orders: number
  readonly partitions: number
  readonly stores: number
  readonly products: number
  /** Seconds; so wide that one aggregate key is one store and one product. */
  readonly window: number
}

export interface Mutant {
  readonly name: string
  /** One sentence: what is wrong. */
  readonly wrong: string
  readonly workload: MutantWorkload
  readonly points: readonly string[]
  readonly workers: { readonly opa: WorkerOptions; readonly opb: WorkerOptions }
  readonly restart: Restart
  /** Every cell must show this one. */
  readonly primary: AnomalyName
  /** What the same cause may show beside it; anything else is a finding. */
  readonly allowed: readonly AnomalyName[]
}

/** The correct pipeline's options; each mutant changes one of them. */
export const SAFE_WORKER: WorkerOptions = {
  guarantee: 'exactly-once',
  isolation: 'read_committed',
  client: 'kafkajs',
  instances: 1,
}

const FEW_KEYS: MutantWorkload = {
  orders: 2_000,
  partitions: 1,
  stores: 4,
  products: 10,
  window: 1_000_000_000,
}

/** Aborted orders that OpB counted were also counted when OpA produced them again. */
const AFTER_ABORTED_READ: readonly AnomalyName[] = ['over-count', 'dirty-state', 'divergence']

export const MUTANTS = {
  'at-least-once': {
    name: 'at-least-once',
    wrong: 'OpA commits its input offsets outside its transaction, after it',
    workload: FEW_KEYS,
    points: ['opa.commit.mid', 'opa.commit.after'],
    workers: { opa: { ...SAFE_WORKER, guarantee: 'at-least-once' }, opb: SAFE_WORKER },
    restart: 'at-once',
    primary: 'duplicate',
    allowed: ['offset-behind', 'over-count', 'divergence'],
  },
  'at-most-once': {
    name: 'at-most-once',
    wrong: 'OpA commits its input offsets outside its transaction, before it',
    workload: FEW_KEYS,
    points: ['opa.commit.before'],
    workers: { opa: { ...SAFE_WORKER, guarantee: 'at-most-once' }, opb: SAFE_WORKER },
    restart: 'at-once',
    primary: 'lost-write',
    allowed: ['offset-ahead', 'under-count', 'divergence'],
  },
  'read-uncommitted': {
    name: 'read-uncommitted',
    wrong: 'OpB reads records of transactions that are still open',
    workload: FEW_KEYS,
    points: ['opa.commit.before'],
    workers: { opa: SAFE_WORKER, opb: { ...SAFE_WORKER, isolation: 'read_uncommitted' } },
    restart: 'when-opb-passed-open-records',
    primary: 'aborted-read',
    allowed: AFTER_ABORTED_READ,
  },
  'client-as-released': {
    name: 'client-as-released',
    wrong: 'OpB reads with kafkajs as released, whose read_committed filter forgets interleaved aborts',
    workload: { ...FEW_KEYS, partitions: 2 },
    points: ['opa.commit.before'],
    workers: {
      opa: { ...SAFE_WORKER, instances: 2 },
      opb: { ...SAFE_WORKER, client: 'kafkajs-as-released' },
    },
    restart: 'interleaved-two-instances',
    primary: 'aborted-read',
    allowed: AFTER_ABORTED_READ,
  },
} as const satisfies Readonly<Record<string, Mutant>>

export type MutantName = keyof typeof MUTANTS

export const MUTANT_NAMES = Object.keys(MUTANTS) as readonly MutantName[]

export const mutantOf = (name: MutantName): Mutant => MUTANTS[name]
