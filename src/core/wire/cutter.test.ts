import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FrameCutter, type FrameConsumer, type HeadSizes } from './cutter.ts'

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
function run(chunks: readonly Buffer[], heads: HeadSizes = { firstBytes: 8 }) {
  const held: string[] = []
  const asked: string[] = []
  const out: Buffer[] = []
  const cutter = new FrameCutter(
    {
      choose: (head, size) => {
        asked.push(`${head.toString('hex')} of ${size}`)
        if (head.length < Math.min(size, heads.moreBytes ?? 0) && head[4] !== 0) return 'more'
        return ((head[4] ?? 0) & 1) === 1 ? 'hold' : 'pass'
      },
      pass: (bytes) => out.push(bytes),
      frame: (bytes) => {
        held.push(bytes.toString('hex'))
        out.push(bytes)
      },
    },
    heads,
  )
  for (const chunk of chunks) cutter.push(chunk)
  return { held, asked, bytes: () => Buffer.concat(out), cutter }
}

const bodies = fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 20 })
const cuts = fc.array(fc.nat(2000), { maxLength: 40 })

describe('FrameCutter', () => {
  const sizes = fc.record({
    firstBytes: fc.integer({ min: 5, max: 70 }),
    moreBytes: fc.integer({ min: 0, max: 70 }),
  })

  test('any chopping gives the same frames, the same questions and the same bytes', () => {
    fc.assert(
      fc.property(bodies, cuts, sizes, (list, places, heads) => {
        const frames = list.map(frame)
        const bytes = Buffer.concat(frames)
        const seen = run(chop(bytes, places), heads)
        expect(seen.asked).toEqual(run(frames, heads).asked)
        const odd = frames.filter((f) => f.length > 4 && (f[4]! & 1) === 1)
        expect(seen.held).toEqual(odd.map((f) => f.toString('hex')))
        expect(seen.bytes().equals(bytes)).toBe(true)
        expect(seen.cutter.pending).toBe(0)
      }),
    )
  })

  test('a frame is asked about by its first bytes, and with more of them only on request', () => {
    const heads = { firstBytes: 6, moreBytes: 8 }
    const plain = frame(Buffer.from([0, 2, 3, 4, 5]))
    const curious = frame(Buffer.from([2, 2, 3, 4, 5]))
    const short = frame(Buffer.from([2, 2, 3]))
    for (const places of [[], [1, 2, 3, 7, 11, 14, 20]]) {
      expect(run(chop(Buffer.concat([plain, curious, short]), places), heads).asked).toEqual([
        '000000050002 of 9',
        '000000050202 of 9',
        '0000000502020304 of 9',
        '000000030202 of 7',
        '00000003020203 of 7',
      ])
    }
  })

  test('who always wants more is asked again once, if there is more, and then it passes', () => {
    const frames = [frame(Buffer.from([1, 2])), frame(Buffer.alloc(9, 7))]
    const bytes = Buffer.concat(frames)
    for (const places of [[], Array.from(bytes.keys())]) {
      const asked: number[] = []
      const out: Buffer[] = []
      const consumer: FrameConsumer = {
        // (Bounded, so that a cutter that asks for ever fails here instead of hanging.)
        choose: (head) => (asked.push(head.length) < 9 ? 'more' : 'pass'),
        pass: (piece) => out.push(piece),
        frame: () => undefined,
      }
      const cutter = new FrameCutter(consumer, { firstBytes: 6, moreBytes: 10 })
      for (const chunk of chop(bytes, places)) cutter.push(chunk)
      expect(asked).toEqual([6, 6, 10])
      expect(Buffer.concat(out).equals(bytes)).toBe(true)
    }
  })

  test('garbage neither throws nor loses a byte', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), cuts, sizes, (garbage, places, heads) => {
        const bytes = Buffer.from(garbage)
        const { bytes: out, cutter } = run(chop(bytes, places), heads)
        expect(out().length + cutter.pending).toBe(bytes.length)
        cutter.end()
        expect(out().equals(bytes)).toBe(true)
        expect(cutter.pending).toBe(0)
      }),
    )
  })

  test('a stream that is no Kafka is not stalled: little of it is ever kept back', () => {
    const hello = Buffer.from('1603010200010001fc0303', 'hex')
    expect(run([hello], { firstBytes: 8, moreBytes: 2048 }).bytes().equals(hello)).toBe(true)
  })

  test('a negative length turns the stream foreign: everything passes from there on', () => {
    const good = frame(Buffer.from([1, 2, 3]))
    const bad = Buffer.from('ffffffff010203', 'hex')
    const seen = run([good, bad, good])
    expect(seen.cutter.foreign).toBe(true)
    expect(seen.asked).toHaveLength(1)
    expect(seen.held).toHaveLength(1)
    expect(seen.bytes().equals(Buffer.concat([good, bad, good]))).toBe(true)
    expect(
      run(chop(bad, [1, 2, 3, 5]))
        .bytes()
        .equals(bad),
    ).toBe(true)
  })

  test('a chunk of many passing frames leaves as the very buffer that came', () => {
    const chunk = Buffer.concat(Array.from({ length: 100 }, () => frame(Buffer.from([2, 2, 2]))))
    const got: Buffer[] = []
    new FrameCutter(
      { choose: () => 'pass', pass: (b) => got.push(b), frame: () => undefined },
      { firstBytes: 8 },
    ).push(chunk)
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
      { firstBytes: 8, moreBytes: 2048 },
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
