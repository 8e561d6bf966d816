/**
 * The file of a partial snapshot: the rows changed since its base, framed.
 *
 *   "EOSPART1"
 *   frame   length u32 LE | kind u8 | encoding u8 | SHA-256 over (hash of the frame before, kind, encoding,
 *           payload) | payload
 *   H       JSON: who, on which base, from and to which positions
 *   R ...   JSON: key, sum, count, seq, changelog offset of up to ROWS rows, one after the other
 *   T       JSON: frames, rows, keys of the whole state
 *
 * Promises: a file that was cut, flipped or stitched together is refused with the place; nothing is handed
 * out of a frame before its hash agreed, and a file without its trailer is none.
 * Does not: apply anything, nor know whether the base is the right one (the chain's restorer does).
 */
import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'
import { zstdCompressSync, zstdDecompressSync, constants } from 'node:zlib'
import type { StoreLineage, StorePosition, StoreRow } from '../../core/ports/store.ts'

const MAGIC = Buffer.from('EOSPART1')
const HEAD = 4 + 1 + 1 + 32
const KIND = { header: 1, rows: 2, trailer: 3 } as const
const ENCODING = { plain: 0, zstd: 1 } as const
/** Rows per frame: large enough that its hash weighs nothing, small enough to pause nobody. */
export const ROWS = 500
/** No frame of ours comes near; a damaged length must not ask for memory. */
const MAX_PAYLOAD = 64 << 20

export interface PartialHeader {
  readonly version: 1
  readonly snapshotId: string
  readonly base: { readonly snapshotId: string; readonly sha256: string }
  readonly lineage: StoreLineage
  readonly from: StorePosition
  readonly to: StorePosition
}

export interface PartialTrailer {
  readonly frames: number
  readonly rows: number
  /** Rows of the whole state after this partial. */
  readonly keys: number
}

/** Makes the pieces of a file, in order: header(), rows() any number of times, trailer(). */
export class PartialEncoder {
  readonly #zstd: boolean
  #previous: Buffer = Buffer.alloc(32)
  #frames = 0
  #rows = 0

  constructor({ zstd }: { zstd: boolean }) {
    this.#zstd = zstd
  }

  header(header: PartialHeader): Buffer {
    return Buffer.concat([MAGIC, this.#frame(KIND.header, JSON.stringify(header), false)])
  }

  rows(rows: readonly StoreRow[]): Buffer {
    this.#rows += rows.length
    const flat = rows.flatMap((r) => [r.key, r.sum, r.count, r.seq, r.changelogOffset])
    return this.#frame(KIND.rows, JSON.stringify(flat), this.#zstd)
  }

  trailer(keys: number): Buffer {
    const trailer: PartialTrailer = { frames: this.#frames, rows: this.#rows, keys }
    return this.#frame(KIND.trailer, JSON.stringify(trailer), false)
  }

  #frame(kind: number, text: string, zstd: boolean): Buffer {
    const plain = Buffer.from(text)
    const payload = zstd
      ? zstdCompressSync(plain, { params: { [constants.ZSTD_c_compressionLevel]: 1 } })
      : plain
    const head = Buffer.alloc(HEAD)
    head.writeUInt32LE(payload.length, 0)
    head[4] = kind
    head[5] = zstd ? ENCODING.zstd : ENCODING.plain
    this.#previous = hashOf(this.#previous, head.subarray(4, 6), payload)
    this.#previous.copy(head, 6)
    this.#frames += 1
    return Buffer.concat([head, payload])
  }
}

const hashOf = (previous: Buffer, kinds: Buffer, payload: Buffer): Buffer =>
  createHash('sha256').update(previous).update(kinds).update(payload).digest()

/** What is wrong with a file; the caller says which snapshot it is. */
export class DamagedPartial extends Error {}

interface Frame {
  readonly kind: number
  readonly payload: Buffer
}

/** The header of a partial file; reads no more than that. */
export function readPartialHeader(file: string): PartialHeader {
  const frames = framesOf(file)
  try {
    return headerOf(frames.next().value)
  } finally {
    frames.return(undefined)
  }
}

/** Reads a whole file, handing over frame by frame. */
export function readPartial(
  file: string,
  on: { header: (header: PartialHeader) => void; rows: (rows: StoreRow[]) => void },
): PartialTrailer {
  const frames = framesOf(file)
  on.header(headerOf(frames.next().value))
  let rows = 0
  let seen = 1
  for (const frame of frames) {
    if (frame.kind === KIND.rows) {
      const read = rowsOf(frame)
      rows += read.length
      seen += 1
      on.rows(read)
      continue
    }
    if (frame.kind !== KIND.trailer)
      throw new DamagedPartial(`frame ${seen} has the unknown kind ${frame.kind}`)
    const trailer = JSON.parse(frame.payload.toString()) as PartialTrailer
    if (trailer.rows !== rows || trailer.frames !== seen)
      throw new DamagedPartial(
        `it holds ${rows} rows in ${seen} frames, its trailer says ${trailer.rows} in ${trailer.frames}`,
      )
    if (!frames.next().done) throw new DamagedPartial('something follows its trailer')
    return trailer
  }
  throw new DamagedPartial('it has no trailer: it was cut')
}

function headerOf(frame: Frame | undefined | void): PartialHeader {
  if (frame?.kind !== KIND.header) throw new DamagedPartial('its first frame is no header')
  const header = JSON.parse(frame.payload.toString()) as PartialHeader
  if (header.version !== 1) throw new DamagedPartial(`it has version ${String(header.version)}, 1 is known`)
  return header
}

function rowsOf(frame: Frame): StoreRow[] {
  const flat = JSON.parse(frame.payload.toString()) as (string | number)[]
  const rows: StoreRow[] = []
  for (let i = 0; i < flat.length; i += 5) {
    rows.push({
      key: flat[i] as string,
      sum: flat[i + 1] as number,
      count: flat[i + 2] as number,
      seq: flat[i + 3] as number,
      changelogOffset: flat[i + 4] as number,
    })
  }
  return rows
}

function* framesOf(file: string): Generator<Frame, undefined> {
  const fd = openSync(file, 'r')
  try {
    if (!read(fd, MAGIC.length)?.equals(MAGIC))
      throw new DamagedPartial('it does not begin as a partial does')
    let previous: Buffer = Buffer.alloc(32)
    for (let n = 0; ; n++) {
      const head = read(fd, HEAD)
      if (head === undefined) return undefined
      const length = head.length < HEAD ? MAX_PAYLOAD : head.readUInt32LE(0)
      const payload = length < MAX_PAYLOAD ? read(fd, length) : undefined
      if (!payload || payload.length < length) throw new DamagedPartial(`frame ${n} is cut`)
      previous = hashOf(previous, head.subarray(4, 6), payload)
      if (!previous.equals(head.subarray(6))) throw new DamagedPartial(`frame ${n} does not match its hash`)
      yield { kind: head[4]!, payload: head[5] === ENCODING.zstd ? zstdDecompressSync(payload) : payload }
    }
  } finally {
    closeSync(fd)
  }
}

/** Up to `length` bytes; undefined at the end of the file. */
function read(fd: number, length: number): Buffer | undefined {
  const buffer = Buffer.allocUnsafe(length)
  let filled = 0
  while (filled < length) {
    const n = readSync(fd, buffer, filled, length - filled, null)
    if (n === 0) break
    filled += n
  }
  return filled === 0 && length > 0 ? undefined : buffer.subarray(0, filled)
}
