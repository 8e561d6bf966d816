/**
 * The behaviour suite of the store port: whatever passes it may hold OpB's state.
 * It says nothing on durability; that is the adapter's own test.
 */
import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LabError } from '../errors.ts'
import type { StateStore, StoreLineage, StoreRow } from './store.ts'

export const sampleLineage: StoreLineage = {
  prefix: 'p1.',
  clusterId: 'cluster-1',
  inputTopicId: 'topic-in',
  changelogTopicId: 'topic-log',
  changelogMode: 'after-image',
  schemaVersion: 1,
  partition: 0,
  window: 60,
}

export const row = (key: string, sum: number, seq: number, changelogOffset = seq - 1): StoreRow => ({
  key,
  sum,
  count: seq,
  seq,
  changelogOffset,
})

const codeOf = (run: () => void): string | undefined => {
  try {
    run()
  } catch (error) {
    return error instanceof LabError ? error.code : `not a LabError: ${String(error)}`
  }
  return undefined
}

export function storeContract(name: string, open: (lineage: StoreLineage) => StateStore): void {
  describe(`store port: ${name}`, () => {
    let store: StateStore
    beforeEach(() => {
      store = open(sampleLineage)
      store.takeOwnership('opb.a.1')
    })
    afterEach(() => store.close())

    const fill = (): void =>
      store.apply({
        owner: 'opb.a.1',
        expectedNextInput: 0,
        rows: [row('B#p1#60', 70, 2), row('A#p1#60', 30_000, 3)],
        next: { nextInput: 5, nextChangelog: 6 },
      })

    it('begins empty, at offset 0, with the lineage it was made for', () => {
      expect(store.lineage).toEqual(sampleLineage)
      expect(store.position()).toEqual({ nextInput: 0, nextChangelog: 0 })
      expect(store.keyCount()).toBe(0)
      expect(store.get('A#p1#60')).toBeUndefined()
      expect([...store.rows()]).toEqual([])
    })

    it('applies rows and positions together', () => {
      fill()
      expect(store.get('A#p1#60')).toEqual({ key: 'A#p1#60', sum: 30_000, count: 3, seq: 3 })
      expect(store.position()).toEqual({ nextInput: 5, nextChangelog: 6 })
      expect(store.keyCount()).toBe(2)
    })

    it('replaces the row of a key', () => {
      fill()
      store.apply({
        owner: 'opb.a.1',
        expectedNextInput: 5,
        rows: [row('A#p1#60', 40_000, 4)],
        next: { nextInput: 6, nextChangelog: 8 },
      })
      expect(store.get('A#p1#60')?.sum).toBe(40_000)
      expect(store.keyCount()).toBe(2)
    })

    it('refuses a former owner and changes nothing', () => {
      fill()
      store.takeOwnership('opb.a.2')
      const code = codeOf(() =>
        store.apply({
          owner: 'opb.a.1',
          expectedNextInput: 5,
          rows: [row('A#p1#60', 1, 9)],
          next: { nextInput: 9, nextChangelog: 9 },
        }),
      )
      expect(code).toBe('OWNER_CHANGED')
      expect(store.get('A#p1#60')?.seq).toBe(3)
      expect(store.position().nextInput).toBe(5)
      expect(store.owner()).toBe('opb.a.2')
    })

    it('refuses anybody while nobody owns it', () => {
      const fresh = open({ ...sampleLineage, partition: 1 })
      const request = { owner: 'x', expectedNextInput: 0, rows: [], next: { nextInput: 1, nextChangelog: 1 } }
      expect(codeOf(() => fresh.apply(request))).toBe('OWNER_CHANGED')
      fresh.close()
    })

    it.each([4, 6])('refuses an expected input offset of %i where 5 is stored', (expectedNextInput) => {
      fill()
      const code = codeOf(() =>
        store.apply({
          owner: 'opb.a.1',
          expectedNextInput,
          rows: [row('A#p1#60', 1, 9)],
          next: { nextInput: 9, nextChangelog: 9 },
        }),
      )
      expect(code).toBe('RECOVERY_MISMATCH')
      expect(store.get('A#p1#60')?.seq).toBe(3)
      expect(store.position().nextInput).toBe(5)
    })

    it('keeps nothing of a batch whose rows throw halfway', () => {
      fill()
      function* torn(): Generator<StoreRow> {
        yield row('A#p1#60', 99, 4)
        throw new Error('torn')
      }
      const request = { owner: 'opb.a.1', expectedNextInput: 5, next: { nextInput: 6, nextChangelog: 8 } }
      expect(() => store.apply({ ...request, rows: torn() })).toThrow('torn')
      expect(store.get('A#p1#60')?.seq).toBe(3)
      expect(store.position()).toEqual({ nextInput: 5, nextChangelog: 6 })
      store.apply({ ...request, rows: [row('A#p1#60', 99, 4)] })
      expect(store.get('A#p1#60')?.seq).toBe(4)
    })

    it('keeps nothing of a batch that dies between rows and positions', () => {
      fill()
      const dies = (): void => {
        throw new Error('dead')
      }
      const request = { owner: 'opb.a.1', expectedNextInput: 5, next: { nextInput: 6, nextChangelog: 8 } }
      const rows = [row('A#p1#60', 99, 4)]
      expect(() => store.apply({ ...request, rows, mid: dies })).toThrow('dead')
      expect(store.get('A#p1#60')?.seq).toBe(3)
      expect(store.position()).toEqual({ nextInput: 5, nextChangelog: 6 })
    })

    it('sorts rows by their UTF-8 bytes, not by UTF-16 code units', () => {
      // U+FF61 is one code unit above the surrogates of U+1F600, yet its UTF-8 bytes come first.
      const keys = ['\u{1F600}#p#0', '\uFF61#p#0', 'b#p#0', 'B#p#0', 'a b#p#0', 'é#p#0']
      store.apply({
        owner: 'opb.a.1',
        expectedNextInput: 0,
        rows: keys.map((key, i) => row(key, i, 1, i)),
        next: { nextInput: 6, nextChangelog: 6 },
      })
      const sorted = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      expect([...store.rows()].map((r) => r.key)).toEqual(sorted)
      expect([...store.rows()].at(-1)?.changelogOffset).toBe(0)
    })

    it('hashes the lines key,sum,count,seq in that order of keys', () => {
      fill()
      const expected = createHash('sha256').update('A#p1#60,30000,3,3\nB#p1#60,70,2,2\n').digest('hex')
      expect(store.stateHash()).toBe(expected)
    })

    it('hashes any number of rows, whatever is in their keys', () => {
      const odd = ['\u0000#p#0', 'a\u0000b#p#0', 'é#p#0', '\u{1F600}#p#0', '%s\n#p#0']
      const keys = [...odd, ...Array.from({ length: 2_500 }, (_, i) => `s${i}#p#0`)]
      store.apply({
        owner: 'opb.a.1',
        expectedNextInput: 0,
        rows: keys.map((key, i) => row(key, i * 1_000_003, 1, i)),
        next: { nextInput: 1, nextChangelog: 1 },
      })
      const hash = createHash('sha256')
      for (const { key, sum, count, seq } of store.rows()) hash.update(`${key},${sum},${count},${seq}\n`)
      expect(store.stateHash()).toBe(hash.digest('hex'))
    })

    it('gives an empty state the hash of nothing', () => {
      expect(store.stateHash()).toBe(createHash('sha256').digest('hex'))
    })

    it('keeps money exact up to 2^53-1', () => {
      const sum = Number.MAX_SAFE_INTEGER
      store.apply({
        owner: 'opb.a.1',
        expectedNextInput: 0,
        rows: [row('A#p1#60', sum, 1)],
        next: { nextInput: sum, nextChangelog: sum },
      })
      expect(store.get('A#p1#60')?.sum).toBe(sum)
      expect(store.position()).toEqual({ nextInput: sum, nextChangelog: sum })
      expect(store.stateHash()).toBe(createHash('sha256').update(`A#p1#60,${sum},1,1\n`).digest('hex'))
    })
  })
}
