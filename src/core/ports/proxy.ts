/**
 * The proxy port: a TCP proxy that cuts the stream into Kafka frames and acts on EndTxn of one
 * transactional id at one moment. Evidence is what it saw, stamped with CLOCK_MONOTONIC.
 *
 *   before  EndTxn is not forwarded          -> the broker never learns of the commit
 *   mid     forwarded, the answer is seen and withheld -> the client never learns of the commit
 *   after   forwarded, the answer is delivered, then the order fires
 *   held    kept back until `release`, then forwarded though the client is gone; the answer is noted
 *
 * An order that parks keeps the connection as it is at that moment, until somebody lets it go on or drops it.
 */
export type ProxyMoment = 'before' | 'mid' | 'after' | 'held'

export interface FrameSeen {
  readonly api: string
  readonly direction: 'request' | 'response'
  readonly moment: 'seen' | 'withheld' | 'dropped' | 'delivered' | 'held' | 'released'
  readonly transactionalId: string | null
  readonly producerId: string | null
  readonly epoch: number | null
  /** EndTxn: commit or abort; null for others. */
  readonly commit: boolean | null
  readonly errorCode: number | null
  readonly correlationId: number
  readonly clientId: string | null
  /** CLOCK_MONOTONIC, milliseconds. */
  readonly t: number
}

export interface ArmOrder {
  readonly transactionalId: string
  readonly moment: ProxyMoment
  /** `mid` and `held`: the frame in hand may still go on its way, see `goOn` and `drop`. */
  readonly parks?: true
  /** Called once, when the moment has come; the frame in hand is the first argument. */
  readonly fire: (frame: FrameSeen) => void
}

export interface WireProxy {
  /** host:port that workers connect to. */
  readonly address: string
  /** The next EndTxn(commit) of that transactional id meets the order. Replaces an older order of the id. */
  arm(order: ArmOrder): void
  /** Lets a held EndTxn go to the broker; resolves with the broker's answer, undefined if none is held. */
  release(transactionalId: string): Promise<FrameSeen | undefined>
  /** What was parked goes on as if nobody had looked: the held EndTxn to the broker, the withheld answer to the client. */
  goOn(transactionalId: string): void
  /** What was parked is lost to its client, as after an order that does not park. */
  drop(transactionalId: string): void
  /** Frames of the transaction APIs seen so far, oldest first (bounded to the newest 10,000). */
  frames(): readonly FrameSeen[]
  close(): Promise<void>
}
