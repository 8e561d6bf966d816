/**
 * The oracle's own reader of partial snapshots, after the format's description;
 * it shares no code with what writes and restores them.
 *
 *   "EOSPART1", then frames: length u32 LE | kind u8 | encoding u8 | SHA-256 | payload
 *
 * Promises: every frame's hash, over the hash before it, kind, encoding and payload, has agreed, and the
 * trailer counts what was read; else an error that says what is wrong.
 * Does not: know whether the base is the right one; the oracle's checks do.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { zstdDecompressSync } from 'node:zlib'
import type { StateRow } from '../../core/contracts/records.ts'
import type { PartialContent } from '../../core/oracle/input.ts'

const MAGIC = 'EOSPART1'
const HASH = 32
const KIND = ['', 'header', 'rows', 'trailer']
const FIELDS = 5

interface Frame {
  readonly kind: string
  readonly json: unknown
}

interface Header {
  readonly version: number
  readonly base: PartialContent['base']
  readonly from: PartialContent['from']
  readonly to: PartialContent['from']
}

function* framesOf(file: Buffer): Generator<Frame> {
  if (file.toString('latin1', 0, MAGIC.length) !== MAGIC)
    throw new Error('it does not begin as a partial does')
  let before: Buffer = Buffer.alloc(HASH)
  for (let at = MAGIC.length, n = 0; at < file.length; n++) {
    const start = at + 6 + HASH
    const end = start <= file.length ? start + file.readUInt32LE(at) : Infinity
    if (end > file.length) throw new Error(`frame ${n} is cut`)
    const kinds = file.subarray(at + 4, at + 6)
    const payload = file.subarray(start, end)
    before = createHash('sha256').update(before).update(kinds).update(payload).digest()
    if (!before.equals(file.subarray(at + 6, start))) throw new Error(`frame ${n} does not match its hash`)
    const plain = kinds[1] === 1 ? zstdDecompressSync(payload) : payload
    yield { kind: KIND[kinds[0]!] ?? '', json: JSON.parse(plain.toString('utf8')) }
    at = end
  }
}

function rowsOf(flat: readonly (string | number)[]): StateRow[] {
  return Array.from({ length: flat.length / FIELDS }, (_, i) => {
    const [key, sum, count, seq] = flat.slice(i * FIELDS, (i + 1) * FIELDS)
    return { key, sum, count, seq } as StateRow
  })
}

export function readPartialContent(file: string): PartialContent {
  const [first, ...rest] = framesOf(readFileSync(file))
  const last = rest.pop()
  if (first?.kind !== 'header') throw new Error('its first frame is no header')
  const { version, base, from, to } = first.json as Header
  if (version !== 1) throw new Error(`it has version ${version}, 1 is known`)
  const rows = rest.flatMap(({ kind, json }, i) => {
    if (kind !== 'rows') throw new Error(`frame ${i + 1} is no frame of rows`)
    return rowsOf(json as (string | number)[])
  })
  if (last?.kind !== 'trailer') throw new Error('it has no trailer: it was cut')
  const trailer = last.json as { frames: number; rows: number; keys: number }
  if (trailer.rows !== rows.length || trailer.frames !== rest.length + 1) {
    throw new Error(`it holds ${rows.length} rows, its trailer says ${trailer.rows}`)
  }
  return { base, from, rows, keys: trailer.keys, nextInput: to.nextInput, nextChangelog: to.nextChangelog }
}
