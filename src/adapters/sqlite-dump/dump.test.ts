/** The oracle's reader against files that the real store wrote, some of it still in the write-ahead log. */
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SnapshotEntry } from '../../core/contracts/records.ts'
import type { StateStore, StoreLineage } from '../../core/ports/store.ts'
import { StateDirectory } from '../sqlite/state-directory.ts'
import { dumpStates } from './dump.ts'
import { inspectSnapshots } from './snapshot-files.ts'

const lineage: StoreLineage = {
  prefix: 't.',
  clusterId: 'c',
  inputTopicId: 'i',
  changelogTopicId: 'l',
  changelogMode: 'after-image',
  schemaVersion: 1,
  partition: 1,
  window: 3600,
}

let root: string
let store: StateStore | undefined

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'eoslab-dump-test-'))
})

afterEach(() => {
  store?.close()
  store = undefined
  rmSync(root, { recursive: true, force: true })
})

function writeState(): string {
  const dir = path.join(root, 'opb-1')
  store = new StateDirectory(dir, path.join(root, 'snapshots', 'opb-1')).create(lineage)
  store.takeOwnership('opb.a.1')
  const row = { key: 's#p#0', sum: 30, count: 2, seq: 2, changelogOffset: 4 }
  store.apply({
    owner: 'opb.a.1',
    expectedNextInput: 0,
    rows: [row],
    next: { nextInput: 3, nextChangelog: 5 },
  })
  return dir
}

const filesOf = (dir: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter((e) => e.isFile())
      .map((e) => path.join(e.parentPath, e.name))
      .map((file) => [file, createHash('sha256').update(readFileSync(file)).digest('hex')]),
  )

describe('the dump', () => {
  it('sees what is only in the write-ahead log, and changes no file', async () => {
    writeState()
    // As a kill leaves it: copied while the store is open, so that nothing is checkpointed.
    const killed = path.join(root, 'killed')
    cpSync(path.join(root, 'opb-1'), path.join(killed, 'opb-1'), { recursive: true })
    const before = filesOf(killed)
    expect(Object.keys(before).some((file) => file.endsWith('-wal'))).toBe(true)
    const [dump, ...others] = await dumpStates(killed)
    expect(others).toEqual([])
    expect(dump).toMatchObject({
      partition: 1,
      rows: [{ key: 's#p#0', sum: 30, count: 2, seq: 2 }],
      nextInput: 3,
      nextChangelog: 5,
      changelogMode: 'after-image',
      window: 3600,
      owner: 'opb.a.1',
    })
    expect(filesOf(killed)).toEqual(before)
  })

  it('has no state where there is no directory, and none for a task that never opened one', async () => {
    expect(await dumpStates(path.join(root, 'nowhere'))).toEqual([])
    mkdirSync(path.join(root, 'opb-0'))
    expect(await dumpStates(root)).toEqual([])
  })

  it('names a database that cannot be read', async () => {
    const dir = writeState()
    store?.close()
    store = undefined
    const file = path.join(dir, readFileSync(path.join(dir, 'CURRENT'), 'utf8').trim(), 'state.db')
    writeFileSync(file, 'no database')
    await expect(dumpStates(root)).rejects.toMatchObject({
      code: 'STATE_UNUSABLE',
      message: expect.stringContaining(file),
    })
  })

  it('names a pointer to nothing', async () => {
    mkdirSync(path.join(root, 'opb-0'))
    writeFileSync(path.join(root, 'opb-0', 'CURRENT'), 'gen-0009\n')
    await expect(dumpStates(root)).rejects.toMatchObject({ code: 'STATE_UNUSABLE' })
  })
})

describe('snapshot files', () => {
  it('are intact, torn, or not there', async () => {
    const dir = path.join(root, 'opb-0')
    mkdirSync(dir)
    const content = 'a snapshot'
    writeFileSync(path.join(dir, 'whole'), content)
    writeFileSync(path.join(dir, 'torn'), content.toUpperCase())
    const sha256 = createHash('sha256').update(content).digest('hex')
    const named = ['whole', 'torn', 'gone'].map((file) => ({
      partition: 0,
      entry: { snapshotId: file, path: file, bytes: content.length, sha256 } as SnapshotEntry,
    }))
    const found = await inspectSnapshots(root, named)
    expect(found.map((s) => [s.entry.path, s.exists, s.intact])).toEqual([
      ['whole', true, true],
      ['torn', true, false],
      ['gone', false, undefined],
    ])
  })
})
