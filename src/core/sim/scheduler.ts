/**
 * The scheduler: every call that a simulated process makes to the outside parks here, and the seed decides
 * which goes on next. Time is virtual and passes only when it is told to.
 *
 * Promises: between two steps nothing runs; the order of steps is a function of the draws alone. A call to
 * the log has two halves, the request that takes effect at the broker and the answer that reaches the
 * caller, and anything may happen between them.
 * Does not: know what the calls mean.
 */
import type { Random } from './random.ts'

/** What the scheduler has to know of a process. */
export interface Scheduled {
  readonly incarnation: string
  readonly alive: boolean
  readonly state: string
}

/** Resolves when everything that can run without another step has run. */
export type Settle = () => Promise<void>

interface Parked {
  /** Undefined: its process is gone, the request is still on the wire. */
  process: Scheduled | undefined
  readonly what: string
  readonly phase: 'request' | 'answer' | 'local' | 'sleep'
  /** sleep: woken then. request: it arrives then at the earliest. */
  wakeAt: number
  /** Sleepers also wake when something has happened to the log. */
  readonly seen: number
  readonly fire: () => void
}

interface Timer {
  readonly at: number
  readonly run: () => void
}

/** What the network does to one request. */
export interface RequestFate {
  /** The answer arrives in the same step. */
  readonly together: boolean
  /** The request takes effect twice, as when a client has sent it again. */
  readonly twice: boolean
  /** What the caller gets in place of the answer. */
  readonly lost: Error | undefined
  /** It never arrives; its caller learns `lost`, and no more than if only the answer had been. */
  readonly dropped: boolean
  /** It does not take effect yet: its process is gone and it is still on the wire. */
  readonly held: boolean
  /** Milliseconds for which it is held. */
  readonly late: number
}

export interface SchedulerOptions {
  readonly draw: Random
  readonly settle: Settle
  /** From this step on the oldest goes first. */
  readonly calm: number
  /** Decides a request's fate when it takes effect; may kill its process. */
  readonly fate: (process: Scheduled | undefined, what: string) => RequestFate
  readonly onStep: (line: string) => void
}

export class Scheduler {
  readonly #o: SchedulerOptions
  #parked: Parked[] = []
  #timers: Timer[] = []
  #speed = new Map<Scheduled, number>()
  #version = 0
  #step = 0
  #now = 0

  constructor(options: SchedulerOptions) {
    this.#o = options
  }

  get now(): number {
    return this.#now
  }

  get step(): number {
    return this.#step
  }

  /** Something happened to the log: readers that found nothing look again. */
  changed(): void {
    this.#version += 1
  }

  after(ms: number, run: () => void): void {
    this.#timers.push({ at: this.#now + ms, run })
  }

  get timersPending(): boolean {
    return this.#timers.length > 0
  }

  /** A request to the broker and its answer. */
  request<T>(process: Scheduled, what: string, act: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const parked: Parked = {
        process,
        what,
        phase: 'request',
        wakeAt: 0,
        seen: 0,
        fire: () => this.#effect(parked, act, { resolve, reject }),
      }
      this.#add(parked)
    })
  }

  /** A pause for the scheduler between two pieces of work on the own disk. */
  local(process: Scheduled, what: string): Promise<void> {
    return new Promise((resolve) =>
      this.#add({ process, what, phase: 'local', wakeAt: 0, seen: 0, fire: resolve }),
    )
  }

  /** Until something has happened to the log, `ms` at most. */
  sleep(process: Scheduled, what: string, ms: number): Promise<void> {
    const wakeAt = this.#now + ms
    return new Promise((resolve) =>
      this.#add({ process, what, phase: 'sleep', wakeAt, seen: this.#version, fire: resolve }),
    )
  }

  /** What a killed process had sent may still arrive, after so many milliseconds; everything else of it is gone. */
  bury(process: Scheduled, arrives: () => number | undefined): void {
    for (const parked of this.#parked) {
      if (parked.process !== process || parked.phase !== 'request') continue
      const late = arrives()
      if (late === undefined) continue
      parked.process = undefined
      parked.wakeAt = this.#now + late
    }
    this.#parked = this.#parked.filter((parked) => parked.process !== process)
    this.#speed.delete(process)
  }

  /** One step; false when nothing is left that could ever go on. */
  async next(): Promise<boolean> {
    this.#step += 1
    if (this.#fireTimers()) {
      await this.#o.settle()
      return true
    }
    const chosen = this.#choose()
    if (!chosen) return this.#passTime()
    this.#parked.splice(this.#parked.indexOf(chosen), 1)
    this.#now += 1
    this.#o.onStep(`${chosen.process?.incarnation ?? 'gone'} ${chosen.phase} ${chosen.what}`)
    chosen.fire()
    await this.#o.settle()
    return true
  }

  #add(parked: Parked): void {
    // The promise of a dead process is never settled, so nothing of it goes on.
    if (parked.process?.alive) this.#parked.push(parked)
  }

  #fireTimers(): boolean {
    const due = this.#timers.filter((timer) => timer.at <= this.#now)
    if (due.length === 0) return false
    this.#timers = this.#timers.filter((timer) => timer.at > this.#now)
    for (const timer of due) timer.run()
    return true
  }

  #ready(parked: Parked): boolean {
    const { process, phase } = parked
    if (phase === 'request') return parked.wakeAt <= this.#now
    if (process?.state !== 'running') return false
    return phase !== 'sleep' || parked.wakeAt <= this.#now || parked.seen !== this.#version
  }

  #choose(): Parked | undefined {
    const { draw, calm } = this.#o
    const ready = this.#parked.filter((parked) => this.#ready(parked))
    if (ready.length < 2 || this.#step >= calm) return ready[0]
    // Some processes are fast for a while and others slow: far apart is where the interesting states are.
    if (draw.chance(8)) this.#speed.clear()
    const weights = ready.map(({ process }) => {
      if (process === undefined) return 1
      const known = this.#speed.get(process)
      if (known !== undefined) return known
      const speed = draw.pick([1, 3, 9, 27])
      this.#speed.set(process, speed)
      return speed
    })
    let at = draw.below(weights.reduce((sum, weight) => sum + weight, 0))
    return ready.find((_, i) => (at -= weights[i]!) < 0)
  }

  #passTime(): boolean {
    const sleeping = this.#parked.filter(
      (p) => p.phase === 'request' || (p.phase === 'sleep' && p.process?.state === 'running'),
    )
    const next = Math.min(...sleeping.map((p) => p.wakeAt), ...this.#timers.map((t) => t.at))
    if (next === Number.POSITIVE_INFINITY) return false
    this.#now = Math.max(this.#now, next)
    return true
  }

  #effect<T>(
    parked: Parked,
    act: () => Promise<T>,
    settled: { resolve: (value: T) => void; reject: (error: unknown) => void },
  ): void {
    const { together, twice, lost, dropped, held, late } = this.#o.fate(parked.process, parked.what)
    if (held) {
      parked.process = undefined
      parked.wakeAt = this.#now + late
      this.#parked.push(parked)
      return
    }
    if (dropped) {
      if (parked.process?.alive && lost) settled.reject(lost)
      return
    }
    this.changed()
    const effect = twice ? act().then(act) : act()
    const answer = (fire: () => void): void => {
      const { process } = parked
      if (process === undefined) return
      const say = lost ? () => settled.reject(lost) : fire
      if (together && process.state === 'running') say()
      else this.#add({ process, what: parked.what, phase: 'answer', wakeAt: 0, seen: 0, fire: say })
    }
    effect.then(
      (value) => answer(() => settled.resolve(value)),
      (error: unknown) => answer(() => settled.reject(error)),
    )
  }
}
