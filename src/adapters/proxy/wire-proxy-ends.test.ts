/**
 * Where the wire proxy leads a connection, how connections end, and what it holds in memory.
 */
import { once } from 'node:events'
import net from 'node:net'
import { describe, expect, test } from 'vitest'
import {
  armed,
  cleanups,
  client,
  endTxn,
  gone,
  metadata,
  proxyTo,
  scriptedBroker,
  until,
  whole,
  withLength,
} from '../../testing/proxy-bench.ts'
import { parseTarget, startWireProxy } from './wire-proxy.ts'

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
