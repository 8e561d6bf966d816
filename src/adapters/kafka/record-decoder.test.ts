/**
 * The record decoder of patches/, which spares BigInt and copies, against the released one: a batch that kafkajs
 * itself wrote is read the same by both, also where a number needs more than the short way.
 */
import { createRequire } from 'node:module'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'

interface BatchOptions {
  firstOffset: object
  firstTimestamp: number
  maxTimestamp: number
  transactional: boolean
  records: object[]
}
interface Decoded {
  records: object[]
}

const load = createRequire(import.meta.url)
const released = 'kafkajs-as-released'
const protocol = (name: string, file: string): unknown => load(`${name}/src/protocol/${file}.js`)
const encodeBatch = (protocol(released, 'recordBatch/v0/index') as { RecordBatch: unknown }).RecordBatch as (
  options: BatchOptions,
) => Promise<{ buffer: Buffer }>
const encodeRecord = protocol(released, 'recordBatch/record/v0/index') as (record: object) => object
const Long = load(`${released}/src/utils/long.js`) as { fromValue(value: string): object }
const decoded = (name: string, buffer: Buffer): Promise<Decoded> => {
  const Decoder = protocol(name, 'decoder') as new (buffer: Buffer) => object
  const decode = protocol(name, 'recordBatch/v0/decoder') as (decoder: object) => Promise<Decoded>
  return decode(new Decoder(buffer))
}

const bytes = fc.uint8Array({ maxLength: 300 }).map((b) => Buffer.from(b))
// The released one takes a header called `valueOf` for a repetition of what every object has.
const name = fc.string({ maxLength: 9 }).filter((text) => !(text in {}))
const record = fc.record({
  offsetDelta: fc.nat({ max: 2 ** 30 }),
  timestampDelta: fc.oneof(
    fc.integer({ min: -300, max: 300 }),
    fc.integer({ min: -(2 ** 45), max: 2 ** 45 }),
  ),
  key: fc.option(bytes),
  value: fc.option(bytes),
  headers: fc.dictionary(name, fc.oneof(bytes, fc.array(bytes, { minLength: 2 })), {
    noNullPrototype: true,
  }),
})

it('reads what the released decoder reads', async () => {
  const batch = fc.record({
    first: fc.oneof(fc.bigInt(0n, 1_000n), fc.bigInt(2n ** 53n - 2n ** 29n, 2n ** 54n)),
    records: fc.array(record, { minLength: 1, maxLength: 8 }),
  })
  await fc.assert(
    fc.asyncProperty(batch, async ({ first, records }) => {
      const { buffer } = await encodeBatch({
        firstOffset: Long.fromValue(String(first)),
        firstTimestamp: 1_757_671_200_000,
        maxTimestamp: 1_757_671_200_000,
        transactional: true,
        records: records.map(encodeRecord),
      })
      expect(await decoded('kafkajs', buffer)).toEqual(await decoded(released, buffer))
    }),
    { numRuns: 300 },
  )
})
