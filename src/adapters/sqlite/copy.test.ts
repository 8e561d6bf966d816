/** A full copy, made through memory or page by page, is the same to whoever reads it. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { row, sampleLineage } from '../../core/ports/store.contract.ts'
import { copyAndDescribe } from './copy.ts'
import { hashFile } from './files.ts'
import { SqliteStore } from './store.ts'

let root: string
let store: SqliteStore
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'eoslab-copy-'))
  store = SqliteStore.create(path.join(root, 'state.db'), sampleLineage)
  store.takeOwnership('x')
  store.apply({
    owner: 'x',
    expectedNextInput: 0,
    rows: Array.from({ length: 2_500 }, (_, i) => row(`s#p${i}#0`, i, 1, i)),
    next: { nextInput: 2_500, nextChangelog: 2_501 },
  })
})
afterEach(() => {
  store.close()
  rmSync(root, { recursive: true, force: true })
})

it.each([
  ['through memory', undefined],
  ['page by page, as a state too large for memory', 8_192],
])('%s: what is told is what the file holds, all of it still in the write-ahead log', async (_, inMemory) => {
  const target = path.join(root, 'copy.db')
  let sizeAtMid = 0
  const told = await copyAndDescribe(
    { source: store.file, target },
    () => (sizeAtMid = new Database(target, { readonly: true }).prepare('SELECT 1 FROM state').all().length),
    inMemory,
  )
  expect(sizeAtMid).toBe(2_500)
  expect(told).toMatchObject({
    lineage: sampleLineage,
    position: { nextInput: 2_500, nextChangelog: 2_501 },
    keys: 2_500,
    stateHash: store.stateHash(),
    sha256: hashFile(target),
  })
  const copy = new Database(target)
  expect(copy.pragma('journal_mode', { simple: true })).toBe('delete')
  expect(copy.pragma('integrity_check', { simple: true })).toBe('ok')
  copy.close()
  expect(readdirSync(root).filter((name) => name.startsWith('copy'))).toEqual(['copy.db'])
})
