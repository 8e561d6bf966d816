/**
 * Crash points inside a worker. Names are `<operator>.<step>.<moment>`; a hit is one time that one task
 * reaches the point, counted from when the order came in.
 *
 * Promises: at its hit a point writes one line to the journal and dies by SIGKILL, synchronously, so nothing
 * of the process goes on; a wire point arms the proxy, waits for the acknowledgement, and leaves the killing
 * to the supervisor, which sees the frame; a pause writes its line, stops the process where it stands and
 * goes on when it is woken. An order to halt stops the process at its hit instead of ending it; woken, it goes
 * on as if nobody had ordered anything. Without an order a point costs one comparison.
 */
import type { Journal } from '../ports/journal.ts'
import type { ProxyMoment } from '../ports/proxy.ts'
import type { CrashOrder } from '../ports/workers.ts'

export interface CrashHands {
  /** SIGKILL to the own process; never returns. */
  die(): never
  /** SIGSTOP to the own process; returns when somebody has woken it. */
  pause(order: CrashOrder): void
  /** Arms the wire proxy and resolves when it has acknowledged. */
  arm(request: { transactionalId: string; moment: ProxyMoment; point: string; hit: number }): Promise<void>
}

/** Points that the wire proxy makes; all others are made in the worker. */
const ON_THE_WIRE: Readonly<Record<string, ProxyMoment>> = {
  'commit.mid': 'mid',
  'commit.held': 'held',
  'manifest-commit.mid': 'mid',
}

/** An order for this point kills nowhere and counts everywhere: a clean run tells how often each is reached. */
const EVERY = '*'

export class CrashPoints {
  readonly #operator: string
  readonly #journal: Journal
  readonly #hands: CrashHands
  #order: CrashOrder | undefined
  #hits = 0
  readonly #counts = new Map<string, number>()

  constructor(operator: string, journal: Journal, hands: CrashHands) {
    this.#operator = operator
    this.#journal = journal
    this.#hands = hands
  }

  order(order: CrashOrder): void {
    this.#order = order
    this.#hits = 0
  }

  /** Dies here, or is stopped here for a while, if this is the ordered hit. */
  reach(step: string, task: number): void {
    if (this.due(step, task)) this.die(task)
    else if (this.due(`pause.${step}`, task)) this.#pause(task)
  }

  /** Counts a hit; true if it is the ordered one. For points that must prepare themselves before they `die`. */
  due(step: string, task: number): boolean {
    const order = this.#order
    if (order === undefined) return false
    const point = `${this.#operator}.${step}`
    if (order.point === EVERY) return this.#count(`${task}/${point}`)
    if (order.task !== task || order.point !== point) return false
    this.#hits++
    return this.#hits === order.hit
  }

  /** How often each point was reached since the order to count them all. */
  tell(): void {
    if (this.#order?.point !== EVERY) return
    this.#journal.append({ f: 'hits', type: 'info', counts: Object.fromEntries(this.#counts) })
  }

  #count(key: string): false {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
    return false
  }

  /** The end of this process, at the ordered point; where the order is to halt, a stop that may end. */
  die(task: number): void {
    if (this.#order?.halt) this.#halt(this.#order, task)
    else this.#end(task)
  }

  #end(task: number): never {
    this.#journal.append({ f: 'kill', type: 'info', task, point: this.#order?.point, hit: this.#hits })
    return this.#hands.die()
  }

  #halt(order: CrashOrder, task: number): void {
    const { point, hit } = order
    this.#journal.append({ f: 'halt', type: 'invoke', task, point, hit })
    this.#hands.pause(order)
    this.#order = undefined
    this.#journal.append({ f: 'halt', type: 'ok', task, point, hit })
  }

  /** Called before EndTxn is sent: arms the proxy if this is the ordered hit of a wire point. */
  async armWire(step: string, task: number, transactionalId: string): Promise<void> {
    const moment = ON_THE_WIRE[step]
    if (moment === undefined || !this.due(step, task)) return
    const { point } = this.#order!
    const hit = this.#hits
    await this.#hands.arm({ transactionalId, moment, point, hit })
    this.#journal.append({ f: 'arm', type: 'ok', task, point, hit })
  }

  #pause(task: number): void {
    const order = this.#order!
    this.#journal.append({ f: 'pause', type: 'invoke', task, point: order.point, hit: this.#hits })
    this.#hands.pause(order)
    this.#journal.append({ f: 'pause', type: 'ok', task, point: order.point })
  }
}
