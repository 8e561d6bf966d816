import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { StoreRow } from '../../core/ports/store.ts'
import { row, sampleLineage } from '../../core/ports/store.contract.ts'
import { DamagedPartial, PartialEncoder, readPartial, readPartialHeader } from './partial-file.ts'
import type { PartialHeader } from './partial-file.ts'

let dir: string
beforeEach(() => (dir = mkdtempSync(path.join(tmpdir(), 'eoslab-partial-'))))
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const header: PartialHeader = {
  version: 1,
  snapshotId: 's2',
  base: { snapshotId: 's1', sha256: '0'.repeat(64) },
  lineage: sampleLineage,
  from: { nextInput: 3, nextChangelog: 4 },
  to: { nextInput: 5, nextChangelog: 7 },
}
const rows = [row('a', -5, 1), row('comma,\n"\u{1F600}#p#0', 2 ** 53 - 1, 2), row('c', 0, 3)]

/** Its frames: the header, two of rows, the trailer. */
function pieces(zstd: boolean): Buffer[] {
  const encoder = new PartialEncoder({ zstd })
  return [
    encoder.header(header),
    encoder.rows(rows.slice(0, 2)),
    encoder.rows(rows.slice(2)),
    encoder.trailer(9),
  ]
}
const fileOf = (content: Buffer): string => {
  const file = path.join(dir, 'x.part')
  writeFileSync(file, content)
  return file
}
const readAll = (content: Buffer): { rows: StoreRow[]; keys: number } => {
  const found: StoreRow[] = []
  const { keys } = readPartial(fileOf(content), {
    header: () => {},
    rows: (some) => void found.push(...some),
  })
  return { rows: found, keys }
}

it.each([true, false])('reads back what was written (zstd %s)', (zstd) => {
  const content = Buffer.concat(pieces(zstd))
  expect(readAll(content)).toEqual({ rows, keys: 9 })
  expect(readPartialHeader(fileOf(content))).toEqual(header)
})

it('refuses every cut', () => {
  const content = Buffer.concat(pieces(true))
  for (let length = 0; length < content.length; length++)
    expect(() => readAll(content.subarray(0, length)), `${length} bytes`).toThrow(DamagedPartial)
})

it('refuses every flipped bit', () => {
  const content = Buffer.concat(pieces(true))
  for (let at = 0; at < content.length; at++) {
    const flipped = Buffer.from(content)
    flipped[at]! ^= 1 << (at % 8)
    expect(() => readAll(flipped), `byte ${at}`).toThrow(DamagedPartial)
  }
})

it('refuses frames that were left out, repeated, moved or added', () => {
  const [head, one, two, end] = pieces(false) as [Buffer, Buffer, Buffer, Buffer]
  for (const stitched of [
    [head, two, end],
    [head, one, one, two, end],
    [head, two, one, end],
    [one, two, end],
  ])
    expect(() => readAll(Buffer.concat(stitched))).toThrow(DamagedPartial)
  expect(() => readAll(Buffer.concat([head, one, two, end, Buffer.from('x')]))).toThrow(DamagedPartial)
  // A trailer of its own hash chain, of a file with one frame less.
  const other = new PartialEncoder({ zstd: false })
  other.header(header)
  const shorter = Buffer.concat([head, one, two, other.trailer(9)])
  expect(() => readAll(shorter)).toThrow(DamagedPartial)
  expect(readFileSync(fileOf(shorter)).length).toBe(shorter.length)
})
