import { existsSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { addOne, RecoveryBench, TOPICS } from '../../testing/recovery-bench.ts'
import type { NewEvent } from '../history/event.ts'

// Each snapshot starts a thread, which on a machine that is busy with brokers may take its time.
vi.setConfig({ testTimeout: 30_000 })

let bench: RecoveryBench
beforeEach(() => {
  bench = new RecoveryBench()
})
afterEach(() => bench.dispose())

const KEYS = ['a', 'b', 'a', 'c', 'a', 'b', 'd', 'a']
const code = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'resolved',
    (error: unknown) => (error as { code?: string }).code ?? String(error),
  )
const named = (f: string): NewEvent[] => bench.events.filter((event) => event.f === f)

describe('recovery of a task', () => {
  it('boots on nothing: empty state, the log from its start, every core line said', async () => {
    bench.feed(KEYS)
    const life = await bench.boot()
    expect(life.recovered).toMatchObject({ resumeAt: 0, restored: { source: 'none', keys: 0 } })
    expect(bench.msgs()).toEqual(['manifest loaded', 'restore ok', 'replay done'])
    expect(bench.events.map((e) => `${e.f} ${e.type}`)).toEqual([
      'fence invoke',
      'fence ok',
      'committed-offset ok',
      'manifest ok',
      'restore ok',
      'replay invoke',
      'replay ok',
      'resume info',
    ])
  })

  it('keeps local state that is current', async () => {
    bench.feed(KEYS)
    await (await bench.boot()).process(8)
    const { store, recovered } = await bench.boot()
    expect(recovered).toMatchObject({
      resumeAt: 8,
      restored: { source: 'local', keys: 4 },
      replayed: { records: 0 },
    })
    expect(store.get('a')).toEqual({ key: 'a', sum: 40, count: 4, seq: 4 })
    expect(store.owner()).toBe('opb.a.2')
  })

  it('rolls forward what was committed and not applied', async () => {
    bench.feed(KEYS)
    const first = await bench.boot()
    await first.process(4)
    await first.process(4, 'before-apply')
    const { store, recovered } = await bench.boot()
    expect(recovered.replayed).toMatchObject({ records: 4, applied: 4, skipped: 0 })
    expect(recovered.resumeAt).toBe(8)
    expect([...store.rows()].map((r) => [r.key, r.sum, r.seq])).toEqual([
      ['a', 40, 4],
      ['b', 20, 2],
      ['c', 10, 1],
      ['d', 10, 1],
    ])
  })

  it('forgets what was not committed: the fence aborts it before anything is read', async () => {
    bench.feed(KEYS)
    const first = await bench.boot()
    await first.process(4)
    await first.process(4, 'before-commit')
    const { store, recovered } = await bench.boot()
    expect(recovered.resumeAt).toBe(4)
    expect(recovered.replayed.records).toBe(0)
    // The tail is an aborted transaction and its marker: the position has to step over it all the same.
    expect(recovered.replayed.to).toBe(10)
    expect(store.position()).toEqual({ nextInput: 4, nextChangelog: 10 })
    expect(store.get('a')?.seq).toBe(2)
  })

  it('restores snapshot and tail when the local state is lost, to the same state as a full replay', async () => {
    bench.feed(KEYS)
    const first = await bench.boot()
    await first.process(5)
    await first.snapshot(1)
    await first.process(3)
    const hash = first.store.stateHash()
    bench.loseState()
    const second = await bench.boot()
    expect(second.recovered.restored).toMatchObject({ source: 'snapshot', keys: 3 })
    expect(second.recovered.replayed).toMatchObject({ applied: 3, skipped: 0 })
    expect(second.store.stateHash()).toBe(hash)
    const third = await bench.boot({ manifest: 'none', local: 'replace' })
    expect(third.recovered.restored.source).toBe('none')
    expect(third.recovered.replayed.applied).toBe(8)
    expect(third.store.stateHash()).toBe(hash)
  })

  it('restores in small chunks, rows and position together', async () => {
    bench.feed(KEYS)
    const first = await bench.boot()
    await first.process(8)
    const hash = first.store.stateHash()
    bench.loseState()
    const { store, recovered } = await bench.boot({ chunkBytes: 1 })
    expect(recovered.replayed.records).toBe(8)
    expect(store.stateHash()).toBe(hash)
  })

  it('goes down the retained ones when the newest snapshot is damaged, and says so', async () => {
    bench.feed(KEYS)
    const first = await bench.boot()
    await first.process(3)
    const one = await first.snapshot(1)
    const second = await bench.boot()
    await second.process(3)
    const two = await second.snapshot(2)
    await second.process(2)
    expect(two.retained.map((r) => r.snapshotId)).toEqual([one.snapshotId])
    const hash = second.store.stateHash()
    bench.loseState()
    truncateSync(path.join(bench.snapshotDir, two.path), 4096)
    const third = await bench.boot()
    expect(third.recovered.restored.snapshotId).toBe(one.snapshotId)
    expect(bench.msgs()).toContain('snapshot damaged')
    expect(third.recovered.known.map((k) => k.snapshotId)).toEqual([one.snapshotId])
    expect(third.store.stateHash()).toBe(hash)
    bench.loseState()
    rmSync(path.join(bench.snapshotDir, one.path))
    const fourth = await bench.boot()
    expect(fourth.recovered.restored.source).toBe('none')
    expect(fourth.store.stateHash()).toBe(hash)
  })

  it("takes the files' own JSON when the manifest never reached the log", async () => {
    bench.feed(KEYS)
    const first = await bench.boot()
    await first.process(5)
    const manifest = await first.snapshot(1)
    bench.cluster.deleteTopic(TOPICS.snapshots)
    bench.cluster.createTopic(TOPICS.snapshots)
    bench.loseState()
    const { recovered } = await bench.boot()
    expect(recovered.restored.snapshotId).toBe(manifest.snapshotId)
    expect(recovered.manifest).toBeUndefined()
  })

  it('passes over a manifest that cannot be read, aloud', async () => {
    bench.feed(KEYS)
    const first = await bench.boot()
    await first.process(5)
    const manifest = await first.snapshot(1)
    const value = '{"snapshotId":"x"}'
    bench.cluster.append({
      topic: TOPICS.snapshots,
      partition: 0,
      key: 'opb-manifest-latest',
      value,
      headers: {},
    })
    const { recovered } = await bench.boot()
    expect(recovered.manifest?.snapshotId).toBe(manifest.snapshotId)
    expect(bench.lines.find((l) => l['msg'] === 'manifest unreadable')).toMatchObject({
      reason: 'lastChangelogOffset is missing',
    })
  })

  it('restores a named manifest even where newer local state exists, and only that one', async () => {
    bench.feed(KEYS)
    const first = await bench.boot()
    await first.process(3)
    const one = await first.snapshot(1)
    await first.process(5)
    const { recovered } = await bench.boot({ manifest: one.snapshotId, local: 'replace' })
    expect(recovered.restored).toMatchObject({ source: 'snapshot', snapshotId: one.snapshotId, keys: 2 })
    expect(recovered.replayed.applied).toBe(5)
    writeFileSync(path.join(bench.snapshotDir, one.path), 'no database')
    expect(await code(bench.boot({ manifest: one.snapshotId, local: 'replace' }))).toBe('SNAPSHOT_DAMAGED')
    expect(await code(bench.boot({ manifest: 'nothing', local: 'replace' }))).toBe('NO_MANIFEST')
  })

  it('skips what the state has when an overlap is replayed', async () => {
    bench.feed(KEYS)
    const first = await bench.boot()
    await first.process(3)
    await first.snapshot(1)
    await first.process(5)
    const hash = first.store.stateHash()
    const { recovered, store } = await bench.boot({ replayFrom: 'manifest', local: 'replace' })
    expect(recovered.restored.source).toBe('local')
    expect(recovered.replayed).toMatchObject({ applied: 0, skipped: 5 })
    expect(store.stateHash()).toBe(hash)
  })

  it('survives compaction with the after-image, and loses updates with deltas alone, aloud', async () => {
    for (const mode of ['after-image', 'delta-only'] as const) {
      const lab = new RecoveryBench()
      lab.feed(KEYS)
      const first = await lab.boot({ changelogMode: mode })
      await first.process(8, undefined, mode)
      const hash = first.store.stateHash()
      lab.cluster.partition(TOPICS.changelog, 0).compact()
      lab.loseState()
      const { store, recovered } = await lab.boot({ changelogMode: mode })
      expect(recovered.resumeAt).toBe(8)
      if (mode === 'after-image') expect(store.stateHash()).toBe(hash)
      else expect([store.get('a')?.sum, recovered.replayed.holes]).toEqual([10, 4])
      expect(lab.msgs().includes('replay note')).toBe(mode === 'delta-only')
      lab.dispose()
    }
  })

  it('re-reads the input with the changelog off, from local state and from a snapshot', async () => {
    const off = { changelogMode: 'off' as const }
    const fold = { fold: addOne }
    bench.feed(KEYS)
    const first = await bench.boot(off, fold)
    await first.process(3, undefined, 'off')
    await first.snapshot(1)
    await first.process(3, undefined, 'off')
    await first.process(2, 'before-apply', 'off')
    const second = await bench.boot(off, fold)
    expect(second.recovered).toMatchObject({
      resumeAt: 8,
      replayed: { applied: 2 },
      restored: { source: 'local' },
    })
    const hash = second.store.stateHash()
    bench.loseState()
    const third = await bench.boot(off, fold)
    expect(third.recovered).toMatchObject({
      resumeAt: 8,
      replayed: { applied: 5 },
      restored: { source: 'snapshot' },
    })
    expect(third.store.stateHash()).toBe(hash)
    bench.cluster.setCommitted('opb', { topic: TOPICS.input, partition: 0, offset: 6 })
    expect(await code(bench.boot(off, fold))).toBe('RECOVERY_MISMATCH')
  })
})

describe('recovery refuses', () => {
  it.each([7, 9])('a committed offset of %i beside a state at 8', async (offset) => {
    bench.feed([...KEYS, 'z'])
    await (await bench.boot()).process(8)
    bench.cluster.setCommitted('opb', { topic: TOPICS.input, partition: 0, offset })
    expect(await code(bench.boot())).toBe('RECOVERY_MISMATCH')
  })

  it('a state without a committed offset', async () => {
    bench.feed(KEYS)
    await (await bench.boot()).process(8)
    expect(await code(bench.boot({ group: 'another' }))).toBe('RECOVERY_MISMATCH')
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
    expect(await code(bench.boot())).toBe('RECOVERY_GAP')
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
    expect(await code(bench.boot())).toBe('HUNG_TRANSACTION')
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
    expect(await code(bench.boot({ window: 61 }))).toBe('STATE_MISMATCH')
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
    expect(await code(bench.boot({ topics: { ...TOPICS, input: 'nowhere' } }))).toBe('MISSING_TOPIC')
  })
})

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
    expect(await code(zombie.snapshot(9))).toBe('FENCED')
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
