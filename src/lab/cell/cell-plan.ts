/**
 * What one cell is to be, and what happened in it: data only, between planner, cell and result.
 */
import type { FaultSeen } from '../../core/crash/fault-proofs.ts'
import type { Counts } from '../../core/crash/hits.ts'
import type { Kill } from '../../core/crash/plan.ts'
import type { Operator, TopicNames } from '../../core/contracts/names.ts'
import type { LabError } from '../../core/errors.ts'
import type { HistoryEvent } from '../../core/history/event.ts'
import type { FrameSeen } from '../../core/ports/proxy.ts'
import type { WorkerExit } from '../../core/ports/workers.ts'
import type { Restart, WorkerOptions } from '../../core/scenario/mutants.ts'
import type { SnapshotDone } from './crew.ts'

/** What a scenario may set beside the plan. */
export interface Tuning {
  readonly commitIntervalMs: number
  readonly transactionTimeoutMs: number
  readonly snapshotEvery: { readonly ms?: number; readonly updates?: number } | null
  /** Orders per second; null: as fast as the broker takes them. */
  readonly rate: number | null
}

/** What one cell is to be; the planner's output with the scenario's workers. */
export interface CellPlan {
  readonly cell: string
  readonly point: string
  readonly operator: Operator
  readonly hit: number
  /** One life after the other; one kill, except for pairs and loops. None: a clean run, which counts hits. */
  readonly kills: readonly Kill[]
  /** The life behind the kills counts hits instead of being killed. */
  readonly counts?: Counts
  readonly task: number
  readonly mode: 'warm' | 'cold'
  readonly seed: number
  readonly repeat: number
  readonly batch: number
  /** Input records that the task has left once the rest is released; where there are several tasks. */
  readonly rest?: number
  /** Tasks per instance; round robin where absent. */
  readonly dealt?: Readonly<Record<Operator, readonly (readonly number[])[]>>
  /** Batches are cut by count alone, so that hits are the same in every run. */
  readonly fixedBatches?: boolean
  readonly orders: number
  readonly partitions: number
  /** Seconds. */
  readonly window: number
  readonly pipeline: 'reference' | 'reference-stateless'
  readonly workers?: { readonly opa: WorkerOptions; readonly opb: WorkerOptions }
  readonly restart?: Restart
  readonly tuning?: Tuning
  readonly mutant: string | null
  /** The last kill is a halt first, and what comes then is decided while everything stands still. */
  readonly halts?: boolean
  /** The hit was asked for: having nothing before or after it is then no fault. */
  readonly asked: boolean
}

/** The end of one life, or that it was stopped; and what was found before the next life began. */
export interface Death extends Kill {
  readonly incarnation: string | undefined
  readonly exit: WorkerExit | undefined
  /** The supervisor knew that the life was gone, or stopped. */
  readonly downAt: number
  readonly ordersFed: number
  /** Records per topic that read_uncommitted showed beyond read_committed. */
  readonly dangling: Readonly<Record<string, number>>
  /** Positions in the victim's local state, read from a copy. */
  readonly state: StateFound | undefined
  readonly snapshotFiles: readonly string[]
  /** LSO of the victim's input, per partition. */
  readonly inputLso: readonly number[]
  readonly randomEvent: HistoryEvent | undefined
  readonly wokenAt: number | undefined
}

export interface StateFound {
  readonly nextInput: number
  readonly nextChangelog: number
}

/** What happened, without judgement. Times are CLOCK_MONOTONIC milliseconds. */
export interface CellRun {
  readonly names: TopicNames
  readonly stateDir: string
  /** As many as kills were planned, if all were reached. */
  readonly deaths: readonly Death[]
  /** The life that came through. */
  readonly nextIncarnation: string | undefined
  readonly respawnedAt: number | undefined
  /** The life that was halted was let go on, so the last kill was none. */
  readonly spared?: boolean
  /** Of a cell with a fault beside the kill, or in its place. */
  readonly fault?: FaultSeen | undefined
  readonly ordersFed: number
  readonly frames: readonly FrameSeen[]
  readonly snapshots: readonly SnapshotDone[]
  readonly clean: boolean
  readonly problem: LabError | undefined
}
