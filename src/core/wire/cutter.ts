/**
 * Cuts one direction of a TCP stream into Kafka frames (a 4-byte length, then that many bytes).
 *
 * Promises: every byte comes out once and in order, either passed through as it arrived (uncopied, however
 * big the frame) or as one whole held frame; the work per byte is constant however the stream is chopped;
 * nothing that a peer sends makes it throw. A negative length is no Kafka: from there on everything passes.
 * Nothing is kept back that a few first bytes show to be of no interest, so a stream that is no Kafka at all
 * (TLS, say) isn't stalled either. Does not: know what a frame means; the consumer decides by its head.
 */

/** The consumer of a stream's frames. Heads and pieces are views of the network buffers: copy what you keep. */
export interface FrameConsumer {
  /**
   * Asked once the first `firstBytes` of a frame (or all of it) are there. `more`: ask again with up to
   * `moreBytes`; as the answer to all that there will be it means `pass`.
   */
  choose(head: Buffer, size: number): Choice
  /** Bytes to forward: a piece of a frame, or several frames in a row. */
  pass(bytes: Buffer): void
  /** A held frame, whole, its length included. */
  frame(bytes: Buffer): void
}

export type Choice = 'pass' | 'hold' | 'more'

export interface HeadSizes {
  readonly firstBytes: number
  readonly moreBytes?: number
}

const LENGTH_BYTES = 4

export class FrameCutter {
  /** True once the stream turned out not to be Kafka. */
  foreign = false
  readonly #consumer: FrameConsumer
  readonly #firstBytes: number
  readonly #moreBytes: number
  /** Bytes kept back: the beginning of an undecided or held frame, in pieces. */
  #kept: Buffer[] = []
  #keptBytes = 0
  /** Bytes that must be kept before the next decision. */
  #wanted = LENGTH_BYTES
  /** Size of the frame at hand, length included; 0 until the length is known. */
  #size = 0
  #holding = false
  /** Bytes of a passing frame that have yet to come. */
  #passing = 0

  constructor(consumer: FrameConsumer, heads: HeadSizes) {
    this.#consumer = consumer
    this.#firstBytes = Math.max(LENGTH_BYTES, heads.firstBytes)
    this.#moreBytes = Math.max(this.#firstBytes, heads.moreBytes ?? 0)
  }

  /** Bytes of an unfinished frame that are kept back. */
  get pending(): number {
    return this.#keptBytes
  }

  /** The stream has ended: what was kept back leaves as it is. */
  end(): void {
    if (this.#keptBytes > 0) this.#release()
  }

  push(chunk: Buffer): void {
    let at = 0
    // Passing bytes are gathered into runs, so that a chunk of many small frames is one write.
    let runFrom = 0
    while (at < chunk.length) {
      if (this.foreign) {
        at = chunk.length
        continue
      }
      if (this.#passing > 0) {
        const step = Math.min(this.#passing, chunk.length - at)
        this.#passing -= step
        at += step
        continue
      }
      if (this.#keptBytes === 0 && this.#skipWhole(chunk, at)) continue
      // A frame that needs deciding: what came before it leaves first.
      this.#flush(chunk, runFrom, at)
      at = this.#keep(chunk, at)
      runFrom = at
    }
    this.#flush(chunk, runFrom, at)
  }

  /** The common case: head within the chunk and the frame passes. Then nothing is copied or kept. */
  #skipWhole(chunk: Buffer, at: number): boolean {
    const rest = chunk.length - at
    if (rest < LENGTH_BYTES) return false
    const length = chunk.readInt32BE(at)
    if (length < 0) {
      this.foreign = true
      return true
    }
    const size = length + LENGTH_BYTES
    for (const bytes of [this.#firstBytes, this.#moreBytes]) {
      const head = Math.min(size, bytes)
      if (rest < head) return this.#await(size, head)
      const choice = this.#consumer.choose(chunk.subarray(at, at + head), size)
      if (choice === 'hold') {
        this.#holding = true
        return this.#await(size, size)
      }
      if (choice === 'pass' || head === size || bytes === this.#moreBytes) break
    }
    this.#passing = size
    return true
  }

  /** The frame at hand has to be kept until that many of its bytes are there. */
  #await(size: number, wanted: number): false {
    this.#size = size
    this.#wanted = wanted
    return false
  }

  /** Keeps bytes back until the wanted number is there, then decides. Returns the new position. */
  #keep(chunk: Buffer, at: number): number {
    const take = Math.min(this.#wanted - this.#keptBytes, chunk.length - at)
    this.#kept.push(chunk.subarray(at, at + take))
    this.#keptBytes += take
    // Even an empty frame (length 0) is decided here, so a wanted count that is already met must not wait.
    while (this.#keptBytes > 0 && this.#keptBytes === this.#wanted) this.#decide()
    return at + take
  }

  #decide(): void {
    if (this.#size === 0) {
      const length = this.#joined().readInt32BE(0)
      if (length < 0) {
        this.foreign = true
        this.#release()
        return
      }
      this.#size = length + LENGTH_BYTES
      this.#wanted = Math.min(this.#size, this.#firstBytes)
      if (this.#wanted > this.#keptBytes) return
    }
    const choice = this.#holding ? 'hold' : this.#consumer.choose(this.#joined(), this.#size)
    const most = Math.min(this.#size, this.#moreBytes)
    if (choice === 'more' && this.#keptBytes < most) {
      this.#wanted = most
      return
    }
    if (choice !== 'hold') {
      this.#passing = this.#size - this.#keptBytes
      this.#release()
      return
    }
    this.#holding = true
    this.#wanted = this.#size
    if (this.#keptBytes < this.#size) return
    const whole = this.#joined()
    this.#reset()
    this.#consumer.frame(whole)
  }

  #release(): void {
    const bytes = this.#joined()
    this.#reset()
    this.#consumer.pass(bytes)
  }

  #reset(): void {
    this.#kept = []
    this.#keptBytes = 0
    this.#wanted = LENGTH_BYTES
    this.#size = 0
    this.#holding = false
  }

  /** One buffer of all kept pieces. Joined at most four times a frame: length, first head, more, whole. */
  #joined(): Buffer {
    if (this.#kept.length !== 1) this.#kept = [Buffer.concat(this.#kept, this.#keptBytes)]
    return this.#kept[0]!
  }

  #flush(chunk: Buffer, from: number, to: number): void {
    if (to > from) this.#consumer.pass(from === 0 && to === chunk.length ? chunk : chunk.subarray(from, to))
  }
}
