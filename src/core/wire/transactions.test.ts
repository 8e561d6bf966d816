/**
 * The decoders against the encoders of two real clients, version by version, so that neither side of the
 * comparison is ours. (kafkajs speaks the old forms, platformatic the flexible ones.)
 */
import { createRequire } from 'node:module'
import path from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  API_KEY,
  correlationOf,
  decodeRequestHeader,
  decodeTransactionRequest,
  decodeTransactionResponse,
  HEAD_BYTES,
  transactionApi,
} from './transactions.ts'
import type { TransactionApi } from './transactions.ts'

const require = createRequire(import.meta.url)

async function kafkajsFrame(name: string, version: number, args: object): Promise<Buffer> {
  const { protocol } = require(`kafkajs/src/protocol/requests/${name}`) as {
    protocol: (o: { version: number }) => (args: object) => { request: object }
  }
  const encode = require('kafkajs/src/protocol/request') as (o: object) => Promise<{ buffer: Buffer }>
  const { request } = protocol({ version })(args)
  return (await encode({ request, correlationId: 7, clientId: 'worker' })).buffer
}

/** Body by platformatic's writer below a flexible request header (with one tagged field, to be skipped). */
async function platformaticFrame(
  api: TransactionApi,
  version: number,
  args: readonly unknown[],
): Promise<Buffer> {
  const home = path.dirname(require.resolve('@platformatic/kafka'))
  const name = api.replace(/(?!^)([A-Z])/g, '-$1').toLowerCase()
  const file = path.join(home, `apis/producer/${name}-v${version}.js`)
  const { createRequest } = (await import(file)) as {
    createRequest: (...a: readonly unknown[]) => { buffer: Buffer }
  }
  const header = Buffer.from([
    0,
    API_KEY[api],
    0,
    version,
    0,
    0,
    0,
    9,
    0,
    6,
    ...Buffer.from('worker'),
    1,
    5,
    2,
    170,
    187,
  ])
  const body = Buffer.concat([header, createRequest(...args).buffer])
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length)
  return Buffer.concat([length, body])
}

const TX = 'p1.opb-0'
const who = { transactionalId: TX, producerId: '4000000001', producerEpoch: 3 }
const topics = [{ topic: 't', partitions: [0] }]
const batch = {
  acks: -1,
  timeout: 1000,
  topicData: [
    { topic: 't', partitions: [{ partition: 0, firstSequence: 0, messages: [{ key: 'k', value: 'v' }] }] },
  ],
}
const pid = 4_000_000_001n
const seen = { transactionalId: TX, producerId: '4000000001', epoch: 3, clientId: 'worker' }

describe('requests as kafkajs writes them', () => {
  const cases: readonly (readonly [TransactionApi, number, object, object])[] = [
    ...[0, 1].flatMap((v) => [
      ['EndTxn', v, { ...who, transactionResult: true }, { ...seen, commit: true }] as const,
      ['EndTxn', v, { ...who, transactionResult: false }, { ...seen, commit: false }] as const,
      ['AddPartitionsToTxn', v, { ...who, topics }, seen] as const,
      ['AddOffsetsToTxn', v, { ...who, groupId: 'g' }, { ...seen, group: 'g' }] as const,
      ['TxnOffsetCommit', v, { ...who, groupId: 'g', topics: [] }, { ...seen, group: 'g' }] as const,
      [
        'InitProducerId',
        v,
        { transactionalId: TX, transactionTimeout: 10_000 },
        { transactionalId: TX, producerId: null, epoch: null, timeoutMs: 10_000 },
      ] as const,
    ]),
    ...[3, 5, 7].map((v) => ['Produce', v, { ...batch, ...who }, { ...seen, answered: true }] as const),
    [
      'Produce',
      7,
      { ...batch, acks: 0 },
      { transactionalId: null, producerId: null, epoch: null, answered: false },
    ],
  ]
  test.each(cases)('%s v%i', async (api, version, args, expected) => {
    const frame = await kafkajsFrame(api[0]!.toLowerCase() + api.slice(1), version, args)
    expect(decodeTransactionRequest(frame)).toMatchObject({
      api,
      apiVersion: version,
      correlationId: 7,
      apiKey: API_KEY[api],
      ...expected,
    })
  })
})

describe('requests as platformatic writes them', () => {
  const transaction = {
    transactionalId: TX,
    producerId: pid,
    producerEpoch: 3,
    verifyOnly: false,
    topics: [],
  }
  const records = [{ topic: 't', partition: 0, key: Buffer.from('k'), value: Buffer.from('v') }]
  const options = { transactionalId: TX, producerId: pid, producerEpoch: 3 }
  const cases: readonly (readonly [TransactionApi, number, readonly unknown[], object])[] = [
    ...[3, 4].map((v) => ['EndTxn', v, [TX, pid, 3, true], { ...seen, commit: true }] as const),
    ...[3, 4, 5].map((v) => ['AddPartitionsToTxn', v, [[transaction]], seen] as const),
    ...[3, 4].map((v) => ['AddOffsetsToTxn', v, [TX, pid, 3, 'g'], { ...seen, group: 'g' }] as const),
    ...[3, 4].map(
      (v) => ['TxnOffsetCommit', v, [TX, 'g', pid, 3, 1, 'm', null, []], { ...seen, group: 'g' }] as const,
    ),
    ...[3, 5].map(
      (v) => ['InitProducerId', v, [TX, 10_000, pid, 3], { ...seen, timeoutMs: 10_000 }] as const,
    ),
    ['InitProducerId', 5, [TX, 10_000, -1n, -1], { transactionalId: TX, producerId: null, epoch: null }],
    ...[9, 11].map((v) => ['Produce', v, [-1, 1000, records, options], seen] as const),
  ]
  test.each(cases)('%s v%i', async (api, version, args, expected) => {
    const frame = await platformaticFrame(api, version, args)
    expect(decodeTransactionRequest(frame)).toMatchObject({
      api,
      apiVersion: version,
      correlationId: 9,
      ...expected,
    })
  })

  test('EndTxn v5, which no client sends yet, has the body of v4', async () => {
    const frame = await platformaticFrame('EndTxn', 4, [TX, pid, 3, true])
    frame.writeInt16BE(5, 6)
    expect(decodeTransactionRequest(frame)).toMatchObject({ ...seen, apiVersion: 5, commit: true })
  })
})

const hex = (text: string): Buffer => {
  const body = Buffer.from(text.replaceAll(' ', ''), 'hex')
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length)
  return Buffer.concat([length, body])
}

describe('answers', () => {
  test.each([
    ['EndTxn', 1, '00000007 00000000 0000', { errorCode: 0, producerId: null, epoch: null }],
    ['EndTxn', 1, '00000007 00000000 0033', { errorCode: 51 }],
    ['EndTxn', 4, '00000007 00 00000000 002f 00', { errorCode: 47, producerId: null }],
    [
      'EndTxn',
      5,
      '00000007 00 00000000 0000 0000000000000008 0004 00',
      { errorCode: 0, producerId: '8', epoch: 4 },
    ],
    [
      'InitProducerId',
      1,
      '00000007 00000000 0000 0000000000000008 0004',
      { errorCode: 0, producerId: '8', epoch: 4 },
    ],
    [
      'InitProducerId',
      2,
      '00000007 00 00000000 0000 0000000000000008 0004 00',
      { errorCode: 0, producerId: '8', epoch: 4 },
    ],
    [
      'InitProducerId',
      5,
      '00000007 00 00000000 0033 ffffffffffffffff ffff 00',
      { errorCode: 51, producerId: null },
    ],
  ] as const)('%s v%i %s', (api, apiVersion, text, expected) => {
    const frame = hex(text)
    expect(correlationOf(frame)).toBe(7)
    expect(decodeTransactionResponse({ api, apiVersion }, frame)).toMatchObject(expected)
  })

  test('a cut answer, or one of an API without a single error code, decodes to nothing', () => {
    expect(
      decodeTransactionResponse({ api: 'EndTxn', apiVersion: 5 }, hex('00000007 00 00000000 0000')),
    ).toBeUndefined()
    expect(
      decodeTransactionResponse({ api: 'Produce', apiVersion: 7 }, hex('00000007 00000000 0000')),
    ).toBeUndefined()
  })
})

describe('what is none of our business', () => {
  test('other APIs have a header and no transaction', () => {
    const metadata = Buffer.from([0, 0, 0, 14, 0, 3, 0, 6, 0, 0, 0, 1, 0, 4, ...Buffer.from('abcd')])
    expect(decodeRequestHeader(metadata)).toEqual({
      apiKey: 3,
      apiVersion: 6,
      correlationId: 1,
      clientId: 'abcd',
    })
    expect(transactionApi(metadata)).toBeUndefined()
    expect(decodeTransactionRequest(metadata)).toBeUndefined()
  })

  test('a version that no API has is no Kafka', () => {
    const head = (version: string): Buffer => Buffer.from(`000000ff001a${version}`, 'hex')
    expect([head('0005'), head('0064'), head('ffff')].map(transactionApi)).toEqual([
      'EndTxn',
      undefined,
      undefined,
    ])
  })

  test('no bytes whatever make a decoder throw', () => {
    const apis = Object.values(API_KEY)
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 80 }),
        fc.constantFrom(...apis),
        fc.nat(15),
        (junk, key, version) => {
          const bytes = Buffer.concat([Buffer.from([0, 0, 1, 0, 0, key, 0, version]), junk])
          decodeRequestHeader(bytes)
          decodeTransactionRequest(bytes)
          for (const api of Object.keys(API_KEY) as TransactionApi[]) {
            decodeTransactionResponse({ api, apiVersion: version }, bytes)
          }
        },
      ),
    )
  })

  test('every truncation of a real EndTxn decodes to nothing, its head to everything', async () => {
    const frame = await kafkajsFrame('endTxn', 1, { ...who, transactionResult: true })
    for (let n = 0; n < frame.length; n++)
      expect(decodeTransactionRequest(frame.subarray(0, n))).toBeUndefined()
    const long = await kafkajsFrame('endTxn', 1, {
      ...who,
      transactionalId: 'x'.repeat(250),
      transactionResult: true,
    })
    expect(decodeTransactionRequest(long.subarray(0, HEAD_BYTES))?.commit).toBe(true)
  })
})
