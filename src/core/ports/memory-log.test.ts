import { describe, expect, it } from 'vitest'
import { logContract } from './log.contract.ts'
import { MemoryCluster } from './memory-log.ts'

logContract('memory', () => {
  const cluster = new MemoryCluster()
  let n = 0
  return {
    open: async () => cluster.client(),
    topic: async (partitions) => {
      const topic = `topic-${++n}`
      cluster.createTopic(topic, partitions)
      return topic
    },
    unique: (name) => `${name}-${++n}`,
    deleteBefore: async (topic, offset) => cluster.partition(topic, 0).deleteBefore(offset),
  }
})

const record = (key: string, value: string) => ({ topic: 't', partition: 0, key, value, headers: {} })

describe('memory log, beyond the port', () => {
  it('compacts to the newest committed record of a key, and positions step over the holes', async () => {
    const cluster = new MemoryCluster()
    cluster.createTopic('t')
    const producer = cluster.client().producer({ transactionalId: 'x', timeoutMs: 1 })
    await producer.fence()
    for (const value of ['1', '2', '3']) {
      const txn = await producer.begin()
      await txn.produce([record('k', value), record(value, value)])
      await txn.commit()
    }
    cluster.partition('t', 0).compact()
    const reader = cluster.client().reader({ topic: 't', partition: 0, from: 0, isolation: 'read_committed' })
    const chunk = await reader.poll()
    expect(chunk.records.map((r) => [r.offset, r.value?.toString()])).toEqual([
      [1, '1'],
      [4, '2'],
      [6, '3'],
      [7, '3'],
    ])
    expect(chunk.nextOffset).toBe(9)
  })

  it('drops aborted records when it compacts, those without a key too', async () => {
    const cluster = new MemoryCluster()
    cluster.createTopic('t')
    const producer = cluster.client().producer({ transactionalId: 'x', timeoutMs: 1 })
    await producer.fence()
    const txn = await producer.begin()
    await txn.produce([record('k', '1'), { ...record('', '2'), key: null }])
    await txn.abort()
    cluster.partition('t', 0).compact()
    expect(
      cluster
        .partition('t', 0)
        .entries()
        .map((entry) => entry.kind),
    ).toEqual(['marker'])
  })

  it('refuses to read below the start of the log', async () => {
    const cluster = new MemoryCluster()
    cluster.createTopic('t')
    for (const value of ['1', '2', '3']) cluster.append(record('k', value))
    cluster.partition('t', 0).deleteBefore(2)
    const reader = cluster.client().reader({ topic: 't', partition: 0, from: 1, isolation: 'read_committed' })
    await expect(reader.poll()).rejects.toMatchObject({ code: 'RECOVERY_GAP' })
  })

  it('expires an open transaction and fences its producer', async () => {
    const cluster = new MemoryCluster()
    cluster.createTopic('t')
    const producer = cluster.client().producer({ transactionalId: 'x', timeoutMs: 1 })
    await producer.fence()
    const txn = await producer.begin()
    await txn.produce([record('k', '1')])
    cluster.expire('x')
    await expect(txn.commit()).rejects.toMatchObject({ code: 'FENCED' })
    expect(cluster.partition('t', 0).offsets()).toEqual({
      logStart: 0,
      lastStableOffset: 2,
      highWatermark: 2,
    })
  })
})
