/**
 * The wire proxy on plain TCP sockets: any Kafka client, any broker, one free loopback port.
 *
 * Promises: bytes go through as they came, with back-pressure, and only the heads of frames are looked at;
 * an armed EndTxn(commit) is dropped, or held back until it is released, or its answer withheld, or its
 * delivery reported, exactly once. What
 * isn't understood (other APIs, TLS, no Kafka at all) passes untouched.
 * Does not: rewrite addresses. A client that can be told opens its connection with the line
 * `CONNECT host:port\n` (a Kafka frame can't begin so: it would be 1.1 GB long); the others go to the
 * default target, and the broker has to advertise this port.
 *
 * An answer with an error code is no hit: it is delivered and noted, and the order stays for the retry.
 */
import net from 'node:net'
import type { ArmOrder, FrameSeen, WireProxy } from '../../core/ports/proxy.ts'
import { LabError, messageOf } from '../../core/errors.ts'
import { ProxyConnection } from './connection.ts'
import type { ProxyState, Target } from './connection.ts'

export interface WireProxyOptions {
  /** host:port for connections that don't name their own. */
  readonly defaultTarget?: string
  readonly monotonicMs: () => number
}

const FRAMES_KEPT = 10_000

/** host:port, also [v6]:port; undefined if the text is neither. */
export function parseTarget(text: string): Target | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:\s]+)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  return match && port > 0 && port < 65_536 ? { host: (match[1] ?? match[2])!, port } : undefined
}

/** The newest frames, without moving the array at every one. */
class FrameNotes {
  #kept: FrameSeen[] = []

  add(frame: FrameSeen): void {
    this.#kept.push(frame)
    if (this.#kept.length >= 2 * FRAMES_KEPT) this.#kept = this.#kept.slice(-FRAMES_KEPT)
  }

  list(): readonly FrameSeen[] {
    return this.#kept.slice(-FRAMES_KEPT)
  }
}

export async function startWireProxy(options: WireProxyOptions): Promise<WireProxy> {
  const defaultTarget = options.defaultTarget === undefined ? undefined : parseTarget(options.defaultTarget)
  if (options.defaultTarget !== undefined && !defaultTarget) {
    throw new LabError('USAGE', `the wire proxy's target "${options.defaultTarget}" is no host:port`, {
      hint: 'give one address, such as 127.0.0.1:9092',
    })
  }
  const notes = new FrameNotes()
  const orders = new Map<string, ArmOrder>()
  const connections = new Set<ProxyConnection>()
  const state: ProxyState = {
    defaultTarget,
    parseTarget,
    monotonicMs: options.monotonicMs,
    orders,
    held: new Map(),
    parked: new Map(),
    note: (frame) => {
      notes.add(frame)
    },
  }
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const connection = new ProxyConnection(client, state)
    connections.add(connection)
    void connection.closed.then(() => connections.delete(connection))
  })
  const port = await listen(server)
  let closing: Promise<void> | undefined
  return {
    address: `127.0.0.1:${port}`,
    arm: (order) => {
      orders.set(order.transactionalId, order)
    },
    release: async (transactionalId) => {
      const held = state.held.get(transactionalId)
      state.held.delete(transactionalId)
      return held?.release()
    },
    goOn: (transactionalId) => {
      const parked = state.parked.get(transactionalId)
      state.parked.delete(transactionalId)
      parked?.goOn()
    },
    drop: (transactionalId) => {
      const parked = state.parked.get(transactionalId)
      state.parked.delete(transactionalId)
      parked?.drop()
    },
    frames: () => notes.list(),
    close: () => {
      // One that still holds a frame back has outlived its client.
      for (const held of state.held.values()) held.destroy()
      closing ??= close(server, connections)
      return closing
    },
  }
}

function listen(server: net.Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(
        new LabError('INTERNAL', `the wire proxy could not listen on 127.0.0.1: ${messageOf(error)}`, {
          hint: 'run eoslab doctor, which checks the loopback ports',
          cause: error,
        }),
      )
    })
    server.listen({ host: '127.0.0.1', port: 0 }, () => {
      resolve((server.address() as net.AddressInfo).port)
    })
  })
}

async function close(server: net.Server, connections: Set<ProxyConnection>): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      resolve()
    })
  })
  for (const connection of connections) connection.destroy()
  await closed
}
