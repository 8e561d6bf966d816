import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, describe, expect, it } from 'vitest'
import { row, sampleLineage, storeContract } from '../../core/ports/store.contract.ts'
import { PRAGMAS, SqliteStore } from './store.ts'

const dir = mkdtempSync(path.join(tmpdir(), 'eoslab-store-'))
let n = 0
const fresh = (): string => path.join(dir, `${n++}.db`)
afterAll(() => rmSync(dir, { recursive: true, force: true }))

storeContract('SQLite', (lineage) => SqliteStore.create(fresh(), lineage))

const filled = (): SqliteStore => {
  const store = SqliteStore.create(fresh(), sampleLineage)
  store.takeOwnership('opb.a.1')
  store.apply({
    owner: 'opb.a.1',
    expectedNextInput: 0,
    rows: [row('b#p#0', Number.MAX_SAFE_INTEGER, 2), row('B#p#0', 7, 3), row('é#p#0', 8, 1)],
    next: { nextInput: 5, nextChangelog: 6 },
  })
  return store
}

describe('SQLite store', () => {
  it('keeps everything across close and open', () => {
    const store = filled()
    const hash = store.stateHash()
    store.close()
    const again = new SqliteStore(store.file)
    expect(again.stateHash()).toBe(hash)
    expect(again.position()).toEqual({ nextInput: 5, nextChangelog: 6 })
    expect(again.owner()).toBe('opb.a.1')
    expect(again.lineage).toEqual(sampleLineage)
    again.close()
  })

  it('stores integers as integers, so that the shell prints them as we hash them', () => {
    const store = filled()
    const lines = new Database(store.file, { readonly: true })
      .prepare<[], string>("SELECT key||','||sum||','||count||','||seq FROM state ORDER BY key")
      .pluck()
      .all()
    const hash = createHash('sha256')
      .update(lines.map((l) => `${l}\n`).join(''))
      .digest('hex')
    expect(hash).toBe(store.stateHash())
    store.close()
  })

  const shell = (() => {
    try {
      execFileSync('sqlite3', ['--version'])
      return true
    } catch {
      return false
    }
  })()
  it.runIf(shell)('has the hash that sqlite3 and sha256sum give', () => {
    const store = filled()
    const sql = "select key||','||sum||','||count||','||seq from state order by key"
    const out = execFileSync('bash', ['-c', `sqlite3 "$0" "$1" | sha256sum`, store.file, sql], {
      encoding: 'utf8',
    })
    expect(out.split(' ')[0]).toBe(store.stateHash())
    store.close()
  })

  it('bounds its write-ahead log, which a kill leaves behind and the next life reads', () => {
    const store = filled()
    const PAGE = 4096
    const bound = PRAGMAS.wal_autocheckpoint * PAGE
    const sizes: number[] = []
    // Until it has stopped growing: from then on it is written again from its beginning.
    while (sizes.length < 400 && !(sizes.length > 3 && sizes.at(-1) === sizes.at(-4))) {
      const { nextInput } = store.position()
      const first = sizes.length * 7919
      // Rows spread over the pages, so that a transaction writes about as many of them as it can.
      const rows = Array.from({ length: 2_000 }, (_, i) =>
        row(`s#p${(first + i * 104_729) % 100_000}#0`, i, 1),
      )
      const next = { nextInput: nextInput + 1, nextChangelog: nextInput + 1 }
      store.apply({ owner: 'opb.a.1', expectedNextInput: nextInput, rows, next })
      sizes.push(statSync(`${store.file}-wal`).size)
    }
    const longest = Math.max(...sizes)
    // One transaction may begin below the bound and end above it.
    expect(longest).toBeGreaterThan(bound * 0.9)
    expect(longest).toBeLessThan(bound + 2_100 * PAGE)
    store.close()
  }, 30_000)

  it('is fenced across connections: the owner row decides, not who opened first', () => {
    const zombie = filled()
    const heir = new SqliteStore(zombie.file)
    heir.takeOwnership('opb.a.2')
    const request = {
      expectedNextInput: 5,
      rows: [row('b#p#0', 1, 3)],
      next: { nextInput: 6, nextChangelog: 8 },
    }
    expect(() => zombie.apply({ ...request, owner: 'opb.a.1' })).toThrow(/belongs to opb\.a\.2/)
    heir.apply({ ...request, owner: 'opb.a.2' })
    expect(zombie.position().nextInput).toBe(6)
    zombie.close()
    heir.close()
  })
})
