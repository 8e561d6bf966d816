import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { SnapshotEntry } from '../../core/contracts/records.ts'
import { row, sampleLineage } from '../../core/ports/store.contract.ts'
import { decodeManifest } from '../../core/recovery/manifest.ts'
import { hashFile } from './files.ts'
import { SnapshotDirectory, snapshotName } from './snapshot-files.ts'
import { copySnapshot, nameSnapshot, takeSnapshot } from './snapshots.ts'
import { SqliteStore } from './store.ts'

// Each snapshot starts a thread, which on a machine that is busy with brokers may take its time.
vi.setConfig({ testTimeout: 30_000 })

let dir: string
let shelf: SnapshotDirectory
let store: SqliteStore
beforeEach(() => {
  const root = mkdtempSync(path.join(tmpdir(), 'eoslab-snapshots-'))
  dir = path.join(root, 'opb-0')
  shelf = new SnapshotDirectory(dir)
  store = SqliteStore.create(path.join(root, 'state.db'), sampleLineage)
  store.takeOwnership('x')
})
afterEach(() => {
  store.close()
  rmSync(path.dirname(dir), { recursive: true, force: true })
})

let next = 0
const apply = (key: string): void => {
  const { nextInput } = store.position()
  next = nextInput + 1
  store.apply({
    owner: 'x',
    expectedNextInput: nextInput,
    rows: [row(key, next, 1)],
    next: { nextInput: next, nextChangelog: next * 2 },
  })
}
const order = (n: number, known: readonly SnapshotEntry[] = []) => ({
  stateFile: store.file,
  dir,
  snapshotId: `2025-09-12T10:00:0${n}.000Z-p0-e3-n${n}`,
  createdAt: 1_757_671_200,
  known,
  retain: 2,
})

it('describes the finished copy, WAL content included, and leaves nothing beside it', async () => {
  apply('a')
  apply('b')
  const manifest = await takeSnapshot(order(1))
  expect(manifest).toMatchObject({
    lastChangelogOffset: 3,
    nextInputOffset: 2,
    keys: 2,
    kind: 'full',
    base: null,
    stateHash: store.stateHash(),
    path: '2025-09-12T10-00-01.000Z-p0-e3-n1.full.db',
    sha256: hashFile(path.join(dir, '2025-09-12T10-00-01.000Z-p0-e3-n1.full.db')),
    clusterId: sampleLineage.clusterId,
    retained: [],
  })
  expect(readdirSync(dir).sort()).toEqual([manifest.path, `${manifest.path}.json`])
  expect(decodeManifest(readFileSync(path.join(dir, `${manifest.path}.json`)))).toEqual({
    ok: true,
    manifest,
  })
  const copy = new Database(path.join(dir, manifest.path), { readonly: true })
  expect(copy.pragma('journal_mode', { simple: true })).toBe('delete')
  copy.close()
})

it('is one consistent read while the owner goes on writing', async () => {
  for (let i = 0; i < 50; i++) apply(`k${i}`)
  const taking = copySnapshot(order(1))
  const ended = { yet: false }
  void taking.finally(() => (ended.yet = true))
  // Every apply writes one new key, so keys and input offset agree in each state there ever was.
  for (let i = 50; !ended.yet && i < 20_000; i++) {
    apply(`k${i}`)
    if (i % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  const { entry } = await taking
  expect(entry.keys).toBe(entry.nextInputOffset)
  expect(entry.lastChangelogOffset).toBe(entry.nextInputOffset * 2 - 1)
  expect(entry.keys).toBeGreaterThanOrEqual(50)
  expect(store.keyCount()).toBeGreaterThan(entry.keys)
})

it('has no name until it is named, and a killed copy is cleared away', async () => {
  apply('a')
  const unnamed = await copySnapshot(order(1))
  expect(shelf.list()).toEqual([])
  expect(readdirSync(dir)).toHaveLength(1)
  writeFileSync(path.join(dir, `${unnamed.entry.path}.unfinished-journal`), '')
  writeFileSync(path.join(dir, 'x.full.db.json.tmp'), '')
  expect(shelf.removeLeftovers()).toHaveLength(3)
  expect(readdirSync(dir)).toEqual([])
  const manifest = nameSnapshot(await copySnapshot(order(2)))
  expect(shelf.removeLeftovers()).toEqual([])
  expect(shelf.list().map((e) => e.snapshotId)).toEqual([manifest.snapshotId])
})

it('keeps as many as asked for, and prunes what no manifest names', async () => {
  apply('a')
  const one = await takeSnapshot(order(1))
  const two = await takeSnapshot(order(2, [one]))
  const three = await takeSnapshot(order(3, [two, one]))
  expect(three.retained.map((e) => e.snapshotId)).toEqual([two.snapshotId])
  expect(shelf.prune([three, ...three.retained])).toEqual([one.path])
  expect(readdirSync(dir)).toHaveLength(4)
  expect(
    shelf
      .list()
      .map((e) => e.snapshotId)
      .sort(),
  ).toEqual([two.snapshotId, three.snapshotId])
})

it('fails aloud when the state cannot be copied, and leaves nothing behind', async () => {
  await expect(takeSnapshot({ ...order(1), stateFile: path.join(dir, 'nowhere.db') })).rejects.toMatchObject({
    code: 'STATE_UNUSABLE',
  })
  expect(readdirSync(dir)).toEqual([])
})

it('gives names that any file system takes', () => {
  expect(snapshotName('../a b:c', 'full')).toBe('-a-b-c.full.db')
})
