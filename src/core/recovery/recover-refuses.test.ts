import { readdirSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { codeOf, KEYS, RecoveryBench, TOPICS } from '../../testing/recovery-bench.ts'
import type { NewEvent } from '../history/event.ts'

// Each snapshot starts a thread, which on a machine that is busy with brokers may take its time.
vi.setConfig({ testTimeout: 30_000 })

let bench: RecoveryBench
beforeEach(() => {
  bench = new RecoveryBench()
})
afterEach(() => bench.dispose())

const named = (f: string): NewEvent[] => bench.events.filter((event) => event.f === f)

describe('recovery refuses', () => {
  it.each([7, 9])('a committed offset of %i beside a state at 8', async (offset) => {
    bench.feed([...KEYS, 'z'])
    await (await bench.boot()).process(8)
    bench.cluster.setCommitted('opb', { topic: TOPICS.input, partition: 0, offset })
    expect(await codeOf(bench.boot())).toBe('RECOVERY_MISMATCH')
  })

  it('a state without a committed offset', async () => {
    bench.feed(KEYS)
    await (await bench.boot()).process(8)
    expect(await codeOf(bench.boot({ group: 'another' }))).toBe('RECOVERY_MISMATCH')
  })

  it('a changelog whose beginning is gone, naming the range; a snapshot beyond it helps', async () => {
    bench.feed(KEYS)
    const first = await bench.boot()
    await first.process(3)
    bench.cluster.partition(TOPICS.changelog, 0).deleteBefore(2)
    expect((await bench.boot()).recovered.restored.source).toBe('local')
    bench.loseState()
    await expect(bench.boot()).rejects.toMatchObject({
      code: 'RECOVERY_GAP',
      message: expect.stringMatching(/offsets 0 to 1 are gone/),
    })
  })

  it('a hole in front of the local state, and leaves that state as it is', async () => {
    bench.feed(KEYS)
    const first = await bench.boot()
    await first.process(3)
    await first.process(5, 'before-apply')
    bench.cluster.partition(TOPICS.changelog, 0).deleteBefore(5)
    expect(await codeOf(bench.boot())).toBe('RECOVERY_GAP')
    expect(readdirSync(bench.stateDir).sort()).toEqual(['CURRENT', 'gen-0001'])
  })

  it('an overlap that begins before the log does, naming the range', async () => {
    bench.feed(KEYS)
    const first = await bench.boot()
    await first.process(3)
    await first.snapshot(1)
    await first.process(5)
    bench.cluster.partition(TOPICS.changelog, 0).deleteBefore(5)
    const boot = bench.boot({ replayFrom: 'manifest' })
    await expect(boot).rejects.toMatchObject({
      code: 'RECOVERY_GAP',
      message: expect.stringMatching(/offsets 3 to 4 are gone/),
    })
  })

  it('input that retention took before it was read', async () => {
    bench.feed(KEYS)
    await (await bench.boot()).process(3)
    bench.cluster.partition(TOPICS.input, 0).deleteBefore(5)
    await expect(bench.boot()).rejects.toMatchObject({
      code: 'RECOVERY_GAP',
      message: expect.stringMatching(/3 to 4 are gone/),
    })
  })

  it('to wait for ever on an open transaction of a stranger', async () => {
    bench.feed(KEYS)
    await (await bench.boot()).process(3)
    const stranger = bench.cluster.client().producer({ transactionalId: 'stranger', timeoutMs: 1 })
    await stranger.fence()
    const txn = await stranger.begin()
    await txn.produce([{ topic: TOPICS.changelog, partition: 0, key: 'x', value: '{}', headers: {} }])
    expect(await codeOf(bench.boot())).toBe('HUNG_TRANSACTION')
    await txn.abort()
    expect((await bench.boot()).recovered.resumeAt).toBe(3)
  })

  it.each([
    ['prefix', { prefix: 'u.' }],
    ['window', { window: 61 }],
    ['changelog mode', { changelogMode: 'delta-only' as const }],
    ['partition', { partition: 1 }],
  ])('state of another %s before anybody is fenced', async (name, over) => {
    await bench.boot()
    bench.events.length = 0
    await expect(bench.boot(over)).rejects.toMatchObject({
      code: 'STATE_MISMATCH',
      message: expect.stringMatching(name),
    })
    expect(named('fence')).toEqual([])
  })

  it('a snapshot of another window', async () => {
    bench.feed(KEYS)
    const first = await bench.boot()
    await first.process(3)
    await first.snapshot(1)
    bench.loseState()
    expect(await codeOf(bench.boot({ window: 61 }))).toBe('STATE_MISMATCH')
  })

  it('a changelog record that is none, naming its offset', async () => {
    await bench.boot()
    bench.cluster.append({
      topic: TOPICS.changelog,
      partition: 0,
      key: 'x',
      value: '{"key":"x"}',
      headers: {},
    })
    await expect(bench.boot()).rejects.toMatchObject({
      code: 'CHANGELOG_DAMAGED',
      message: expect.stringMatching(/log\/0 offset 0/),
    })
  })

  it('a topic that is not there', async () => {
    expect(await codeOf(bench.boot({ topics: { ...TOPICS, input: 'nowhere' } }))).toBe('MISSING_TOPIC')
  })
})
