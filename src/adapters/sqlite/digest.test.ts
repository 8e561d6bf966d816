import Database from 'better-sqlite3'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, it } from 'vitest'
import type { StoreLineage } from '../../core/ports/store.ts'
import { CHECKED_AT_ONCE } from './digest.ts'
import { foldWal } from './fold.ts'
import { StateDirectory } from './state-directory.ts'
import { SqliteStore } from './store.ts'

const root = mkdtempSync(path.join(tmpdir(), 'eoslab-digest-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const LINEAGE: StoreLineage = {
  prefix: 'p.',
  clusterId: 'c',
  inputTopicId: 'i',
  changelogTopicId: 'l',
  changelogMode: 'after-image',
  schemaVersion: 1,
  partition: 0,
  window: 60,
}
const KEYS = ['A#p1#1694499960', 'B#p2#1694499960', 'C#p3#1694499960']

/** A state directory with three rows, its log folded, and its file. */
function stateOf(name: string): { home: StateDirectory; file: string } {
  const home = new StateDirectory(path.join(root, name), path.join(root, `${name}-snapshots`))
  home.prepare()
  const store = home.create(LINEAGE)
  store.takeOwnership('opb.a.1')
  const rows = KEYS.map((key, i) => ({ key, sum: 70_000 + i, count: 3, seq: 3, changelogOffset: i }))
  store.apply({ owner: 'opb.a.1', expectedNextInput: 0, rows, next: { nextInput: 3, nextChangelog: 1478 } })
  store.close()
  const file = home.currentFile()!
  foldWal(file)
  return { home, file }
}

function flip(file: string, text: string, { at, bit }: { at: number; bit: number }): void {
  const content = readFileSync(file)
  const offset = content.indexOf(text) + at
  content[offset] = content[offset]! ^ (1 << bit)
  writeFileSync(file, content)
}

/** SQLite's own opinion. */
function integrity(file: string): unknown {
  const db = new Database(file, { readonly: true })
  try {
    return db.pragma('integrity_check', { simple: true })
  } finally {
    db.close()
  }
}

it('opens what was written', () => {
  const { home } = stateOf('whole')
  const opened = home.open()
  expect(opened.kind).toBe('open')
  if (opened.kind === 'open') opened.store.close()
})

it.each([
  ['a sum', { at: KEYS[1]!.length, bit: 3 }],
  ['the last digit of a key', { at: KEYS[1]!.length - 1, bit: 0 }],
])('sets a state aside in which one bit of %s flipped, which SQLite calls ok', (name, where) => {
  const { home, file } = stateOf(name.replaceAll(' ', '-'))
  flip(file, KEYS[1]!, where)
  expect(integrity(file)).toBe('ok')
  const opened = home.open()
  expect(opened).toMatchObject({
    kind: 'set-aside',
    reason: expect.stringMatching(/the row of "B#p2#.* is not what was written/) as string,
  })
})

it('sets a state aside whose offsets were changed', () => {
  const { home, file } = stateOf('offsets')
  flip(file, '1478', { at: 1, bit: 0 })
  expect(home.open()).toMatchObject({
    kind: 'set-aside',
    reason: expect.stringMatching(/the offsets in meta are not what was written/) as string,
  })
})

it('names a damaged row when it is read, where not all are checked at once', () => {
  const { file } = stateOf('read')
  flip(file, KEYS[1]!, { at: KEYS[1]!.length, bit: 3 })
  const store = new SqliteStore(file)
  try {
    expect(store.get(KEYS[0]!)?.sum).toBe(70_000)
    expect(() => store.get(KEYS[1]!)).toThrow(/the row of "B#p2#.* is not what was written/)
  } finally {
    store.close()
  }
})

it('finds a key that flipped in a large state only when asked to check every row', () => {
  const dirs = [path.join(root, 'large'), path.join(root, 'large-snapshots')] as const
  const home = new StateDirectory(...dirs)
  home.prepare()
  const store = home.create(LINEAGE)
  store.takeOwnership('opb.a.1')
  const count = CHECKED_AT_ONCE + 1
  const rows = Array.from({ length: count }, (_, i) => ({
    key: `A#p${i}#1694499960`,
    sum: i,
    count: 1,
    seq: 1,
    changelogOffset: i,
  }))
  const next = { nextInput: count, nextChangelog: count }
  store.apply({ owner: 'opb.a.1', expectedNextInput: 0, rows, next })
  store.close()
  foldWal(home.currentFile()!)
  const verifying = new StateDirectory(...dirs, { verify: true })
  const sound = verifying.open()
  expect(sound).toMatchObject({ kind: 'open', verified: count })
  if (sound.kind === 'open') sound.store.close()

  flip(home.currentFile()!, 'A#p77777#1694499960', { at: 'A#p77777#1694499960'.length - 1, bit: 0 })
  const believed = home.open()
  expect(believed.kind).toBe('open')
  if (believed.kind === 'open') believed.store.close()
  expect(verifying.open()).toMatchObject({
    kind: 'set-aside',
    reason: expect.stringMatching(/the row of "A#p77777#1694499961" is not what was written/) as string,
  })
})

it('opens a file of before there were checksums, and checks what it writes from then on', () => {
  const { home, file } = stateOf('former')
  const db = new Database(file)
  db.exec("ALTER TABLE state DROP COLUMN digest; DELETE FROM meta WHERE name = 'position_digest'")
  db.close()
  const opened = home.open()
  if (opened.kind !== 'open') throw new Error(JSON.stringify(opened))
  const { store } = opened
  expect(store.get(KEYS[1]!)?.sum).toBe(70_001)
  const rows = [{ key: KEYS[1]!, sum: 80_000, count: 4, seq: 4, changelogOffset: 1478 }]
  store.apply({ owner: 'opb.a.1', expectedNextInput: 3, rows, next: { nextInput: 4, nextChangelog: 1480 } })
  store.close()
  foldWal(file)
  flip(file, KEYS[1]!, { at: KEYS[1]!.length, bit: 3 })
  expect(home.open().kind).toBe('set-aside')
})
