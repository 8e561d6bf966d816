/**
 * Crash points inside a worker. Names are `<operator>.<step>.<moment>`; a hit is one time that one task
 * reaches the point, counted from when the order came in.
 *
 * Promises: at its hit a point writes one line to the journal and dies by SIGKILL, synchronously, so nothing
 * of the process goes on; a wire point arms the proxy, waits for the acknowledgement, and leaves the killing
 * to the supervisor, which sees the frame. Without an order a point costs one comparison.
 */
import type { Journal } from '../ports/journal.ts'
import type { CrashOrder } from '../ports/workers.ts'

export interface CrashHands {
  /** SIGKILL to the own process; never returns. */
  die(): never
  /** Arms the wire proxy and resolves when it has acknowledged. */
  arm(request: {
    transactionalId: string
    moment: 'before' | 'mid' | 'after'
    point: string
    hit: number
  }): Promise<void>
}

/** Points that the wire proxy makes; all others are made in the worker. */
const ON_THE_WIRE = new Set(['commit.mid'])

export class CrashPoints {
  readonly #operator: string
  readonly #journal: Journal
  readonly #hands: CrashHands
  #order: CrashOrder | undefined
  #hits = 0

  constructor(operator: string, journal: Journal, hands: CrashHands) {
    this.#operator = operator
    this.#journal = journal
    this.#hands = hands
  }

  order(order: CrashOrder): void {
    this.#order = order
    this.#hits = 0
  }

  /** Dies here if this is the ordered hit. */
  reach(step: string, task: number): void {
    if (!this.#isHit(step, task)) return
    const { point } = this.#order!
    this.#journal.append({ f: 'kill', type: 'info', task, point, hit: this.#hits })
    this.#hands.die()
  }

  /** Called before EndTxn is sent: arms the proxy if this is the ordered hit of a wire point. */
  async armWire(step: string, task: number, transactionalId: string): Promise<void> {
    if (!ON_THE_WIRE.has(step) || !this.#isHit(step, task)) return
    const { point } = this.#order!
    const hit = this.#hits
    await this.#hands.arm({ transactionalId, moment: 'mid', point, hit })
    this.#journal.append({ f: 'arm', type: 'ok', task, point, hit })
  }

  #isHit(step: string, task: number): boolean {
    const order = this.#order
    if (order === undefined || order.task !== task || order.point !== `${this.#operator}.${step}`)
      return false
    this.#hits++
    return this.#hits === order.hit
  }
}
