/**
 * Snapshots and manifests that are not what they should be, one by one: each is named, none is applied, and the
 * task comes back without it to the state that it had. Real SQLite and files, a log in memory.
 */
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { RecoveryBench, TOPICS } from '../../testing/recovery-bench.ts'
import { MANIFEST_KEY, type Manifest } from '../contracts/records.ts'
import { encodeManifest, entryOf } from './manifest.ts'

// Each snapshot starts a thread, which on a machine that is busy with brokers may take its time.
vi.setConfig({ testTimeout: 30_000 })

let bench: RecoveryBench
let one: Manifest
let two: Manifest
let hash: string
beforeEach(async () => {
  bench = new RecoveryBench()
  bench.feed(['a', 'b', 'a', 'c', 'a', 'b', 'd', 'a'])
  const first = await bench.boot()
  await first.process(3)
  one = await first.snapshot(1)
  const second = await bench.boot()
  await second.process(3)
  two = await second.snapshot(2)
  expect(two.retained).toEqual([entryOf(one)])
  await second.process(2)
  hash = second.store.stateHash()
  bench.loseState()
  bench.lines.length = 0
})
afterEach(() => bench.dispose())

const fileOf = (manifest: Manifest): string => path.join(bench.snapshotDir, manifest.path)

function flip(manifest: Manifest): void {
  const content = readFileSync(fileOf(manifest))
  content[content.length >> 1]! ^= 1
  writeFileSync(fileOf(manifest), content)
}

/** A newer manifest record; what lies beside the files says no more than it. */
function publish(manifest: object): void {
  const value = JSON.stringify(manifest)
  bench.cluster.append({ topic: TOPICS.snapshots, partition: 0, key: MANIFEST_KEY, value, headers: {} })
}

const third = (): Manifest => ({ ...two, snapshotId: 'third', retained: [entryOf(two), entryOf(one)] })

const CASES: Readonly<Record<string, { make: () => void; said: RegExp; from: () => Manifest }>> = {
  'a flipped byte': {
    make: () => flip(two),
    said: /snapshot 2025-09-12T10:00:02\S+ .*: its SHA-256 is [0-9a-f]{64}, its manifest says /,
    from: () => one,
  },
  'a file cut short': {
    make: () => truncateSync(fileOf(two), two.bytes - 1),
    said: /snapshot 2025-09-12T10:00:02\S+ .*: it has \d+ bytes, its manifest says \d+/,
    from: () => one,
  },
  'a file that is gone': {
    make: () => rmSync(fileOf(two)),
    said: /snapshot 2025-09-12T10:00:02\S+ .*ENOENT/,
    from: () => one,
  },
  'a chain with a hole': {
    make: () => publish({ ...third(), kind: 'partial', base: 'nowhere' }),
    said: /snapshot third is not used: it builds on nowhere, which is not known/,
    from: () => two,
  },
  'a manifest of a newer schema': {
    make: () => publish({ ...third(), schemaVersion: 2, kind: 'of another form' }),
    said: /"manifest unreadable".*"offset":\d+.*it has schema version 2, this eoslab reads 1/,
    from: () => two,
  },
  'a manifest that retains one of a newer schema': {
    make: () => publish({ ...third(), retained: [{ ...one, schemaVersion: 2 }] }),
    said: /"manifest unreadable".*retained: it has schema version 2/,
    from: () => two,
  },
  'the JSON of a newer schema beside a file, where the topic has no manifest any more': {
    make: () => {
      bench.cluster.deleteTopic(TOPICS.snapshots)
      bench.cluster.createTopic(TOPICS.snapshots)
      writeFileSync(`${fileOf(two)}.json`, encodeManifest({ ...two, schemaVersion: 2 as 1 }))
    },
    said: /"manifest unreadable".*"file":"2025-09-12T10-00-02\S+\.full\.db\.json".*schema version 2/,
    from: () => one,
  },
  'a manifest of another task': {
    make: () => publish({ ...third(), partition: 1 }),
    said: /"manifest unreadable".*it is of partition 1/,
    from: () => two,
  },
  'a snapshot of another task, named by this one': {
    make: () => {
      const retained = [{ ...entryOf(two), partition: 1 }, entryOf(one)]
      publish({ ...third(), lastChangelogOffset: 9_999, retained })
    },
    said: /snapshot 2025-09-12T10:00:02\S+ is not used: it is of partition 1/,
    from: () => one,
  },
  'a snapshot of another cluster': {
    make: () => publish({ ...third(), clusterId: 'elsewhere' }),
    said: /snapshot third is not used: it is of another cluster \(elsewhere, now memory-cluster\)/,
    from: () => two,
  },
  'a snapshot of a topic that was made anew': {
    make: () => publish({ ...third(), changelogTopicId: 'former' }),
    said: /snapshot third is not used: its changelog topic was deleted and made anew since/,
    from: () => two,
  },
  'a snapshot from beyond the log': {
    make: () => publish({ ...third(), lastChangelogOffset: 9_999 }),
    said: /snapshot third is not used: it stands at offset 10000 of log, beyond the end \d+/,
    from: () => two,
  },
}

it.each(Object.keys(CASES))('%s', async (name) => {
  const { make, said, from } = CASES[name]!
  make()
  const { recovered, store } = await bench.boot()
  expect(bench.lines.map((line) => JSON.stringify(line)).join('\n')).toMatch(said)
  expect(recovered.restored.snapshotId).toBe(from().snapshotId)
  expect(store.stateHash()).toBe(hash)
})

it('refuses a log whose tail is gone, and names the range', async () => {
  const start = two.lastChangelogOffset + 3
  bench.cluster.partition(TOPICS.changelog, 0).deleteBefore(start)
  await expect(bench.boot()).rejects.toMatchObject({
    code: 'RECOVERY_GAP',
    message: expect.stringMatching(
      `log: offsets 0 to ${start - 1} are gone.*10:00:02.*log begins at ${start}, it would need ${start - 2}`,
    ) as string,
  })
})
