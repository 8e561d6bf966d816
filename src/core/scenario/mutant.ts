/**
 * What a mutant is: the shape of an entry in mutants.ts, and the correct pipeline's options that it changes.
 * Types, and nothing that runs.
 */
import type { ChangelogMode } from '../contracts/records.ts'
import type { MutationName } from '../mutations/index.ts'
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
 *   released-before-fence         at once; the EndTxn that was held back goes to the broker when the new life
 *                                 has said which committed offset it found, and has not fenced yet
 *   compacted                     once the cleaner has been over the changelog
 *   takeover                      never: a living instance of the operator takes over its tasks
 */
export type Restart =
  | 'at-once'
  | 'when-opb-passed-open-records'
  | 'interleaved-two-instances'
  | 'released-before-fence'
  | 'compacted'
  | 'takeover'

export interface WorkerOptions {
  readonly guarantee: Guarantee
  readonly isolation: Isolation
  readonly client: 'kafkajs' | 'kafkajs-as-released'
  /** Processes that share the operator's tasks, round robin. */
  readonly instances: number
  /** Default: after-image. */
  readonly changelog?: ChangelogMode
  /** What is wrong in the process (core/mutations). */
  readonly mutation?: MutationName
}

export interface MutantWorkload {
  readonly orders: number
  readonly partitions: number
  readonly stores: number
  readonly products: number
  /** Seconds; so wide that one aggregate key is one store and one product. */
  readonly window: number
  /** Share of orders that must be rejected; default: the experiments' own. */
  readonly dirty?: number
}

export interface MutantCell {
  readonly point: string
  readonly hit?: number
  readonly mode?: 'warm' | 'cold'
}

export interface Mutant {
  readonly name: string
  /** One sentence: what is wrong. */
  readonly wrong: string
  readonly workload: MutantWorkload
  readonly points: readonly string[]
  /** Cells beside the points: with a hit of their own, or cold. */
  readonly cells?: readonly MutantCell[]
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
