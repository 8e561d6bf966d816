/**
 * Behaviour suite of the log port. Every adapter passes the same clauses: the real broker and any
 * in-memory log. Where the two disagree, the in-memory one is wrong.
 */
import { describe, expect, it, vi } from 'vitest'
import type { Isolation, LogPort, LogRecord, OutputRecord, PartitionReader } from './log.ts'

export interface LogFixture {
  /** A log with nothing shared but the broker. */
  open(): Promise<LogPort>
  /** Creates a topic with a name of its own and returns the name. */
  topic(partitions: number): Promise<string>
  unique(name: string): string
  /** Retention, at once: the log of partition 0 begins at this offset. */
  deleteBefore(topic: string, offset: number): Promise<void>
}

const record = (topic: string, value: string, partition = 0): OutputRecord => ({
  topic,
  partition,
  key: value,
  value,
  headers: { src: value },
})

/** Reads until the position reaches `to`. */
export async function readTo(reader: PartitionReader, to: number): Promise<LogRecord[]> {
  const all: LogRecord[] = []
  const end = Date.now() + 20_000
  while (reader.position < to) {
    if (Date.now() > end)
      throw new Error(`waited 20 s for position ${to} of ${reader.topic}, at ${reader.position}`)
    all.push(...(await reader.poll({ maxWaitMs: 50 })).records)
  }
  return all
}

/**
 * EndTxn is answered before its markers are written (Kafka writes them asynchronously), so a commit that
 * returned becomes visible a moment later. Resolves with the high watermark once the LSO has reached it.
 */
const untilStable = (log: LogPort, topic: string): Promise<number> =>
  vi.waitFor(
    async () => {
      const { lastStableOffset, highWatermark } = await log.offsets(topic, 0)
      if (lastStableOffset !== highWatermark)
        throw new Error(`LSO ${lastStableOffset}, high watermark ${highWatermark}`)
      return highWatermark
    },
    { timeout: 10_000, interval: 5 },
  )

const values = (records: readonly LogRecord[]): string[] => records.map((r) => r.value!.toString())

export function logContract(name: string, setup: () => LogFixture | Promise<LogFixture>): void {
  describe(`log port: ${name}`, () => {
    const producerOf = async (log: LogPort, transactionalId: string) => {
      const producer = log.producer({ transactionalId, timeoutMs: 10_000 })
      const identity = await producer.fence()
      return { producer, identity }
    }
    const readAll = async (
      log: LogPort,
      topic: string,
      isolation: Isolation,
      from = 0,
    ): Promise<string[]> => {
      const { lastStableOffset, highWatermark } = await log.offsets(topic, 0)
      const to = isolation === 'read_committed' ? lastStableOffset : highWatermark
      return values(await readTo(log.reader({ topic, partition: 0, from, isolation }), to))
    }

    it('shows committed records with offsets in order, headers and position after the marker', async () => {
      const f = await setup()
      const log = await f.open()
      const topic = await f.topic(1)
      const { producer } = await producerOf(log, f.unique('t'))
      const txn = await producer.begin()
      const ranges = await txn.produce([record(topic, 'a'), record(topic, 'b')])
      expect(ranges).toEqual([{ topic, partition: 0, baseOffset: 0, count: 2 }])
      await txn.commit()
      await vi.waitFor(async () => expect((await log.offsets(topic, 0)).lastStableOffset).toBe(3), {
        timeout: 10_000,
        interval: 5,
      })
      const { lastStableOffset, highWatermark, logStart } = await log.offsets(topic, 0)
      expect({ logStart, lastStableOffset, highWatermark }).toEqual({
        logStart: 0,
        lastStableOffset: 3,
        highWatermark: 3,
      })
      const reader = log.reader({ topic, partition: 0, from: 0, isolation: 'read_committed' })
      const records = await readTo(reader, 3)
      expect(
        records.map((r) => [r.offset, r.key?.toString(), r.value?.toString(), r.headers['src']]),
      ).toEqual([
        [0, 'a', 'a', 'a'],
        [1, 'b', 'b', 'b'],
      ])
      expect(reader.position).toBe(3)
      // Asked for one header it must be there, whatever of the others is; a record's size stays that of all.
      for (const headers of [['src'], ['other']]) {
        const few = log.reader({ topic, partition: 0, from: 0, isolation: 'read_committed', headers })
        const again = await readTo(few, 3)
        if (headers[0] === 'src') expect(again.map((r) => r.headers['src'])).toEqual(['a', 'b'])
        expect(again.map((r) => r.bytes)).toEqual(records.map((r) => r.bytes))
      }
      await log.close()
    })

    it('hides open records from read_committed and holds the LSO at the first of them', async () => {
      const f = await setup()
      const log = await f.open()
      const topic = await f.topic(1)
      const { producer } = await producerOf(log, f.unique('t'))
      const txn = await producer.begin()
      await txn.produce([record(topic, 'open')])
      expect(await log.offsets(topic, 0)).toEqual({ logStart: 0, lastStableOffset: 0, highWatermark: 1 })
      expect(
        (
          await log
            .reader({ topic, partition: 0, from: 0, isolation: 'read_committed' })
            .poll({ maxWaitMs: 20 })
        ).records,
      ).toEqual([])
      expect(await readAll(log, topic, 'read_uncommitted')).toEqual(['open'])
      await txn.abort()
      await log.close()
    })

    it('never delivers aborted records, interleaved producers and fetches from every offset included', async () => {
      const f = await setup()
      const log = await f.open()
      const topic = await f.topic(1)
      const one = (await producerOf(log, f.unique('one'))).producer
      const two = (await producerOf(log, f.unique('two'))).producer
      const three = (await producerOf(log, f.unique('three'))).producer
      const t1 = await one.begin()
      const t2 = await two.begin()
      const t3 = await three.begin()
      await t1.produce([record(topic, 'x1')])
      await t2.produce([record(topic, 'x2')])
      await t3.produce([record(topic, 'c1')])
      await t1.produce([record(topic, 'x3')])
      await t2.produce([record(topic, 'x4')])
      await t2.abort()
      const t4 = await two.begin()
      await t4.produce([record(topic, 'c2')])
      await t1.produce([record(topic, 'x5')])
      await t1.abort()
      await t4.commit()
      await t3.commit()
      const highWatermark = await vi.waitFor(
        async () => {
          const end = await untilStable(log, topic)
          expect(end).toBe(11)
          return end
        },
        { timeout: 10_000, interval: 5 },
      )
      const committed = new Map<number, string>()
      for (const r of await readTo(
        log.reader({ topic, partition: 0, from: 0, isolation: 'read_committed' }),
        highWatermark,
      )) {
        committed.set(r.offset, r.value!.toString())
      }
      expect([...committed.values()]).toEqual(['c1', 'c2'])
      for (let from = 0; from < highWatermark; from++) {
        const want = [...committed].filter(([offset]) => offset >= from).map(([, value]) => value)
        expect([from, await readAll(log, topic, 'read_committed', from)]).toEqual([from, want])
      }
      await log.close()
    })

    it('delivers a data record whose key looks like a control record', async () => {
      const f = await setup()
      const log = await f.open()
      const topic = await f.topic(1)
      const { producer } = await producerOf(log, f.unique('t'))
      const aborted = await producer.begin()
      await aborted.produce([
        { topic, partition: 0, key: Buffer.alloc(4), value: 'x', headers: {} },
        record(topic, 'y'),
      ])
      await aborted.abort()
      const txn = await producer.begin()
      await txn.produce([{ topic, partition: 0, key: Buffer.alloc(4), value: 'kept', headers: {} }])
      await txn.commit()
      await vi.waitFor(async () => expect(await readAll(log, topic, 'read_committed')).toEqual(['kept']), {
        timeout: 10_000,
        interval: 5,
      })
      await log.close()
    })

    it('commits offsets with the transaction, and only with it', async () => {
      const f = await setup()
      const log = await f.open()
      const topic = await f.topic(1)
      const group = f.unique('group')
      const id = f.unique('t')
      const { producer } = await producerOf(log, id)
      expect(await log.committed(group, topic, 0)).toBeUndefined()
      const txn = await producer.begin()
      await txn.addOffsets(group, [{ topic, partition: 0, offset: 7 }])
      await txn.commit()
      const aborted = await producer.begin()
      await aborted.addOffsets(group, [{ topic, partition: 0, offset: 9 }])
      await aborted.abort()
      await producer.close()
      // The fence of the next incarnation returns when every marker is written: offsets are stable from then on.
      const next = log.producer({ transactionalId: id, timeoutMs: 10_000 })
      await next.fence()
      expect(await log.committed(group, topic, 0)).toBe(7)
      await log.close()
    })

    it('fences: the earlier producer is refused, its open transaction is aborted, its offsets are gone', async () => {
      const f = await setup()
      const log = await f.open()
      const topic = await f.topic(1)
      const group = f.unique('group')
      const id = f.unique('t')
      const old = await producerOf(log, id)
      const txn = await old.producer.begin()
      await txn.produce([record(topic, 'zombie')])
      await txn.addOffsets(group, [{ topic, partition: 0, offset: 5 }])
      const fresh = await producerOf(log, id)
      expect(fresh.identity.producerId).toBe(old.identity.producerId)
      expect(fresh.identity.epoch).toBeGreaterThan(old.identity.epoch)
      await expect(txn.commit()).rejects.toMatchObject({ code: 'FENCED' })
      expect(await log.committed(group, topic, 0)).toBeUndefined()
      const next = await fresh.producer.begin()
      await next.produce([record(topic, 'alive')])
      await next.commit()
      await vi.waitFor(async () => expect(await readAll(log, topic, 'read_committed')).toEqual(['alive']), {
        timeout: 10_000,
        interval: 5,
      })
      await log.close()
    })

    it('begins many transactions in a row, offsets-only ones among them', async () => {
      const f = await setup()
      const log = await f.open()
      const topic = await f.topic(1)
      const group = f.unique('group')
      const { producer } = await producerOf(log, f.unique('t'))
      for (let i = 0; i < 10; i++) {
        const data = await producer.begin()
        await data.produce([record(topic, `r${i}`)])
        await data.commit()
        const offsets = await producer.begin()
        await offsets.addOffsets(group, [{ topic, partition: 0, offset: i + 1 }])
        await offsets.commit()
      }
      await vi.waitFor(async () => expect(await log.committed(group, topic, 0)).toBe(10), {
        timeout: 10_000,
        interval: 5,
      })
      await untilStable(log, topic)
      expect(await readAll(log, topic, 'read_committed')).toHaveLength(10)
      await log.close()
    })

    it('advances the position over a tail of control records', async () => {
      const f = await setup()
      const log = await f.open()
      const topic = await f.topic(1)
      const { producer } = await producerOf(log, f.unique('t'))
      const txn = await producer.begin()
      await txn.produce([record(topic, 'x')])
      await txn.abort()
      await vi.waitFor(async () => expect((await log.offsets(topic, 0)).lastStableOffset).toBe(2), {
        timeout: 10_000,
        interval: 5,
      })
      const reader = log.reader({ topic, partition: 0, from: 0, isolation: 'read_committed' })
      expect(await readTo(reader, 2)).toEqual([])
      expect(reader.position).toBe(2)
      await log.close()
    })

    it('commits all of a transaction or nothing, when its client is gone before the answer', async () => {
      const f = await setup()
      const log = await f.open()
      const topic = await f.topic(2)
      const group = f.unique('group')
      const id = f.unique('t')
      const { producer } = await producerOf(log, id)
      const txn = await producer.begin()
      await txn.produce([record(topic, 'a', 0), record(topic, 'b', 1)])
      await txn.addOffsets(group, [
        { topic, partition: 0, offset: 3 },
        { topic, partition: 1, offset: 4 },
      ])
      // Nobody waits for it: the fence of the next life overtakes it, or comes after it.
      const unheard = txn.commit().catch(() => {})
      await producerOf(await f.open(), id)
      await unheard
      const seen = await Promise.all(
        [0, 1].map(async (partition) => {
          const { lastStableOffset, highWatermark } = await log.offsets(topic, partition)
          expect(lastStableOffset).toBe(highWatermark)
          const reader = log.reader({ topic, partition, from: 0, isolation: 'read_committed' })
          const records = await readTo(reader, highWatermark)
          return [records.length, await log.committed(group, topic, partition)]
        }),
      )
      expect([
        JSON.stringify([
          [1, 3],
          [1, 4],
        ]),
        JSON.stringify([
          [0, undefined],
          [0, undefined],
        ]),
      ]).toContain(JSON.stringify(seen))
      await log.close()
    })

    it('begins at the new start after retention, and refuses what lies before it', async () => {
      const f = await setup()
      const log = await f.open()
      const topic = await f.topic(1)
      const { producer } = await producerOf(log, f.unique('t'))
      for (const value of ['a', 'b', 'c']) {
        const txn = await producer.begin()
        await txn.produce([record(topic, value)])
        await (value === 'b' ? txn.abort() : txn.commit())
      }
      const end = await untilStable(log, topic)
      await f.deleteBefore(topic, 2)
      expect(await log.offsets(topic, 0)).toMatchObject({ logStart: 2, highWatermark: end })
      expect(await readAll(log, topic, 'read_committed', 2)).toEqual(['c'])
      expect(await readAll(log, topic, 'read_uncommitted', 2)).toEqual(['b', 'c'])
      const before = log.reader({ topic, partition: 0, from: 1, isolation: 'read_committed' })
      await expect(before.poll()).rejects.toMatchObject({ code: 'RECOVERY_GAP' })
      // The same reader can go on where there is something.
      before.seek(2)
      expect(values(await readTo(before, end))).toEqual(['c'])
      await log.close()
    })

    it('shows everything to read_uncommitted, from every offset, and reads again after a seek', async () => {
      const f = await setup()
      const log = await f.open()
      const topic = await f.topic(1)
      const one = (await producerOf(log, f.unique('one'))).producer
      const two = (await producerOf(log, f.unique('two'))).producer
      const t1 = await one.begin()
      const t2 = await two.begin()
      await t1.produce([record(topic, 'a')])
      await t2.produce([record(topic, 'x')])
      await t1.produce([record(topic, 'b')])
      await t2.abort()
      await t1.commit()
      const end = await untilStable(log, topic)
      const all = ['a', 'x', 'b']
      for (let from = 0; from < end; from++)
        expect([from, await readAll(log, topic, 'read_uncommitted', from)]).toEqual([from, all.slice(from)])
      const reader = log.reader({ topic, partition: 0, from: 0, isolation: 'read_committed' })
      expect(values(await readTo(reader, end))).toEqual(['a', 'b'])
      reader.seek(1)
      expect(reader.position).toBe(1)
      expect(values(await readTo(reader, end))).toEqual(['b'])
      await log.close()
    })

    it('names topics, ids and partitions, leaves missing ones out, and refuses a position outside the log', async () => {
      const f = await setup()
      const log = await f.open()
      const topic = await f.topic(3)
      const [identity, ...rest] = await log.describe([topic, f.unique('missing')])
      expect(rest).toEqual([])
      expect(identity).toMatchObject({ topic, partitions: 3 })
      expect(identity!.topicId.length).toBeGreaterThan(10)
      expect((await log.clusterId()).length).toBeGreaterThan(3)
      const reader = log.reader({ topic, partition: 0, from: 99, isolation: 'read_committed' })
      await expect(reader.poll()).rejects.toMatchObject({ code: 'RECOVERY_GAP' })
      await expect(
        log.reader({ topic: f.unique('missing'), partition: 0, from: 0, isolation: 'read_committed' }).poll(),
      ).rejects.toMatchObject({ code: 'MISSING_TOPIC' })
      await log.close()
    })
  })
}
