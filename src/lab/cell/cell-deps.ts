/**
 * What a cell is given to work with. Types only.
 */
import type { Kill } from '../../core/crash/plan.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { Journal } from '../../core/ports/journal.ts'
import type { LogPort } from '../../core/ports/log.ts'
import type { WireProxy } from '../../core/ports/proxy.ts'
import type { Workers } from '../../core/ports/workers.ts'
import type { FaultBroker } from '../fault/fault-broker.ts'
import type { StateFound } from './cell-plan.ts'
import type { CrewMember } from './crew.ts'

/** Appends orders to the cell's topic; the iterator behind it stays open between calls. */
export interface Feeder {
  /** Feeds up to `count` more; resolves with how many there were. */
  feed(count: number): Promise<number>
}

/** What becomes of a life that stands at its crash point. */
export type AfterHalt = 'kill' | 'continue'

export interface CellDeps {
  /** The cell's own broker, where something is done to it. */
  readonly broker?: FaultBroker | undefined
  readonly brokers: string
  readonly workers: Workers
  readonly log: LogPort
  readonly proxy: WireProxy
  readonly clock: Clock
  readonly journal: Journal
  readonly feeder: Feeder
  /** Positions in a task's local state, read from a copy. */
  readonly readState: (stateDir: string, task: number) => Promise<StateFound | undefined>
  /** Root of all state: `<stateRoot>/<prefix>`. */
  readonly stateRoot: string
  readonly prefix: string
  /** Has the cleaner go over the changelog. */
  readonly compact: () => Promise<unknown>
  readonly say: (what: string) => void
  readonly onMember: (member: CrewMember) => void
  /** Where a plan halts: the life stands still until this has decided. */
  readonly onHalt?: ((member: CrewMember, kill: Kill) => Promise<AfterHalt>) | undefined
}
