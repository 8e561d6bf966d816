import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { SqliteStore } from '../../adapters/sqlite/store.ts'
import { HEADER } from '../contracts/headers.ts'
import type { LogRecord } from '../ports/log.ts'
import { MemoryStore } from '../ports/memory-store.ts'
import { sampleLineage } from '../ports/store.contract.ts'
import type { StateStore } from '../ports/store.ts'
import { noCounts, Replay } from './replay.ts'

const record = (offset: number, key: string, seq: number): LogRecord => ({
  partition: 0,
  offset,
  timestamp: 0,
  key: Buffer.from(key),
  value: Buffer.from(JSON.stringify({ key, seq, delta: 10, ts: 1, sum: seq * 10, count: seq })),
  headers: { [HEADER.inputNext]: String(offset + 1) },
  bytes: 100,
})

/** `size` records a fetch, applied as soon as a chunk has `chunkBytes`. */
function replayed(
  store: StateStore,
  records: readonly LogRecord[],
  { size, chunkBytes }: { size: number; chunkBytes: number },
) {
  const counts = noCounts()
  store.takeOwnership('x')
  const replay = new Replay(store, { topic: 't', owner: 'x', mode: 'after-image', chunkBytes }, counts)
  for (let at = 0; at < records.length; at += size) {
    const some = records.slice(at, at + size)
    replay.take({ records: some, nextOffset: some.at(-1)!.offset + 1 })
  }
  replay.flush()
  return { counts, rows: [...store.rows()], position: store.position() }
}

it('counts and leaves the same whether rows are written if newer, or each is asked for first', () => {
  const root = mkdtempSync(path.join(tmpdir(), 'eoslab-replay-'))
  let n = 0
  // Updates in order, and between them repeats of what was there before: what an overlap looks like.
  const log = fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c', 'é'), again: fc.nat({ max: 3 }) }), {
    maxLength: 60,
  })
  fc.assert(
    fc.property(log, fc.integer({ min: 1, max: 20 }), fc.nat({ max: 900 }), (entries, size, chunkBytes) => {
      const seqs = new Map<string, number>()
      const records = entries.map(({ key, again }, offset) => {
        const seen = seqs.get(key) ?? 0
        const seq = again > 1 && seen > 0 ? Math.max(1, seen - again + 2) : seen + 1
        seqs.set(key, Math.max(seen, seq))
        return record(offset, key, seq)
      })
      const sqlite = SqliteStore.create(path.join(root, `${n++}.db`), sampleLineage)
      const asked = replayed(new MemoryStore(sampleLineage), records, { size, chunkBytes })
      expect(replayed(sqlite, records, { size, chunkBytes })).toEqual(asked)
      sqlite.close()
    }),
    { numRuns: 40 },
  )
  rmSync(root, { recursive: true, force: true })
})

it('leaves out a row that is not newer, and says what was stored for it', () => {
  const root = mkdtempSync(path.join(tmpdir(), 'eoslab-replay-'))
  const store = SqliteStore.create(path.join(root, 's.db'), sampleLineage)
  store.takeOwnership('x')
  const row = (key: string, seq: number, above = seq) => ({
    key,
    sum: seq,
    count: seq,
    seq,
    changelogOffset: seq,
    above,
  })
  const request = { owner: 'x', expectedNextInput: 0, next: { nextInput: 0, nextChangelog: 5 } }
  expect(store.applyIfNewer({ ...request, rows: [row('a', 2), row('b', 3)] })).toEqual(new Map())
  const next = { nextInput: 0, nextChangelog: 9 }
  // a repeats what is there, b's three changes repeat two of it, c is new.
  const held = store.applyIfNewer({ ...request, next, rows: [row('a', 2), row('b', 4, 2), row('c', 1)] })
  expect(held).toEqual(
    new Map([
      ['a', 2],
      ['b', 3],
    ]),
  )
  expect(['a', 'b', 'c'].map((key) => store.get(key)?.seq)).toEqual([2, 4, 1])
  expect(store.position()).toEqual(next)
  expect(() => store.applyIfNewer({ ...request, owner: 'y', rows: [] })).toThrow(/belongs to x/)
  store.close()
  rmSync(root, { recursive: true, force: true })
})

it('applies as soon as the first records of its keys fill a chunk, or all records four', () => {
  const applied = (keyOf: (i: number) => string): number[] => {
    const root = mkdtempSync(path.join(tmpdir(), 'eoslab-replay-'))
    const store = SqliteStore.create(path.join(root, 's.db'), sampleLineage)
    store.takeOwnership('x')
    const of = { topic: 't', owner: 'x', mode: 'after-image', chunkBytes: 1_000 } as const
    const replay = new Replay(store, of, noCounts())
    const seqs = new Map<string, number>()
    const at: number[] = []
    for (let i = 0; i < 100; i++) {
      const seq = (seqs.get(keyOf(i)) ?? 0) + 1
      seqs.set(keyOf(i), seq)
      if (replay.take({ records: [record(i, keyOf(i), seq)], nextOffset: i + 1 })) at.push(i + 1)
    }
    store.close()
    rmSync(root, { recursive: true, force: true })
    return at
  }
  expect(applied((i) => `k${i}`)).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 90, 100])
  // One key is written three times at most, where it was ten times.
  expect(applied(() => 'k')).toEqual([40, 80])
})
