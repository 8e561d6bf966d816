import { rmSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { addOne, codeOf, KEYS, RecoveryBench, TOPICS } from '../../testing/recovery-bench.ts'

// Each snapshot starts a thread, which on a machine that is busy with brokers may take its time.
vi.setConfig({ testTimeout: 30_000 })

let bench: RecoveryBench
beforeEach(() => {
  bench = new RecoveryBench()
})
afterEach(() => bench.dispose())

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
    expect(await codeOf(bench.boot({ manifest: one.snapshotId, local: 'replace' }))).toBe('SNAPSHOT_DAMAGED')
    expect(await codeOf(bench.boot({ manifest: 'nothing', local: 'replace' }))).toBe('NO_MANIFEST')
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
    expect(await codeOf(bench.boot(off, fold))).toBe('RECOVERY_MISMATCH')
  })
})
