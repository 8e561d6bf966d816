/**
 * One connection through the wire proxy: a client's socket, the broker's socket, and the frames between.
 *
 * Promises: both directions respect back-pressure; an end on one side ends the other, a reset resets it; a
 * connection on which an order fired `before` or `mid` is silent from then on: open, its bytes read and
 * thrown away, nothing delivered either way, until the client is gone. One on which an order fired `held`
 * keeps its broker side beyond that, until the held frame was let go and answered. One that is parked stands
 * still with all its bytes, in order, until it is told to go on or to drop them.
 * Does not: reconnect or time out; that is the client's and the broker's business.
 */
import net from 'node:net'
import { FrameCutter, type Choice } from '../../core/wire/cutter.ts'
import {
  API_HEAD_BYTES,
  correlationOf,
  decodeTransactionRequest,
  decodeTransactionResponse,
  HEAD_BYTES,
  hasErrorCode,
  RESPONSE_HEAD_BYTES,
  transactionApi,
} from '../../core/wire/transactions.ts'
import type { TransactionRequest, TransactionResponse } from '../../core/wire/transactions.ts'
import type { ArmOrder, FrameSeen } from '../../core/ports/proxy.ts'

export interface Target {
  readonly host: string
  readonly port: number
}

export interface Held {
  release(): Promise<FrameSeen | undefined>
  destroy(): void
}

/** A connection that stands still with an EndTxn, or the answer to one, in hand. */
export interface Parked {
  goOn(): void
  drop(): void
}

/** What the connections of one proxy share. */
export interface ProxyState {
  readonly defaultTarget: Target | undefined
  readonly parseTarget: (text: string) => Target | undefined
  readonly monotonicMs: () => number
  readonly orders: Map<string, ArmOrder>
  readonly note: (frame: FrameSeen) => void
  /** Connections that hold an EndTxn back, by transactional id. */
  readonly held: Map<string, Held>
  /** Connections that stand still, by transactional id. */
  readonly parked: Map<string, Parked>
}

interface Awaited {
  readonly request: TransactionRequest
  /** The order that this request met, if any. */
  readonly order: ArmOrder | undefined
}

interface Answer {
  readonly bytes: Buffer
  readonly request: TransactionRequest
  readonly response: TransactionResponse | undefined
}

const REQUESTS: ReadonlySet<FrameSeen['moment']> = new Set(['seen', 'dropped', 'held', 'released'])
const PREAMBLE = Buffer.from('CONNECT ')
/** A preamble holds one host name and a port. */
const PREAMBLE_LIMIT = 512

export class ProxyConnection {
  readonly closed: Promise<void>
  readonly #client: net.Socket
  readonly #state: ProxyState
  readonly #requests: FrameCutter
  readonly #responses: FrameCutter
  readonly #awaited = new Map<number, Awaited>()
  #upstream: net.Socket | undefined
  #opening: Buffer = Buffer.alloc(0)
  #silent = false
  /** The EndTxn that is held back, and who waits for its answer. */
  #held: { bytes: Buffer; request: TransactionRequest } | undefined
  #released: ((frame: FrameSeen | undefined) => void) | undefined
  /** Bytes behind the frame in hand, while the connection stands still. */
  #parked: { readonly toBroker: Buffer[]; readonly toClient: Buffer[] } | undefined

  constructor(client: net.Socket, state: ProxyState) {
    this.#client = client
    this.#state = state
    this.#requests = new FrameCutter(
      {
        choose: (head, size) => this.#chooseRequest(head, size),
        pass: (bytes) => {
          this.#toBroker(bytes)
        },
        frame: (bytes) => {
          this.#endTxn(bytes)
        },
      },
      { firstBytes: API_HEAD_BYTES, moreBytes: HEAD_BYTES },
    )
    this.#responses = new FrameCutter(
      {
        choose: (head) => (this.#awaited.has(correlationOf(head) ?? -1) ? 'hold' : 'pass'),
        pass: (bytes) => {
          this.#toClient(bytes)
        },
        frame: (bytes) => {
          this.#answer(bytes)
        },
      },
      { firstBytes: RESPONSE_HEAD_BYTES },
    )
    this.closed = new Promise((resolve) => {
      client.once('close', () => {
        if (this.#held === undefined) this.#upstream?.destroy()
        resolve()
      })
    })
    // The close that follows an error does the cleaning up.
    client.on('error', () => {
      if (this.#held === undefined) this.#upstream?.resetAndDestroy()
    })
    client.on('data', (bytes) => {
      this.#fromClient(bytes)
    })
    client.on('end', () => {
      this.#clientEnded()
    })
    client.on('drain', () => this.#upstream?.resume())
  }

  destroy(): void {
    this.#client.destroy()
    this.#upstream?.destroy()
  }

  #clientEnded(): void {
    // A silent connection has nothing to wait for; and one that never named a target never will.
    if (this.#held !== undefined) {
      this.#client.destroy()
      return
    }
    if (this.#silent || !this.#upstream) {
      this.destroy()
      return
    }
    this.#requests.end()
    this.#upstream.end()
  }

  #fromClient(bytes: Buffer): void {
    if (this.#silent) return
    if (this.#upstream) this.#requests.push(bytes)
    else this.#open(Buffer.concat([this.#opening, bytes]))
  }

  /** Decides where the connection goes, as soon as its first bytes tell. */
  #open(bytes: Buffer): void {
    this.#opening = bytes
    const compared = Math.min(bytes.length, PREAMBLE.length)
    if (!bytes.subarray(0, compared).equals(PREAMBLE.subarray(0, compared))) {
      this.#connect(this.#state.defaultTarget, bytes)
      return
    }
    const end = bytes.subarray(0, PREAMBLE_LIMIT).indexOf(0x0a)
    if (end < 0) {
      if (bytes.length >= PREAMBLE_LIMIT) this.destroy()
      return
    }
    const named = bytes.toString('latin1', PREAMBLE.length, end).trim()
    this.#connect(this.#state.parseTarget(named), bytes.subarray(end + 1))
  }

  #connect(target: Target | undefined, first: Buffer): void {
    this.#opening = Buffer.alloc(0)
    if (!target) {
      this.destroy()
      return
    }
    const upstream = net.connect({ ...target, allowHalfOpen: true, noDelay: true })
    this.#upstream = upstream
    upstream.on('data', (bytes) => {
      if (!this.#silent || this.#released) this.#responses.push(bytes)
    })
    upstream.on('end', () => {
      if (this.#silent) return
      this.#responses.end()
      this.#client.end()
    })
    upstream.on('drain', () => this.#client.resume())
    upstream.on('error', () => {
      if (!this.#silent) this.#client.resetAndDestroy()
    })
    upstream.on('close', () => {
      this.#released?.(undefined)
      // What was delivered has yet to be flushed.
      if (!this.#silent) this.#client.destroySoon()
    })
    if (first.length > 0) this.#requests.push(first)
  }

  #toBroker(bytes: Buffer): void {
    if (this.#silent) return
    if (this.#parked) this.#parked.toBroker.push(Buffer.from(bytes))
    else if (!this.#upstream!.write(bytes)) this.#client.pause()
  }

  #toClient(bytes: Buffer): void {
    if (this.#silent) return
    if (this.#parked) this.#parked.toClient.push(Buffer.from(bytes))
    else if (!this.#client.write(bytes)) this.#upstream!.pause()
  }

  /** Stands still, both sides unread; `first` is what goes on its way at the end, if it does. */
  #park(id: string, first: () => void): void {
    const waiting = (this.#parked = { toBroker: [] as Buffer[], toClient: [] as Buffer[] })
    this.#client.pause()
    this.#upstream?.pause()
    this.#state.parked.set(id, {
      goOn: () => {
        this.#parked = undefined
        first()
        this.#client.resume()
        this.#upstream?.resume()
        for (const bytes of waiting.toBroker) this.#toBroker(bytes)
        for (const bytes of waiting.toClient) this.#toClient(bytes)
      },
      drop: () => {
        this.#parked = undefined
        this.#silence()
      },
    })
  }

  #silence(): void {
    this.#silent = true
    this.#awaited.clear()
    // Both sides flow on into nothing, so that the end of either is still noticed.
    this.#client.resume()
    this.#upstream?.resume()
  }

  #chooseRequest(head: Buffer, size: number): Choice {
    if (this.#silent) return 'pass'
    const api = transactionApi(head)
    if (api === undefined) return 'pass'
    // Only EndTxn may have to be stopped; a giant one is none.
    if (api === 'EndTxn' && size <= HEAD_BYTES) return 'hold'
    if (head.length < Math.min(size, HEAD_BYTES)) return 'more'
    const request = decodeTransactionRequest(head)
    if (request && request.transactionalId !== null) this.#forwarded(request, undefined)
    return 'pass'
  }

  #endTxn(bytes: Buffer): void {
    if (this.#silent) return
    const request = decodeTransactionRequest(bytes)
    const order =
      request?.commit === true && request.transactionalId !== null
        ? this.#state.orders.get(request.transactionalId)
        : undefined
    if (request && order?.moment === 'before') {
      this.#silence()
      this.#fire(order, this.#note(request, 'dropped'))
      return
    }
    if (request && order?.moment === 'held') {
      this.#hold(order, { bytes: Buffer.from(bytes), request })
      return
    }
    if (request) this.#forwarded(request, order)
    this.#toBroker(bytes)
  }

  #hold(order: ArmOrder, held: { bytes: Buffer; request: TransactionRequest }): void {
    if (order.parks) this.#park(order.transactionalId, () => this.#letThrough(order, held))
    else this.#silence()
    this.#held = held
    this.#state.held.set(order.transactionalId, {
      release: () => this.#release(held),
      destroy: () => this.destroy(),
    })
    this.#fire(order, this.#note(held.request, 'held'))
  }

  /** The held frame goes out, and its answer to the client that still waits for it. */
  #letThrough({ transactionalId }: ArmOrder, held: { bytes: Buffer; request: TransactionRequest }): void {
    this.#held = undefined
    this.#state.held.delete(transactionalId)
    this.#awaited.set(held.request.correlationId, { request: held.request, order: undefined })
    this.#note(held.request, 'released')
    this.#toBroker(held.bytes)
  }

  /** The frame goes out as it came in; whoever sent it may be long gone. */
  #release({
    bytes,
    request,
  }: {
    bytes: Buffer
    request: TransactionRequest
  }): Promise<FrameSeen | undefined> {
    const answered = new Promise<FrameSeen | undefined>((resolve) => {
      this.#released = (frame) => {
        this.#released = undefined
        this.#held = undefined
        resolve(frame)
        this.destroy()
      }
    })
    this.#note(request, 'released')
    this.#awaited.set(request.correlationId, { request, order: undefined })
    if (this.#upstream?.writable) this.#upstream.write(bytes)
    else this.#released?.(undefined)
    return answered
  }

  #forwarded(request: TransactionRequest, order: ArmOrder | undefined): void {
    if (request.answered && hasErrorCode(request.api)) {
      this.#awaited.set(request.correlationId, { request, order })
    }
    this.#note(request, 'seen')
  }

  #answer(bytes: Buffer): void {
    if (this.#silent && !this.#released) return
    const correlationId = correlationOf(bytes)!
    const { request, order } = this.#awaited.get(correlationId)!
    this.#awaited.delete(correlationId)
    const response = decodeTransactionResponse(request, bytes)
    if (this.#released) {
      this.#released(this.#note(request, 'withheld', response))
      return
    }
    // An order that was replaced or has fired meanwhile is no longer met by this answer.
    const met =
      order && response?.errorCode === 0 && this.#state.orders.get(order.transactionalId) === order
        ? order
        : undefined
    if (met?.moment === 'mid') {
      this.#withhold(met, { bytes, request, response })
      return
    }
    if (met?.moment !== 'after') {
      this.#note(request, 'delivered', response)
      this.#toClient(bytes)
      return
    }
    this.#state.orders.delete(met.transactionalId)
    const flowing = this.#client.write(bytes, (error) => {
      if (error) return
      met.fire(this.#note(request, 'delivered', response))
    })
    if (!flowing) this.#upstream!.pause()
  }

  #withhold(order: ArmOrder, { bytes, request, response }: Answer): void {
    const kept = Buffer.from(bytes)
    const deliver = (): void => {
      this.#note(request, 'delivered', response)
      this.#toClient(kept)
    }
    if (order.parks) this.#park(order.transactionalId, deliver)
    else this.#silence()
    this.#fire(order, this.#note(request, 'withheld', response))
  }

  #fire(order: ArmOrder, frame: FrameSeen): void {
    this.#state.orders.delete(order.transactionalId)
    order.fire(frame)
  }

  #note(request: TransactionRequest, moment: FrameSeen['moment'], response?: TransactionResponse): FrameSeen {
    // InitProducerId learns who it is from the answer; an EndTxn's answer may already name the next epoch.
    const identity = response && request.api === 'InitProducerId' ? response : request
    const frame: FrameSeen = {
      api: request.api,
      direction: REQUESTS.has(moment) ? 'request' : 'response',
      moment,
      transactionalId: request.transactionalId,
      producerId: identity.producerId,
      epoch: identity.epoch,
      commit: request.commit,
      errorCode: response?.errorCode ?? null,
      correlationId: request.correlationId,
      clientId: request.clientId,
      t: this.#state.monotonicMs(),
    }
    this.#state.note(frame)
    return frame
  }
}
