/**
 * The proxy between real sockets: a scripted broker that answers every request frame by its correlation id,
 * and clients that write frames. What a test opened is closed after it.
 */
import { once } from 'node:events'
import net from 'node:net'
import { performance } from 'node:perf_hooks'
import { afterEach, expect } from 'vitest'
import { parseTarget, startWireProxy } from '../adapters/proxy/wire-proxy.ts'
import type { FrameSeen, ProxyMoment, WireProxy } from '../core/ports/proxy.ts'
import { FrameCutter } from '../core/wire/cutter.ts'

export const TX = 'p1.opb-0'
export const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

export const withLength = (...parts: Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts)
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length)
  return Buffer.concat([length, body])
}

export const request = (apiKey: number, correlationId: number, body: Uint8Array): Buffer => {
  const header = Buffer.alloc(11)
  header.writeInt16BE(apiKey, 0)
  header.writeInt16BE(1, 2)
  header.writeInt32BE(correlationId, 4)
  header.writeInt16BE(1, 8)
  header.write('c', 10)
  return withLength(header, body)
}

export const endTxn = (correlationId: number, options: { id?: string; commit?: boolean } = {}): Buffer => {
  const id = Buffer.from(options.id ?? TX)
  const body = Buffer.alloc(2 + id.length + 11)
  body.writeInt16BE(id.length, 0)
  id.copy(body, 2)
  body.writeBigInt64BE(12n, 2 + id.length)
  body.writeInt16BE(3, 10 + id.length)
  body[12 + id.length] = (options.commit ?? true) ? 1 : 0
  return request(26, correlationId, body)
}

export const metadata = (correlationId: number): Buffer => request(3, correlationId, Buffer.alloc(5))

export const whole = (frame: (bytes: Buffer) => void): FrameCutter =>
  new FrameCutter({ choose: () => 'hold', pass: () => undefined, frame }, { firstBytes: 8 })

/** Answers EndTxn with the next of `codes` (then 0), everything else with an empty body. */
export async function scriptedBroker(codes: number[] = [], onEndTxn: () => unknown = () => undefined) {
  const seen: { api: number; correlationId: number }[] = []
  const sockets: net.Socket[] = []
  const server = net.createServer((socket) => {
    sockets.push(socket)
    const cutter = whole((frame) => {
      const api = frame.readInt16BE(4)
      const correlationId = frame.readInt32BE(8)
      seen.push({ api, correlationId })
      if (api === 26) onEndTxn()
      const answer = Buffer.alloc(api === 26 ? 10 : 4)
      answer.writeInt32BE(correlationId, 0)
      if (api === 26) answer.writeInt16BE(codes.shift() ?? 0, 8)
      socket.write(withLength(answer))
    })
    socket.on('data', (bytes) => {
      cutter.push(bytes)
    })
    socket.on('error', () => undefined)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { address: `127.0.0.1:${(server.address() as net.AddressInfo).port}`, seen, sockets }
}

export async function client(address: string, preamble = '') {
  const { host, port } = parseTarget(address)!
  const socket = net.connect({ host, port, noDelay: true })
  const answers: number[] = []
  const cutter = whole((frame) => answers.push(frame.readInt32BE(4)))
  socket.on('data', (bytes) => {
    cutter.push(bytes)
  })
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  cleanups.push(() => socket.destroy())
  if (preamble) socket.write(preamble)
  return { socket, answers }
}

export const proxyTo = async (defaultTarget?: string): Promise<WireProxy> => {
  const proxy = await startWireProxy({
    ...(defaultTarget === undefined ? {} : { defaultTarget }),
    monotonicMs: () => performance.now(),
  })
  cleanups.push(() => void proxy.close())
  return proxy
}

export const armed = (proxy: WireProxy, moment: ProxyMoment) => {
  const fired: FrameSeen[] = []
  proxy.arm({ transactionalId: TX, moment, fire: (frame) => fired.push(frame) })
  return fired
}

/** (events.once would reject on a reset.) */
export const gone = (socket: net.Socket) => new Promise((resolve) => socket.once('close', resolve))

export const until = (condition: () => boolean) =>
  expect.poll(condition, { timeout: 5000, interval: 2 }).toBe(true)

/** Proves that a connection is silent without waiting: what is sent around it arrives, it gets nothing. */
export async function expectSilent(
  c: Awaited<ReturnType<typeof client>>,
  broker: { seen: unknown[] },
  proxy: WireProxy,
) {
  const before = { seen: broker.seen.length, answers: c.answers.length }
  c.socket.write(metadata(900))
  const other = await client(proxy.address)
  for (let i = 0; i < 5; i++) {
    other.socket.write(metadata(i))
    await until(() => other.answers.length === i + 1)
  }
  expect(broker.seen).toHaveLength(before.seen + 5)
  expect(c.answers).toHaveLength(before.answers)
  expect(c.socket.destroyed).toBe(false)
  expect(c.socket.readable).toBe(true)
}
