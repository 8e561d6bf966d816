import { describe, expect, it } from 'vitest'
import type { Manifest, SnapshotEntry } from '../contracts/records.ts'
import { chainOf, decodeManifest, encodeManifest, entriesOf, nextManifest } from './manifest.ts'

const hash = 'a'.repeat(64)
const entry = (snapshotId: string, over: Partial<SnapshotEntry> = {}): SnapshotEntry => ({
  snapshotId,
  lastChangelogOffset: 41,
  createdAt: 1_757_671_200,
  partition: 0,
  kind: 'full',
  base: null,
  path: `${snapshotId}.full.db`,
  bytes: 9000,
  sha256: hash,
  keys: 3,
  nextInputOffset: 42,
  stateHash: hash,
  changelogMode: 'after-image',
  schemaVersion: 1,
  clusterId: 'c',
  inputTopicId: 'i',
  changelogTopicId: 'l',
  ...over,
})
const manifest: Manifest = { ...entry('s2'), retained: [entry('s1')] }

describe('a manifest', () => {
  it('reads back as it was written, extra fields aside', () => {
    expect(decodeManifest(encodeManifest(manifest))).toEqual({ ok: true, manifest })
    const extra = { ...manifest, more: 1, retained: [{ ...entry('s1'), more: 1 }] }
    expect(decodeManifest(Buffer.from(JSON.stringify(extra)))).toEqual({ ok: true, manifest })
  })

  it.each([
    ['no value', null, 'it is empty'],
    ['no JSON', '{', 'it is no JSON'],
    ['a list', '[]', 'snapshotId is missing'],
    ['null', 'null', 'it is no object'],
    ['a field of another type', JSON.stringify({ ...manifest, bytes: '9' }), 'bytes is "9"'],
    [
      'an offset that is no integer',
      JSON.stringify({ ...manifest, nextInputOffset: 1.5 }),
      'nextInputOffset is 1.5',
    ],
    [
      'a path out of its directory',
      JSON.stringify({ ...manifest, path: '../../etc/x' }),
      'path is "../../etc/x"',
    ],
    [
      'a later schema',
      JSON.stringify({ ...manifest, schemaVersion: 2 }),
      'it has schema version 2, this eoslab reads 1',
    ],
    ['nothing retained', JSON.stringify({ ...manifest, retained: undefined }), 'retained is no list'],
    [
      'half an entry retained',
      JSON.stringify({ ...manifest, retained: [{}] }),
      'retained: snapshotId is missing',
    ],
  ])('is refused with %s', (_, value, reason) => {
    expect(decodeManifest(value)).toEqual({ ok: false, reason })
  })

  it('names itself first, then what it retains, each once', () => {
    const doubled = { ...manifest, retained: [entry('s2'), entry('s1'), entry('s1')] }
    expect(entriesOf(doubled).map((e) => e.snapshotId)).toEqual(['s2', 's1'])
  })
})

describe('the next manifest', () => {
  const ids = (m: Manifest): string[] => m.retained.map((e) => e.snapshotId)

  it('retains as many as asked for, itself included, and at least itself', () => {
    const known = [entry('s3'), entry('s2'), entry('s1')]
    expect(ids(nextManifest(entry('s4'), known, 3))).toEqual(['s3', 's2'])
    expect(ids(nextManifest(entry('s4'), known, 1))).toEqual([])
    expect(ids(nextManifest(entry('s4'), known, 0))).toEqual([])
    expect(ids(nextManifest(entry('s3'), known, 2))).toEqual(['s2'])
  })

  it('keeps the whole chain of every partial that it retains', () => {
    const full = entry('f1')
    const first = entry('p1', { kind: 'partial', base: 'f1' })
    const second = entry('p2', { kind: 'partial', base: 'p1' })
    expect(ids(nextManifest(second, [first, entry('x'), full], 1))).toEqual(['p1', 'f1'])
    expect(chainOf(second, [second, first, full])?.map((e) => e.snapshotId)).toEqual(['f1', 'p1', 'p2'])
    expect(chainOf(second, [second, full])).toBeUndefined()
  })

  it('has no chain for partials that lean on each other', () => {
    const a = entry('a', { kind: 'partial', base: 'b' })
    const b = entry('b', { kind: 'partial', base: 'a' })
    expect(chainOf(a, [a, b])).toBeUndefined()
  })
})
