/**
 * Reads the few primitive types of the Kafka protocol that the transaction APIs are made of.
 * Promises: reading past the end throws OutOfBytes (one preallocated value, for decoders to catch), never
 * anything else. Does not: read records or anything nested.
 */
export const OutOfBytes = new Error('the frame ended early')

export class FrameReader {
  readonly bytes: Buffer
  at: number

  constructor(bytes: Buffer, at: number) {
    this.bytes = bytes
    this.at = at
  }

  #advance(count: number): number {
    const from = this.at
    if (count < 0 || from + count > this.bytes.length) throw OutOfBytes
    this.at = from + count
    return from
  }

  skip(count: number): void {
    this.#advance(count)
  }

  int8(): number {
    return this.bytes.readInt8(this.#advance(1))
  }

  int16(): number {
    return this.bytes.readInt16BE(this.#advance(2))
  }

  int32(): number {
    return this.bytes.readInt32BE(this.#advance(4))
  }

  int64(): bigint {
    return this.bytes.readBigInt64BE(this.#advance(8))
  }

  uvarint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.bytes[this.#advance(1)]!
      value += (byte & 0x7f) * 2 ** shift
      if ((byte & 0x80) === 0) return value
    }
    throw OutOfBytes
  }

  /** STRING and NULLABLE_STRING, compact in flexible versions. */
  string(compact: boolean): string | null {
    const length = compact ? this.uvarint() - 1 : this.int16()
    if (length < 0) return null
    const from = this.#advance(length)
    return this.bytes.toString('utf8', from, from + length)
  }

  /** Number of elements of an array; -1 for null. */
  arrayLength(compact: boolean): number {
    return compact ? this.uvarint() - 1 : this.int32()
  }

  /** Tagged fields are skipped: none of them matters here. */
  tags(): void {
    const count = this.uvarint()
    for (let i = 0; i < count; i++) {
      this.uvarint()
      this.#advance(this.uvarint())
    }
  }
}
