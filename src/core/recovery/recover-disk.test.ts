import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
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

describe('recovery and what lies on disk', () => {
  it('sets a damaged state aside, says so, deletes nothing, and comes back to the same state', async () => {
    bench.feed(KEYS)
    const first = await bench.boot()
    await first.process(8)
    const hash = first.store.stateHash()
    first.store.close()
    writeFileSync(path.join(bench.stateDir, 'gen-0001', 'state.db'), 'x'.repeat(9000))
    const { store, recovered } = await bench.boot()
    expect(recovered.restored.source).toBe('none')
    expect(store.stateHash()).toBe(hash)
    expect(bench.lines.find((l) => l['msg'] === 'local state set aside')).toMatchObject({
      where: expect.stringMatching(/gen-0001\.damaged-1$/),
    })
    expect(existsSync(path.join(bench.stateDir, 'gen-0001.damaged-1', 'state.db'))).toBe(true)
  })

  it('does not continue on state whose topics were made anew', async () => {
    bench.feed(KEYS)
    const first = await bench.boot()
    await first.process(5)
    await first.snapshot(1)
    for (const topic of Object.values(TOPICS)) {
      bench.cluster.deleteTopic(topic)
      bench.cluster.createTopic(topic)
    }
    const { recovered } = await bench.boot()
    expect(recovered).toMatchObject({ resumeAt: 0, restored: { source: 'none', keys: 0 }, known: [] })
    expect(bench.lines.filter((l) => l['msg'] === 'restore note').map((l) => l['note'])).toEqual(
      expect.arrayContaining([
        expect.stringContaining('local state is not used: its input topic was deleted'),
      ]),
    )
  })

  it('takes the snapshot when the local state is older than it', async () => {
    bench.feed(KEYS)
    const first = await bench.boot()
    await first.process(2)
    first.store.close()
    const old = path.join(bench.root, 'old')
    const { cpSync } = await import('node:fs')
    cpSync(bench.stateDir, old, { recursive: true })
    const second = await bench.boot()
    await second.process(4)
    await second.snapshot(1)
    bench.loseState()
    cpSync(old, bench.stateDir, { recursive: true })
    const third = await bench.boot()
    expect(third.recovered.restored.source).toBe('snapshot')
    expect(readdirSync(bench.stateDir).sort()).toEqual(['CURRENT', 'gen-0002'])
  })

  it('stops a zombie: after the next fence the former owner can neither publish nor apply', async () => {
    bench.feed(KEYS)
    const zombie = await bench.boot()
    await zombie.process(2)
    const zombieStore = zombie.store
    const request = {
      owner: 'opb.a.1',
      expectedNextInput: 2,
      rows: [],
      next: { nextInput: 3, nextChangelog: 9 },
    }
    await bench.boot()
    expect(() => zombieStore.apply(request)).toThrow(/belongs to opb\.a\.2/)
    expect(await codeOf(zombie.snapshot(9))).toBe('FENCED')
  })

  it('stops a zombie whose generation was replaced', async () => {
    bench.feed(KEYS)
    const zombie = await bench.boot()
    await zombie.process(2)
    await bench.boot({ manifest: 'none', local: 'replace' })
    const request = {
      owner: 'opb.a.1',
      expectedNextInput: 2,
      rows: [],
      next: { nextInput: 3, nextChangelog: 9 },
    }
    expect(() => zombie.store.apply(request)).toThrow(/belongs to opb\.a\.2/)
  })

  it('rehearses on its own copy: nobody is fenced, nothing changes', async () => {
    bench.feed(KEYS)
    const live = await bench.boot()
    await live.process(5)
    await live.snapshot(1)
    bench.events.length = 0
    const { StateDirectory } = await import('../../adapters/sqlite/state-directory.ts')
    const home = new StateDirectory(path.join(bench.root, 'into', 'opb-0'), bench.snapshotDir)
    const { recoverTask } = await import('./recover.ts')
    const deps = bench.deps({ home, producer: undefined })
    const recovered = await recoverTask(deps, bench.options({ owner: 'rehearsal', local: 'replace' }))
    expect(recovered.identity).toBeUndefined()
    expect(recovered.store.stateHash()).toBe(live.store.stateHash())
    recovered.store.close()
    expect(named('fence')).toEqual([])
    await live.process(3)
    expect(live.store.owner()).toBe('opb.a.1')
  })
})
