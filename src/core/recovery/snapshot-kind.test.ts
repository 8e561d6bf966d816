import { expect, it } from 'vitest'
import type { SnapshotEntry } from '../contracts/records.ts'
import { chooseKind, worthTracking } from './snapshot-kind.ts'

const full = { snapshotId: 's1', kind: 'full', base: null, bytes: 1000, keys: 100 } as SnapshotEntry
const partial = (n: number, bytes: number): SnapshotEntry =>
  ({ snapshotId: `s${n}`, kind: 'partial', base: `s${n - 1}`, bytes, keys: 100 }) as SnapshotEntry

it('takes a full one when there is nothing whole to build on, or when asked to', () => {
  expect(chooseKind('auto', [])).toEqual({ kind: 'full' })
  expect(chooseKind('partial', [])).toEqual({ kind: 'full' })
  expect(chooseKind('auto', [partial(3, 10), full])).toEqual({ kind: 'full' })
  expect(chooseKind('full', [full])).toEqual({ kind: 'full' })
})

it('builds on the newest while the partials are below half of the full one', () => {
  expect(chooseKind('auto', [full])).toEqual({ kind: 'partial', base: full, maxRows: 50 })
  const known = [partial(3, 200), partial(2, 200), full]
  expect(chooseKind('auto', known)).toEqual({ kind: 'partial', base: known[0], maxRows: 10 })
})

it('merges at about half, and after 32 files however small they are', () => {
  expect(chooseKind('auto', [partial(2, 495), full])).toEqual({ kind: 'full' })
  const long = (links: number) => [
    ...Array.from({ length: links - 1 }, (_, i) => partial(links - i, 1)),
    full,
  ]
  expect(chooseKind('auto', long(31)).kind).toBe('partial')
  expect(chooseKind('auto', long(32)).kind).toBe('full')
  expect(chooseKind('partial', long(40))).toMatchObject({
    kind: 'partial',
    maxRows: Number.POSITIVE_INFINITY,
  })
})

it('keeps in memory what may still become a partial', () => {
  expect(worthTracking('full', 100)).toBe(0)
  expect(worthTracking('auto', 100)).toBe(50)
  expect(worthTracking('partial', 100)).toBe(Number.POSITIVE_INFINITY)
})
