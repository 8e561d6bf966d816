/**
 * The proxy between real sockets: a scripted broker that answers every request frame by its correlation id,
 * and clients that write frames byte by byte where it matters.
 */
import { once } from 'node:events'
import net from 'node:net'
import { performance } from 'node:perf_hooks'
import { afterEach, describe, expect, test } from 'vitest'
import type { FrameSeen, ProxyMoment, WireProxy } from '../../core/ports/proxy.ts'
import { FrameCutter } from '../../core/wire/cutter.ts'
import { parseTarget, startWireProxy } from './wire-proxy.ts'

const TX = 'p1.opb-0'
const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

const withLength = (...parts: Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts)
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length)
  return Buffer.concat([length, body])
}

const request = (apiKey: number, correlationId: number, body: Uint8Array): Buffer => {
  const header = Buffer.alloc(11)
  header.writeInt16BE(apiKey, 0)
  header.writeInt16BE(1, 2)
  header.writeInt32BE(correlationId, 4)
  header.writeInt16BE(1, 8)
  header.write('c', 10)
  return withLength(header, body)
}

const endTxn = (correlationId: number, options: { id?: string; commit?: boolean } = {}): Buffer => {
  const id = Buffer.from(options.id ?? TX)
  const body = Buffer.alloc(2 + id.length + 11)
  body.writeInt16BE(id.length, 0)
  id.copy(body, 2)
  body.writeBigInt64BE(12n, 2 + id.length)
  body.writeInt16BE(3, 10 + id.length)
  body[12 + id.length] = (options.commit ?? true) ? 1 : 0
  return request(26, correlationId, body)
}

const metadata = (correlationId: number): Buffer => request(3, correlationId, Buffer.alloc(5))

const whole = (frame: (bytes: Buffer) => void): FrameCutter =>
  new FrameCutter({ choose: () => 'hold', pass: () => undefined, frame }, { firstBytes: 8 })

/** Answers EndTxn with the next of `codes` (then 0), everything else with an empty body. */
async function scriptedBroker(codes: number[] = [], onEndTxn: () => unknown = () => undefined) {
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

async function client(address: string, preamble = '') {
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

const proxyTo = async (defaultTarget?: string): Promise<WireProxy> => {
  const proxy = await startWireProxy({
    ...(defaultTarget === undefined ? {} : { defaultTarget }),
    monotonicMs: () => performance.now(),
  })
  cleanups.push(() => void proxy.close())
  return proxy
}

const armed = (proxy: WireProxy, moment: ProxyMoment) => {
  const fired: FrameSeen[] = []
  proxy.arm({ transactionalId: TX, moment, fire: (frame) => fired.push(frame) })
  return fired
}

/** (events.once would reject on a reset.) */
const gone = (socket: net.Socket) => new Promise((resolve) => socket.once('close', resolve))

const until = (condition: () => boolean) => expect.poll(condition, { timeout: 5000, interval: 2 }).toBe(true)

/** Proves that a connection is silent without waiting: what is sent around it arrives, it gets nothing. */
async function expectSilent(
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

describe('the moments', () => {
  test('before: EndTxn never reaches the broker, the connection is open and silent', async () => {
    const broker = await scriptedBroker()
    const proxy = await proxyTo(broker.address)
    const fired = armed(proxy, 'before')
    const c = await client(proxy.address)
    c.socket.write(metadata(1))
    await until(() => c.answers.length === 1)
    c.socket.write(Buffer.concat([metadata(2), endTxn(3), metadata(4)]))
    await until(() => fired.length === 1)
    await until(() => broker.seen.length === 2)
    expect(fired[0]).toMatchObject({
      api: 'EndTxn',
      direction: 'request',
      moment: 'dropped',
      transactionalId: TX,
      producerId: '12',
      epoch: 3,
      commit: true,
      correlationId: 3,
      clientId: 'c',
    })
    await expectSilent(c, broker, proxy)
    expect(broker.seen.map((s) => s.api)).not.toContain(26)
  })

  test('mid: the broker answered, the client never learns, nothing follows', async () => {
    const broker = await scriptedBroker()
    const proxy = await proxyTo(broker.address)
    const fired = armed(proxy, 'mid')
    const c = await client(proxy.address)
    c.socket.write(Buffer.concat([metadata(1), endTxn(2), metadata(3)]))
    await until(() => fired.length === 1)
    expect(fired[0]).toMatchObject({
      direction: 'response',
      moment: 'withheld',
      errorCode: 0,
      correlationId: 2,
    })
    await until(() => c.answers.length === 1)
    expect(broker.seen.map((s) => s.api)).toContain(26)
    await expectSilent(c, broker, proxy)
    expect(c.answers).toEqual([1])
    expect(proxy.frames().map((f) => f.moment)).toEqual(['seen', 'withheld'])
    const [sent, withheld] = proxy.frames()
    expect(withheld!.t).toBeGreaterThanOrEqual(sent!.t)
  })

  test('after: the answer is delivered and the connection goes on', async () => {
    const broker = await scriptedBroker()
    const proxy = await proxyTo(broker.address)
    const fired = armed(proxy, 'after')
    const c = await client(proxy.address)
    c.socket.write(endTxn(1))
    await until(() => fired.length === 1 && c.answers.length === 1)
    expect(fired[0]).toMatchObject({ moment: 'delivered', errorCode: 0 })
    c.socket.write(metadata(2))
    await until(() => c.answers.length === 2)
  })

  test('held: kept back beyond the end of its client, then let go as it came; the answer is noted', async () => {
    const broker = await scriptedBroker([47])
    const proxy = await proxyTo(broker.address)
    const fired = armed(proxy, 'held')
    const c = await client(proxy.address)
    c.socket.write(endTxn(7))
    await until(() => fired.length === 1)
    expect(fired[0]).toMatchObject({ direction: 'request', moment: 'held', epoch: 3 })
    await expectSilent(c, broker, proxy)
    c.socket.destroy()
    await gone(c.socket)
    const answer = await proxy.release(TX)
    expect(answer).toMatchObject({ direction: 'response', errorCode: 47, correlationId: 7 })
    expect(broker.seen.filter((each) => each.api === 26)).toEqual([{ api: 26, correlationId: 7 }])
    expect(proxy.frames().map((frame) => frame.moment)).toEqual(['held', 'released', 'withheld'])
    expect(await proxy.release(TX)).toBeUndefined()
  })

  test('held: a broker that is gone answers nothing, and closing lets go of what was never released', async () => {
    const broker = await scriptedBroker()
    const proxy = await proxyTo(broker.address)
    const fired = armed(proxy, 'held')
    const c = await client(proxy.address)
    c.socket.write(endTxn(7))
    await until(() => fired.length === 1)
    c.socket.destroy()
    const upstream = broker.sockets[0]!
    const closed = gone(upstream)
    await proxy.close()
    await closed
    expect(await proxy.release(TX)).toBeUndefined()
  })

  test.each(['mid', 'after'] as const)(
    '%s: an answer with an error is no hit, the retry is',
    async (moment) => {
      const broker = await scriptedBroker([51])
      const proxy = await proxyTo(broker.address)
      const fired = armed(proxy, moment)
      const c = await client(proxy.address)
      c.socket.write(endTxn(1))
      await until(() => c.answers.length === 1)
      expect(fired).toHaveLength(0)
      expect(proxy.frames().at(-1)).toMatchObject({ moment: 'delivered', errorCode: 51 })
      c.socket.write(endTxn(2))
      await until(() => fired.length === 1)
      expect(fired[0]).toMatchObject({ correlationId: 2, errorCode: 0 })
    },
  )

  test('aborts, other transactional ids and an order that has fired pass', async () => {
    const broker = await scriptedBroker()
    const proxy = await proxyTo(broker.address)
    const fired = armed(proxy, 'before')
    const c = await client(proxy.address)
    c.socket.write(Buffer.concat([endTxn(1, { commit: false }), endTxn(2, { id: 'other' })]))
    await until(() => c.answers.length === 2)
    expect(fired).toHaveLength(0)
    c.socket.write(endTxn(3))
    await until(() => fired.length === 1)
    const next = await client(proxy.address)
    next.socket.write(endTxn(4))
    await until(() => next.answers.length === 1)
    expect(fired).toHaveLength(1)
  })

  test('a later order replaces the earlier one', async () => {
    const broker = await scriptedBroker()
    const proxy = await proxyTo(broker.address)
    const old = armed(proxy, 'before')
    const current = armed(proxy, 'after')
    const c = await client(proxy.address)
    c.socket.write(endTxn(1))
    await until(() => current.length === 1)
    expect(old).toHaveLength(0)
  })

  test('an answer on its way when the order is replaced meets neither; the next one meets the new', async () => {
    const current: FrameSeen[][] = []
    const broker = await scriptedBroker([], () => current.length === 0 && current.push(armed(proxy, 'after')))
    const proxy = await proxyTo(broker.address)
    const old = armed(proxy, 'mid')
    const c = await client(proxy.address)
    c.socket.write(endTxn(1))
    await until(() => c.answers.length === 1)
    expect([old, current[0]]).toEqual([[], []])
    c.socket.write(endTxn(2))
    await until(() => current[0]!.length === 1)
    expect(old).toHaveLength(0)
  })

  test('an EndTxn that comes byte by byte is dropped whole', async () => {
    const broker = await scriptedBroker()
    const proxy = await proxyTo(broker.address)
    const fired = armed(proxy, 'before')
    const c = await client(proxy.address)
    for (const byte of Buffer.concat([metadata(1), endTxn(2)])) {
      await new Promise((resolve) => c.socket.write(Buffer.from([byte]), resolve))
    }
    await until(() => fired.length === 1)
    await until(() => broker.seen.length === 1)
    expect(broker.seen).toEqual([{ api: 3, correlationId: 1 }])
  })
})

describe('where a connection goes', () => {
  test('a preamble names the target, even in pieces; the rest is frames', async () => {
    const broker = await scriptedBroker()
    const elsewhere = await scriptedBroker()
    const proxy = await proxyTo(elsewhere.address)
    const c = await client(proxy.address)
    const bytes = Buffer.concat([Buffer.from(`CONNECT ${broker.address}\n`), metadata(1), metadata(2)])
    for (let i = 0; i < bytes.length; i += 3) {
      await new Promise((resolve) => c.socket.write(bytes.subarray(i, i + 3), resolve))
    }
    await until(() => c.answers.length === 2)
    expect(broker.seen).toHaveLength(2)
    expect(elsewhere.seen).toHaveLength(0)
  })

  test.each([
    ['no target at all', ''],
    ['a preamble without an address', 'CONNECT nowhere\n'],
    ['an endless preamble', `CONNECT ${'x'.repeat(600)}`],
    ['a target that refuses', 'CONNECT 127.0.0.1:1\n'],
  ])('%s: the connection is closed', async (_, preamble) => {
    const proxy = await proxyTo()
    const c = await client(proxy.address, preamble)
    const closed = gone(c.socket)
    c.socket.write(metadata(1))
    await closed
  })

  test('a target that is no host:port is a usage error', async () => {
    await expect(startWireProxy({ defaultTarget: 'nowhere', monotonicMs: () => 0 })).rejects.toMatchObject({
      code: 'USAGE',
    })
    expect(parseTarget('[::1]:9092')).toEqual({ host: '::1', port: 9092 })
    expect(parseTarget('h:70000')).toBeUndefined()
  })
})

describe('ends and pressure', () => {
  test('a client that is gone takes its broker connection with it, silent or not', async () => {
    const broker = await scriptedBroker()
    const proxy = await proxyTo(broker.address)
    const fired = armed(proxy, 'before')
    const polite = await client(proxy.address)
    polite.socket.write(metadata(1))
    await until(() => polite.answers.length === 1)
    polite.socket.end()
    await until(() => broker.sockets[0]!.destroyed)
    const killed = await client(proxy.address)
    killed.socket.write(endTxn(1))
    await until(() => fired.length === 1)
    killed.socket.resetAndDestroy()
    await until(() => broker.sockets[1]!.destroyed)
    const again = armed(proxy, 'mid')
    const ended = await client(proxy.address)
    ended.socket.write(endTxn(1))
    await until(() => again.length === 1)
    const closed = gone(ended.socket)
    ended.socket.end()
    await closed
    await until(() => broker.sockets[2]!.destroyed)
  })

  test('what was asked before the client closed its half is still answered', async () => {
    const broker = await scriptedBroker()
    const proxy = await proxyTo(broker.address)
    const { host, port } = parseTarget(proxy.address)!
    const socket = net.connect({ host, port, allowHalfOpen: true })
    cleanups.push(() => socket.destroy())
    socket.end(Buffer.concat(Array.from({ length: 50 }, (_, i) => metadata(i))))
    let got = 0
    const cutter = whole(() => (got += 1))
    socket.on('data', (bytes) => {
      cutter.push(bytes)
    })
    await once(socket, 'end')
    expect(got).toBe(50)
  })

  test('what is no Kafka at all passes both ways, to the last byte', async () => {
    const echo = net.createServer((socket) => socket.pipe(socket))
    echo.listen(0, '127.0.0.1')
    await once(echo, 'listening')
    cleanups.push(() => void echo.close())
    const proxy = await proxyTo(`127.0.0.1:${(echo.address() as net.AddressInfo).port}`)
    const { host, port } = parseTarget(proxy.address)!
    const hello = Buffer.from('1603010200010001fc0303', 'hex')
    for (const [first, last] of [[hello, 'tail'] as const, [Buffer.alloc(0), 'abc'] as const]) {
      const socket = net.connect({ host, port })
      cleanups.push(() => socket.destroy())
      let got = Buffer.alloc(0)
      socket.on('data', (bytes) => (got = Buffer.concat([got, bytes])))
      socket.write(first)
      await until(() => got.equals(first))
      const closed = gone(socket)
      socket.end(last)
      await closed
      expect(got.equals(Buffer.concat([first, Buffer.from(last)]))).toBe(true)
    }
  })

  test('a broker that resets closes the client', async () => {
    const broker = await scriptedBroker()
    const proxy = await proxyTo(broker.address)
    const c = await client(proxy.address)
    c.socket.write(metadata(1))
    await until(() => c.answers.length === 1)
    const closed = gone(c.socket)
    broker.sockets[0]!.resetAndDestroy()
    await closed
  })

  test('a broker that does not read stops the client instead of filling memory', async () => {
    const server = net.createServer((socket) => {
      socket.pause()
      cleanups.push(() => socket.destroy())
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    cleanups.push(() => void server.close())
    const proxy = await proxyTo(`127.0.0.1:${(server.address() as net.AddressInfo).port}`)
    const c = await client(proxy.address)
    const piece = withLength(Buffer.alloc(1024 * 1024))
    let written = 0
    // The kernel's buffers take some megabytes; a proxy without back-pressure would take all 200.
    const blocked = await new Promise<boolean>((resolve) => {
      const more = (): void => {
        if (written >= 200) resolve(false)
        else c.socket.write(piece, () => more())
        written += 1
        clearTimeout(timer)
        timer = setTimeout(resolve, 300, true)
      }
      let timer = setTimeout(resolve, 300, true)
      more()
    })
    expect(blocked).toBe(true)
    expect(written).toBeLessThan(100)
  })

  test('close ends every connection and frees the port', async () => {
    const broker = await scriptedBroker()
    const proxy = await proxyTo(broker.address)
    const c = await client(proxy.address)
    c.socket.write(metadata(1))
    await until(() => c.answers.length === 1)
    const closed = gone(c.socket)
    await Promise.all([proxy.close(), proxy.close(), closed])
    const { port } = parseTarget(proxy.address)!
    const late = net.connect({ host: '127.0.0.1', port })
    const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException]
    expect(error.code).toBe('ECONNREFUSED')
  })

  test('the newest 10,000 frames are kept', async () => {
    const broker = await scriptedBroker()
    const proxy = await proxyTo(broker.address)
    const c = await client(proxy.address)
    const count = 10_500
    c.socket.write(Buffer.concat(Array.from({ length: count }, (_, i) => endTxn(i))))
    await until(() => c.answers.length === count)
    expect(proxy.frames()).toHaveLength(10_000)
    expect(proxy.frames().at(-1)).toMatchObject({ correlationId: count - 1, moment: 'delivered' })
  })
})
