import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { SnapshotEntry } from '../../core/contracts/records.ts'
import { row, sampleLineage } from '../../core/ports/store.contract.ts'
import { takeSnapshot } from './snapshots.ts'
import { StateDirectory } from './state-directory.ts'

// Each snapshot starts a thread, which on a machine that is busy with brokers may take its time.
vi.setConfig({ testTimeout: 30_000 })

let root: string
let home: StateDirectory
const dir = () => path.join(root, 'opb-0')
const shelf = () => path.join(root, 'snapshots')
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'eoslab-home-'))
  home = new StateDirectory(dir(), shelf())
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const rows = [row('a', 1, 1), row('b', 2, 2)]
function filled(): void {
  const store = home.create(sampleLineage)
  store.takeOwnership('x')
  store.apply({ owner: 'x', expectedNextInput: 0, rows, next: { nextInput: 3, nextChangelog: 4 } })
  store.close()
}
const snapshot = (): Promise<SnapshotEntry> =>
  takeSnapshot({
    stateFile: home.currentFile()!,
    dir: shelf(),
    snapshotId: '2025-09-12T10:00:00.000Z-p0-e3-n7',
    createdAt: 1,
    known: [],
    retain: 1,
  })
const codeOf = (run: () => unknown): string => {
  try {
    run()
    return 'returned'
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
}

it('begins absent, and has one current generation after create', () => {
  expect(home.open()).toEqual({ kind: 'absent' })
  expect(home.peek()).toBeUndefined()
  filled()
  expect(readFileSync(path.join(dir(), 'CURRENT'), 'utf8')).toBe('gen-0001\n')
  expect(home.peek()).toEqual(sampleLineage)
  const opened = home.open()
  expect(opened.kind).toBe('open')
  if (opened.kind === 'open') opened.store.close()
})

it('restores into a new generation, leaves the former one until it is retired', async () => {
  filled()
  const entry = await snapshot()
  const store = await home.restore([entry])
  expect(store.keyCount()).toBe(2)
  expect(store.position()).toEqual({ nextInput: 3, nextChangelog: 4 })
  expect(store.stateHash()).toBe(entry.stateHash)
  store.close()
  expect(readdirSync(dir()).sort()).toEqual(['CURRENT', 'gen-0001', 'gen-0002'])
  mkdirSync(path.join(dir(), 'gen-0009.tmp'))
  mkdirSync(path.join(dir(), 'gen-0003.damaged-1'))
  expect(home.retire().sort()).toEqual(['gen-0001', 'gen-0009.tmp'])
  expect(readdirSync(dir()).sort()).toEqual(['CURRENT', 'gen-0002', 'gen-0003.damaged-1'])
})

it.each([
  ['a flipped byte', (file: string) => flip(file)],
  ['a cut end', (file: string) => writeFileSync(file, readFileSync(file).subarray(0, -4096))],
  ['no file at all', (file: string) => rmSync(file)],
])('refuses a snapshot with %s and leaves the current generation as it was', async (_, damage) => {
  filled()
  const entry = await snapshot()
  damage(path.join(shelf(), entry.path))
  await expect(home.restore([entry])).rejects.toMatchObject({ code: 'SNAPSHOT_DAMAGED' })
  expect(readdirSync(dir()).sort()).toEqual(['CURRENT', 'gen-0001'])
})

function foreign(file: string): void {
  rmSync(file)
  const db = new Database(file)
  db.exec('CREATE TABLE state(x)')
  db.close()
}

function flip(file: string): void {
  const bytes = readFileSync(file)
  bytes[bytes.length - 1]! ^= 1
  writeFileSync(file, bytes)
}

it('refuses a snapshot whose content is not what the manifest says', async () => {
  filled()
  const entry = await snapshot()
  await expect(home.restore([{ ...entry, keys: 3 }])).rejects.toMatchObject({ code: 'SNAPSHOT_DAMAGED' })
  await expect(home.restore([{ ...entry, nextInputOffset: 2 }])).rejects.toMatchObject({
    code: 'SNAPSHOT_DAMAGED',
  })
})

it.each([
  ['no database', (file: string) => writeFileSync(file, 'x'.repeat(5000))],
  ['an empty file', (file: string) => writeFileSync(file, '')],
  ['a database of something else', (file: string) => foreign(file)],
])('sets %s aside under a new name', (_, damage) => {
  filled()
  damage(home.currentFile()!)
  const opened = home.open()
  expect(opened).toMatchObject({ kind: 'set-aside', where: expect.stringContaining('gen-0001.damaged-1') })
  expect(existsSync(path.join(dir(), 'gen-0001.damaged-1', 'state.db'))).toBe(true)
  home.create(sampleLineage).close()
  expect(readFileSync(path.join(dir(), 'CURRENT'), 'utf8')).toBe('gen-0002\n')
})

it('finds a page torn in the middle when it opens, and not later', () => {
  filled()
  const file = home.currentFile()!
  const opened = home.open()
  if (opened.kind !== 'open') throw new Error('not open')
  const many = Array.from({ length: 3000 }, (_, i) => row(`key-${String(i).padStart(20, '0')}`, i, 1, i))
  opened.store.takeOwnership('x')
  opened.store.apply({
    owner: 'x',
    expectedNextInput: 3,
    rows: many,
    next: { nextInput: 9, nextChangelog: 9 },
  })
  opened.store.close()
  const bytes = readFileSync(file)
  bytes.fill(0xff, 4096 * 20, 4096 * 21)
  writeFileSync(file, bytes)
  expect(home.open()).toMatchObject({ kind: 'set-aside', reason: expect.stringMatching(/malformed/) })
})

it('says so when CURRENT names what is not there', () => {
  filled()
  rmSync(path.join(dir(), 'gen-0001'), { recursive: true })
  expect(home.open()).toMatchObject({ kind: 'set-aside', where: null })
})

it('refuses a CURRENT that names something else, and a place where nothing can be written', () => {
  filled()
  writeFileSync(path.join(dir(), 'CURRENT'), '../elsewhere')
  expect(codeOf(() => home.open())).toBe('STATE_UNUSABLE')
  writeFileSync(path.join(root, 'file'), '')
  expect(codeOf(() => new StateDirectory(path.join(root, 'file', 'opb-0'), shelf()).prepare())).toBe(
    'STATE_UNUSABLE',
  )
  expect(codeOf(() => new StateDirectory('/proc/eoslab/opb-0', shelf()).prepare())).toBe('STATE_UNUSABLE')
})

const takenOver = (by: string): StateDirectory => {
  const other = new StateDirectory(dir(), shelf())
  const opened = other.open()
  if (opened.kind === 'open') {
    opened.store.takeOwnership(by)
    opened.store.close()
  }
  return other
}

it('does not let one that was overtaken put a generation of its own in place of the one in use', async () => {
  filled()
  const entry = await snapshot()
  const zombie = takenOver('opb.a.1')
  const inUse = zombie.open()
  // Stopped while it restores; meanwhile the next incarnation takes the same generation over.
  await expect(zombie.restore([entry], () => void takenOver('opb.a.2'))).rejects.toMatchObject({
    code: 'OWNER_CHANGED',
  })
  if (inUse.kind === 'open') inUse.store.close()
  expect(readFileSync(path.join(dir(), 'CURRENT'), 'utf8')).toBe('gen-0001\n')
  expect(readdirSync(dir()).sort()).toEqual(['CURRENT', 'gen-0001'])
})

it('does not let one that found nothing replace what another has made since', () => {
  const zombie = new StateDirectory(dir(), shelf())
  expect(zombie.open()).toEqual({ kind: 'absent' })
  filled()
  expect(codeOf(() => zombie.create(sampleLineage))).toBe('OWNER_CHANGED')
  expect(readFileSync(path.join(dir(), 'CURRENT'), 'utf8')).toBe('gen-0001\n')
})
