/**
 * Parking: a connection that stands still with EndTxn or its answer in hand, between real sockets, and then
 * goes on as if nobody had looked, or is as silent as after a kill.
 */
import { once } from 'node:events'
import net from 'node:net'
import { performance } from 'node:perf_hooks'
import { afterEach, expect, test } from 'vitest'
import type { FrameSeen, WireProxy } from '../../core/ports/proxy.ts'
import { startWireProxy } from './wire-proxy.ts'

const TX = 'p1.opb-0'
const END_TXN = 26
const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const framed = (body: Buffer): Buffer => {
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length)
  return Buffer.concat([length, body])
}

const header = (api: number, correlationId: number): Buffer => {
  const bytes = Buffer.alloc(11)
  bytes.writeInt16BE(api, 0)
  bytes.writeInt16BE(1, 2)
  bytes.writeInt32BE(correlationId, 4)
  bytes.writeInt16BE(1, 8)
  bytes.write('c', 10)
  return bytes
}

const endTxn = (correlationId: number): Buffer => {
  const body = Buffer.alloc(2 + TX.length + 11)
  body.writeInt16BE(TX.length, 0)
  body.write(TX, 2)
  body.writeBigInt64BE(12n, 2 + TX.length)
  body.writeInt16BE(3, 10 + TX.length)
  body[12 + TX.length] = 1
  return framed(Buffer.concat([header(END_TXN, correlationId), body]))
}
const metadata = (correlationId: number): Buffer =>
  framed(Buffer.concat([header(3, correlationId), Buffer.alloc(5)]))

/** Correlation ids of whole frames; `at` is where a frame has it. */
function ids(socket: net.Socket, at: number, onFrame: (frame: Buffer) => void = () => {}): number[] {
  const seen: number[] = []
  let rest = Buffer.alloc(0)
  socket.on('data', (bytes) => {
    rest = Buffer.concat([rest, bytes])
    while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
      const frame = rest.subarray(4, 4 + rest.readInt32BE(0))
      rest = rest.subarray(4 + frame.length)
      seen.push(frame.readInt32BE(at))
      onFrame(frame)
    }
  })
  socket.on('error', () => {})
  return seen
}

async function lab() {
  const asked: number[][] = []
  const server = net.createServer((socket) => {
    asked.push(
      ids(socket, 4, (frame) => {
        const answer = Buffer.alloc(10)
        answer.writeInt32BE(frame.readInt32BE(4), 0)
        socket.write(framed(answer))
      }),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy = await startWireProxy({
    defaultTarget: `127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    monotonicMs: () => performance.now(),
  })
  const [host, port] = proxy.address.split(':')
  const socket = net.connect(Number(port), host)
  cleanups.push(
    () => void server.close(),
    () => proxy.close(),
    () => socket.destroy(),
  )
  return { proxy, socket, answers: ids(socket, 0), asked: () => asked[0] ?? [] }
}

const parked = (proxy: WireProxy, moment: 'mid' | 'held'): FrameSeen[] => {
  const fired: FrameSeen[] = []
  proxy.arm({ transactionalId: TX, moment, parks: true, fire: (frame) => fired.push(frame) })
  return fired
}

const until = (condition: () => boolean) => expect.poll(condition, { timeout: 5000, interval: 2 }).toBe(true)
const moments = (proxy: WireProxy): string[] => proxy.frames().map((frame) => frame.moment)

test('mid: the answer waits, what is behind it waits too, and both arrive in order', async () => {
  const { proxy, socket, answers, asked } = await lab()
  const fired = parked(proxy, 'mid')
  socket.write(Buffer.concat([metadata(1), endTxn(2), metadata(3)]))
  await until(() => fired.length === 1)
  await until(() => answers.length === 1)
  socket.write(metadata(4))
  expect(moments(proxy)).toEqual(['seen', 'withheld'])
  proxy.goOn(TX)
  await until(() => answers.length === 4)
  expect(answers).toEqual([1, 2, 3, 4])
  expect(asked()).toEqual([1, 2, 3, 4])
  expect(moments(proxy)).toEqual(['seen', 'withheld', 'delivered'])
})

test('held: EndTxn reaches the broker only when it may go on, and its answer the client', async () => {
  const { proxy, socket, answers, asked } = await lab()
  const fired = parked(proxy, 'held')
  socket.write(metadata(1))
  await until(() => answers.length === 1)
  socket.write(Buffer.concat([endTxn(2), metadata(3)]))
  await until(() => fired.length === 1)
  expect(asked()).toEqual([1])
  proxy.goOn(TX)
  await until(() => answers.length === 3)
  expect(asked()).toEqual([1, 2, 3])
  expect(moments(proxy)).toEqual(['held', 'released', 'delivered'])
})

test('dropped: the client never learns, and a held EndTxn can still be let go without it', async () => {
  const { proxy, socket, answers, asked } = await lab()
  const fired = parked(proxy, 'held')
  socket.write(endTxn(2))
  await until(() => fired.length === 1)
  proxy.drop(TX)
  socket.destroy()
  await once(socket, 'close')
  expect(await proxy.release(TX)).toMatchObject({ direction: 'response', correlationId: 2 })
  expect(asked()).toEqual([2])
  expect(answers).toEqual([])
  proxy.goOn(TX)
})
