import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Manifest, SnapshotEntry } from '../../core/contracts/records.ts'
import { row, sampleLineage } from '../../core/ports/store.contract.ts'
import type { StateStore } from '../../core/ports/store.ts'
import { ChangedRows } from '../../core/recovery/changed-rows.ts'
import { chainOf, entriesOf } from '../../core/recovery/manifest.ts'
import { SnapshotDirectory } from './snapshot-files.ts'
import { takeSnapshot } from './snapshots.ts'
import type { SnapshotOrder } from './snapshots.ts'
import { StateDirectory } from './state-directory.ts'

// Full ones start a thread, which on a machine that is busy with brokers may take its time.
vi.setConfig({ testTimeout: 30_000 })

let root: string
let shelf: string
let home: StateDirectory
let store: StateStore
let changed: ChangedRows
let known: readonly SnapshotEntry[]
let taken: number
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'eoslab-chain-'))
  shelf = path.join(root, 'snapshots')
  home = new StateDirectory(path.join(root, 'opb-0'), shelf)
  store = home.create(sampleLineage)
  store.takeOwnership('x')
  changed = new ChangedRows()
  known = []
  taken = 0
})
afterEach(() => {
  store.close()
  rmSync(root, { recursive: true, force: true })
})

/** One apply: every key gets its next update. */
function update(...keys: readonly string[]): void {
  const { nextInput, nextChangelog } = store.position()
  const rows = keys.map((key, i) => {
    const seq = (store.get(key)?.seq ?? 0) + 1
    return { ...row(key, seq * 10, seq, nextChangelog + i), isNew: seq === 1 }
  })
  const next = { nextInput: nextInput + keys.length, nextChangelog: nextChangelog + keys.length + 1 }
  store.apply({ owner: 'x', expectedNextInput: nextInput, rows, next })
  changed.add(rows, next.nextInput)
}

async function snapshot(over: Partial<SnapshotOrder> = {}): Promise<Manifest> {
  const manifest = await takeSnapshot({
    stateFile: home.currentFile()!,
    dir: shelf,
    snapshotId: `s${++taken}`,
    createdAt: taken,
    known,
    retain: 2,
    kind: 'partial',
    live: { store, changed },
    ...over,
  })
  known = entriesOf(manifest)
  return manifest
}

const keysOf = (n: number): string[] => Array.from({ length: n }, (_, i) => `k${i}`)
const chain = (tip: SnapshotEntry): readonly SnapshotEntry[] => chainOf(tip, known)!

async function restored(links: readonly SnapshotEntry[]): Promise<unknown> {
  const other = new StateDirectory(path.join(root, 'other'), shelf)
  const copy = await other.restore(links)
  const found = { hash: copy.stateHash(), position: copy.position(), rows: [...copy.rows()] }
  copy.close()
  return found
}
const now = (): unknown => ({ hash: store.stateHash(), position: store.position(), rows: [...store.rows()] })

it('restores every link of a chain to the state it was taken of', async () => {
  update(...keysOf(50))
  const one = await snapshot()
  const states = [now()]
  update('k3', 'new#1', 'k4')
  update('k3')
  const two = await snapshot()
  states.push(now())
  update('new#2', 'new#1')
  const three = await snapshot()
  states.push(now())
  const nothing = await snapshot()
  expect([one, two, three, nothing].map((m) => [m.kind, m.base, m.keys])).toEqual([
    ['full', null, 50],
    ['partial', 's1', 51],
    ['partial', 's2', 52],
    ['partial', 's3', 52],
  ])
  expect(two.stateHash).toBeNull()
  for (const [i, tip] of [one, two, three].entries())
    expect(await restored(chain(known.find((k) => k.snapshotId === tip.snapshotId)!))).toEqual(states[i])
  expect(await restored(chain(known[0]!))).toEqual(states[2])
  expect(new SnapshotDirectory(shelf).removeLeftovers()).toEqual([])
})

it('finds the rows changed since the last one by their changelog offset after a boot', async () => {
  update(...keysOf(50))
  await snapshot()
  update('k7', 'new#1')
  // Another life: nothing is known of what was changed.
  changed = new ChangedRows()
  const found = await snapshot()
  expect(found).toMatchObject({ kind: 'partial', base: 's1', keys: 51 })
  expect(await restored(chain(known[0]!))).toEqual(now())
  // From here on it is tracked.
  update('k8', 'new#2')
  expect(changed.size).toBe(2)
  expect(await snapshot()).toMatchObject({ kind: 'partial', base: 's2', keys: 52 })
  expect(await restored(chain(known[0]!))).toEqual(now())
})

it('is of one cut, though applies go on while it is written', async () => {
  update(...keysOf(3000))
  await snapshot()
  update(...keysOf(2500))
  const at = now()
  const taking = snapshot()
  for (let i = 0; i < 20; i++) {
    update(`k${i}`, `during#${i}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await taking
  expect(await restored(chain(known[0]!))).toEqual(at)
  // What was applied meanwhile is in the next one.
  expect(await snapshot()).toMatchObject({ keys: 3020 })
  expect(await restored(chain(known[0]!))).toEqual(now())
})

it('merges by itself when partials would not pay any more, from memory and after a boot', async () => {
  update(...keysOf(2000))
  await snapshot({ kind: 'auto' })
  update(...keysOf(900))
  expect(await snapshot({ kind: 'auto' })).toMatchObject({ kind: 'partial' })
  update(...keysOf(1100))
  expect(changed.state).toBe('too many')
  expect(await snapshot({ kind: 'auto' })).toMatchObject({ kind: 'full', keys: 2000 })
  update(...keysOf(1100))
  changed = new ChangedRows()
  expect(await snapshot({ kind: 'auto' })).toMatchObject({ kind: 'full', keys: 2000 })
})

it('takes the kind that was asked for, and goes on with its usual one', async () => {
  const after = (kind: 'full' | 'partial', usual: 'auto' | 'full'): Promise<Manifest> =>
    snapshot({ kind, live: { store, changed, usual } })
  update(...keysOf(100))
  await after('partial', 'auto')
  update('k1', 'new#1')
  expect(await after('full', 'auto')).toMatchObject({ kind: 'full', keys: 101 })
  update('k2')
  expect(changed.size).toBe(1)
  expect(await snapshot({ kind: 'auto' })).toMatchObject({ kind: 'partial', base: 's2' })
  expect(await restored(chain(known[0]!))).toEqual(now())
  // More than auto keeps in memory: what was asked for is found in the state.
  update(...keysOf(90))
  expect(changed.state).toBe('too many')
  expect(await after('partial', 'auto')).toMatchObject({ kind: 'partial', base: 's3' })
  expect(await restored(chain(known[0]!))).toEqual(now())
  // Who takes full ones keeps nothing in memory for it.
  changed = new ChangedRows()
  for (const key of ['k5', 'k6']) {
    update(key)
    expect(await after('partial', 'full')).toMatchObject({ kind: 'partial' })
    expect(await restored(chain(known[0]!))).toEqual(now())
  }
  expect(changed.state).toBe('unknown')
})

it('builds on nothing that is not there, and on nothing that failed', async () => {
  update(...keysOf(50))
  const one = await snapshot()
  update('k1')
  await expect(snapshot({ dir: path.join(shelf, one.path, 'below a file') })).rejects.toMatchObject({
    code: 'STATE_UNUSABLE',
  })
  expect(changed.state).toBe('unknown')
  expect(await snapshot()).toMatchObject({ kind: 'partial', base: 's1' })
  expect(await restored(chain(known[0]!))).toEqual(now())
  truncateSync(path.join(shelf, one.path), 100)
  update('k2')
  expect(await snapshot()).toMatchObject({ kind: 'full', base: null })
})

it('names the damaged link, and leaves the current generation as it was', async () => {
  update(...keysOf(50))
  await snapshot()
  update('k1')
  await snapshot()
  update('k2')
  await snapshot()
  const links = chain(known[0]!)
  const [one, two, three] = links as [SnapshotEntry, SnapshotEntry, SnapshotEntry]
  const refused = (broken: readonly SnapshotEntry[], message: RegExp): Promise<void> =>
    expect(home.restore(broken)).rejects.toMatchObject({
      code: 'SNAPSHOT_DAMAGED',
      message: expect.stringMatching(message) as string,
    })
  await refused([one, three], /snapshot s3.*its base is/)
  await refused([two, three], /no full snapshot/)
  await refused([{ ...one, partition: 1 }], /snapshot s1.*holds partition 0; its manifest says 1/)
  await refused([{ ...one, clusterId: 'other' }], /snapshot s1.*clusterId cluster-1; its manifest says other/)
  await refused([one, { ...two, keys: 7 }], /snapshot s2.*holds keys 50; its manifest says 7/)
  await refused([one, two, { ...three, lastChangelogOffset: 99_999 }], /snapshot s3.*its to is/)
  const file = path.join(shelf, two.path)
  const content = readFileSync(file)
  const flipped = Buffer.from(content)
  flipped[content.length - 40]! ^= 1
  writeFileSync(file, flipped)
  await refused(links, /snapshot s2.*SHA-256/)
  rmSync(file)
  await refused(links, /snapshot s2.*ENOENT/)
  copyFileSync(path.join(shelf, three.path), file)
  await refused(links, /snapshot s2/)
  expect(readdirSync(home.where).sort()).toEqual(['CURRENT', 'gen-0001'])
})
