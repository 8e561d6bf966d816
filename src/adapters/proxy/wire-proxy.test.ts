/**
 * The moments of the wire proxy, between real sockets: what of an EndTxn passes, and what nobody ever learns.
 */
import { describe, expect, test } from 'vitest'
import {
  armed,
  client,
  endTxn,
  expectSilent,
  gone,
  metadata,
  proxyTo,
  scriptedBroker,
  TX,
  until,
} from '../../testing/proxy-bench.ts'
import type { FrameSeen } from '../../core/ports/proxy.ts'

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
