/**
 * What one cell is to be, and what happened in it: data only, between planner, cell and result.
 */
import type { Operator, TopicNames } from '../core/contracts/names.ts'
import type { LabError } from '../core/errors.ts'
import type { HistoryEvent } from '../core/history/event.ts'
import type { FrameSeen } from '../core/ports/proxy.ts'
import type { WorkerExit } from '../core/ports/workers.ts'
import type { Restart, WorkerOptions } from '../core/scenario/mutants.ts'
import type { SnapshotDone } from './crew.ts'

/** What one cell is to be; the planner's output with the scenario's workers. */
export interface CellPlan {
  readonly cell: string
  readonly point: string
  readonly operator: Operator
  readonly hit: number
  readonly task: number
  readonly mode: 'warm' | 'cold'
  readonly seed: number
  readonly repeat: number
  readonly batch: number
  readonly orders: number
  readonly partitions: number
  /** Seconds. */
  readonly window: number
  readonly pipeline: 'reference' | 'reference-stateless'
  readonly workers?: { readonly opa: WorkerOptions; readonly opb: WorkerOptions }
  readonly restart?: Restart
  readonly mutant: string | null
  /** The hit was asked for: having nothing before or after it is then no fault. */
  readonly asked: boolean
}

/** What happened, without judgement. Times are CLOCK_MONOTONIC milliseconds. */
export interface CellRun {
  readonly names: TopicNames
  readonly stateDir: string
  readonly killed: boolean
  readonly exit: WorkerExit | undefined
  readonly killedIncarnation: string | undefined
  readonly nextIncarnation: string | undefined
  readonly ordersAtKill: number
  readonly ordersFed: number
  readonly dangling: Readonly<Record<string, number>>
  readonly respawnedAt: number | undefined
  readonly frames: readonly FrameSeen[]
  readonly snapshots: readonly SnapshotDone[]
  readonly randomEvent: HistoryEvent | undefined
  readonly clean: boolean
  readonly problem: LabError | undefined
  /** Next input offset in the victim's local state, read from a copy between kill and restart. */
  readonly stateAtKill: number | undefined
  /** LSO of the victim's input at the kill, per partition. */
  readonly lsoAtKill: readonly number[]
}
