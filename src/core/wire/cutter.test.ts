import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FrameCutter } from './cutter.ts'

const frame = (body: Uint8Array): Buffer => {
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length)
  return Buffer.concat([length, body])
}

/** Cuts bytes into chunks at the given places. */
const chop = (bytes: Buffer, cuts: readonly number[]): Buffer[] => {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return places.slice(1).map((end, i) => bytes.subarray(places[i], end))
}

/** Runs a stream through a cutter that holds the frames whose body begins with an odd byte. */
function run(chunks: readonly Buffer[], headBytes = 8) {
  const held: string[] = []
  const chosen: number[] = []
  const heads: string[] = []
  const out: Buffer[] = []
  const cutter = new FrameCutter(
    {
      choose: (head, size) => {
        chosen.push(size)
        heads.push(head.toString('hex'))
        return ((head[4] ?? 0) & 1) === 1 ? 'hold' : 'pass'
      },
      pass: (bytes) => out.push(bytes),
      frame: (bytes) => {
        held.push(bytes.toString('hex'))
        out.push(bytes)
      },
    },
    headBytes,
  )
  for (const chunk of chunks) cutter.push(chunk)
  return { held, chosen, heads, out: Buffer.concat(out), passes: out.length, cutter }
}

const bodies = fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 20 })
const cuts = fc.array(fc.nat(2000), { maxLength: 40 })

describe('FrameCutter', () => {
  test('any chopping gives the same frames and the same bytes', () => {
    fc.assert(
      fc.property(bodies, cuts, fc.integer({ min: 0, max: 70 }), (list, places, headBytes) => {
        const frames = list.map(frame)
        const bytes = Buffer.concat(frames)
        const seen = run(chop(bytes, places), headBytes)
        const head = Math.max(4, headBytes)
        expect(seen.chosen).toEqual(frames.map((f) => f.length))
        expect(seen.heads).toEqual(frames.map((f) => f.subarray(0, head).toString('hex')))
        const odd = frames.filter((f) => head > 4 && f.length > 4 && (f[4]! & 1) === 1)
        expect(seen.held).toEqual(odd.map((f) => f.toString('hex')))
        expect(seen.out.equals(bytes)).toBe(true)
        expect(seen.cutter.pending).toBe(0)
      }),
    )
  })

  test('garbage neither throws nor loses a byte that has left', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), cuts, (garbage, places) => {
        const bytes = Buffer.from(garbage)
        const { out, cutter } = run(chop(bytes, places))
        expect(Buffer.concat([out, bytes.subarray(bytes.length - cutter.pending)]).equals(bytes)).toBe(true)
      }),
    )
  })

  test('a negative length turns the stream foreign: everything passes from there on', () => {
    const good = frame(Buffer.from([1, 2, 3]))
    const bad = Buffer.from('ffffffff010203', 'hex')
    const seen = run([good, bad, good])
    expect(seen.cutter.foreign).toBe(true)
    expect(seen.chosen).toEqual([good.length])
    expect(seen.held).toHaveLength(1)
    expect(seen.out.equals(Buffer.concat([good, bad, good]))).toBe(true)
    expect(run(chop(bad, [1, 2, 3, 5])).out.equals(bad)).toBe(true)
  })

  test('a chunk of many passing frames leaves as the very buffer that came', () => {
    const chunk = Buffer.concat(Array.from({ length: 100 }, () => frame(Buffer.from([2, 2, 2]))))
    const got: Buffer[] = []
    new FrameCutter({ choose: () => 'pass', pass: (b) => got.push(b), frame: () => undefined }, 8).push(chunk)
    expect(got).toEqual([chunk])
    expect(got[0]).toBe(chunk)
  })

  test('a big frame streams through: nothing of it is kept after its head', () => {
    const size = 64 * 1024 * 1024
    const length = Buffer.alloc(4)
    length.writeInt32BE(size)
    let passed = 0
    const cutter = new FrameCutter(
      { choose: () => 'pass', pass: (b) => (passed += b.length), frame: () => undefined },
      2048,
    )
    cutter.push(length)
    const piece = Buffer.alloc(1024 * 1024)
    for (let i = 0; i < 64; i++) {
      cutter.push(piece)
      expect(cutter.pending).toBe(0)
    }
    expect(passed).toBe(size + 4)
  })
})
