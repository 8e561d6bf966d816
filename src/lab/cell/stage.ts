/** What kills and faults are given of their cell, and what they hand back. Types only. */
import type { FaultSeen } from '../../core/crash/fault-case.ts'
import type { Operator } from '../../core/contracts/names.ts'
import type { LabError } from '../../core/errors.ts'
import type { WorkerSpec } from '../../core/ports/workers.ts'
import type { CellDeps } from './cell-deps.ts'
import type { CellPlan, Death } from './cell-plan.ts'
import type { CrewMember } from './crew.ts'
import type { Scope } from './observe.ts'

/** What the chain needs of its cell. */
export interface Stage {
  readonly plan: CellPlan
  readonly deps: CellDeps
  readonly stateDir: string
  /** The newest life per instance. */
  readonly members: (operator: Operator) => CrewMember[]
  readonly spawn: (spec: WorkerSpec) => CrewMember
  /** Feeds so many more orders. */
  readonly feed: (count: number) => Promise<void>
  readonly fed: () => number
  /** Waits until everything that was fed is processed. */
  readonly settled: (what: string) => Promise<void>
  /** The error of a life that ended by itself. */
  readonly failure: () => LabError | undefined
  readonly scope: () => Scope
  /** Everything that was fed is processed. */
  readonly drained: () => Promise<boolean>
  readonly describe: () => string
}

export interface Chain {
  readonly deaths: readonly Death[]
  readonly nextIncarnation: string | undefined
  readonly respawnedAt: number | undefined
  readonly spared?: boolean
  readonly fault?: FaultSeen | undefined
}
