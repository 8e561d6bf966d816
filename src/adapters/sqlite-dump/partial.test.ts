/** The oracle's reader of partial snapshots against files of the real writer. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { PartialEncoder } from '../sqlite/partial-file.ts'
import { readPartialContent } from './partial.ts'

const root = mkdtempSync(path.join(tmpdir(), 'eoslab-partial-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const [from, to] = [
  { nextInput: 2, nextChangelog: 3 },
  { nextInput: 8, nextChangelog: 11 },
]
const base = { snapshotId: 's1', sha256: 'aa' }
const rows = Array.from({ length: 3 }, (_, n) => ({ key: `k#é#${n}`, sum: n * 10, count: n + 1, seq: n + 1 }))

function written(zstd: boolean): string {
  const encoder = new PartialEncoder({ zstd })
  const lineage = {
    prefix: 't.',
    clusterId: 'c',
    inputTopicId: 'i',
    changelogTopicId: 'l',
    changelogMode: 'after-image',
    schemaVersion: 1,
    partition: 0,
    window: 60,
  } as const
  const header = encoder.header({ version: 1, snapshotId: 's2', base, lineage, from, to })
  const stored = rows.map((row) => ({ ...row, changelogOffset: 5 }))
  const frames = [header, encoder.rows(stored.slice(0, 2)), encoder.rows(stored.slice(2)), encoder.trailer(9)]
  const file = path.join(root, `${zstd}.part`)
  writeFileSync(file, Buffer.concat(frames))
  return file
}

describe('a partial snapshot', () => {
  it.each([true, false])('is read as it was written (zstd: %s)', (zstd) => {
    expect(readPartialContent(written(zstd))).toEqual({ base, from, ...to, rows, keys: 9 })
  })

  it('is refused wherever a byte is flipped or the file is cut', () => {
    const file = written(false)
    const whole = readFileSync(file)
    for (let at = 0; at < whole.length; at += 7) {
      const flipped = Buffer.from(whole)
      flipped[at]! ^= 1
      writeFileSync(file, flipped)
      expect(() => readPartialContent(file), `byte ${at}`).toThrow()
      writeFileSync(file, whole.subarray(0, at))
      expect(() => readPartialContent(file), `cut at ${at}`).toThrow()
    }
  })
})
