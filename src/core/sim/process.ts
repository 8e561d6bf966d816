/**
 * A simulated process: what a life of a worker is to the scheduler, to its journal and to its crash points.
 *
 * Promises: nothing of a dead process goes on: its calls never return, its journal takes no more lines, its
 * handles on disk change nothing. A paused one keeps what it has sent on the wire and nothing else moves.
 * Does not: decide who is killed or when.
 */
import type { Operator } from '../contracts/names.ts'
import type { HistoryEvent, NewEvent } from '../history/event.ts'
import type { Clock } from '../ports/clock.ts'
import type { Journal } from '../ports/journal.ts'
import type { CrashOrder } from '../ports/workers.ts'
import { CrashPoints } from '../primitives/crash-points.ts'
import type { Scheduler } from './scheduler.ts'

export type ProcessState = 'running' | 'paused' | 'dead' | 'ended'

/** Thrown where a process dies in the middle of its own code; nothing may catch it and go on. */
export class Killed extends Error {}

export interface ProcessWorld {
  readonly scheduler: Scheduler
  readonly clock: Clock
  /** Takes every line of every journal, in the order in which they were written. */
  readonly record: (event: HistoryEvent) => void
  /** The process has killed itself at a point. */
  readonly died: (process: SimProcess) => void
  /** A point was reached, whether or not anything was ordered there. */
  readonly reached: (process: SimProcess, point: string) => void
}

export class SimProcess {
  readonly operator: Operator
  readonly instance: string
  readonly life: number
  readonly tasks: readonly number[]
  readonly journal: Journal
  readonly points: CrashPoints
  readonly world: ProcessWorld
  state: ProcessState = 'running'
  /** What the last line of its journal said: where it is, for the coverage. */
  place = 'start'
  /** A newer life of the same instance exists. */
  superseded = false
  /** The next EndTxn meets this: its answer is withheld, or it is held back itself; then the process dies. */
  wire: 'mid' | 'held' | undefined
  /** By task: its position in the input if everything fetched is processed, else -1. */
  readonly idleAt = new Map<number, () => number>()
  stop: () => void = () => {}
  #lines = 0

  constructor(
    world: ProcessWorld,
    who: { operator: Operator; instance: string; life: number; tasks: readonly number[] },
  ) {
    this.world = world
    this.operator = who.operator
    this.instance = who.instance
    this.life = who.life
    this.tasks = who.tasks
    this.journal = {
      incarnation: `${who.operator}.${who.instance}.${who.life}`,
      append: (event) => this.#append(event),
      close: () => {},
    }
    this.points = new WatchedPoints(this)
  }

  get incarnation(): string {
    return this.journal.incarnation
  }

  get alive(): boolean {
    return this.state === 'running' || this.state === 'paused'
  }

  die(): never {
    this.world.died(this)
    throw new Killed(this.incarnation)
  }

  /** A dead process changes nothing any more: what still unwinds in it stops here. */
  requireAlive(): void {
    if (!this.alive) throw new Killed(this.incarnation)
  }

  #append(event: NewEvent): HistoryEvent {
    const { clock } = this.world
    const line: HistoryEvent = {
      ...event,
      t: clock.monotonicMs(),
      at: clock.wallMs(),
      who: this.operator,
      incarnation: this.incarnation,
      i: this.#lines + 1,
    }
    if (!this.alive) return line
    this.#lines += 1
    const kind = typeof event['kind'] === 'string' ? ` ${event['kind']}` : ''
    this.place = `${event.f} ${event.type}${kind}`
    this.world.record(line)
    return line
  }
}

class WatchedPoints extends CrashPoints {
  readonly #process: SimProcess

  constructor(process: SimProcess) {
    super(process.operator, process.journal, {
      die: () => process.die(),
      // Pauses are the scheduler's: it stops a process between two of its calls.
      pause: (_order: CrashOrder) => {},
      arm: async ({ moment }) => {
        process.wire = moment === 'held' ? 'held' : 'mid'
      },
    })
    this.#process = process
  }

  override due(step: string, task: number): boolean {
    this.#process.world.reached(this.#process, `${this.#process.operator}.${step}`)
    return super.due(step, task)
  }
}
