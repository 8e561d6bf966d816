/**
 * Decodes what a Kafka transaction shows on the wire: request headers, and who asks for what in the
 * transaction APIs, in every version that clients speak.
 *
 * Promises: never throws; what can't be decoded is `undefined` (the frame is somebody else's business). All
 * fields that matter stand at the beginning of a body, so the first HEAD_BYTES of a frame are enough.
 * Does not: decode records (but for the producer id of a Produce request's first batch) or other APIs.
 *
 * Example: a v1 EndTxn frame of kafkajs gives
 *   {api: 'EndTxn', apiVersion: 1, correlationId: 7, transactionalId: 'p1.opb-0', producerId: '12', epoch: 3, commit: true}
 */
import { FrameReader } from './reader.ts'

export const API_KEY = {
  Produce: 0,
  InitProducerId: 22,
  AddPartitionsToTxn: 24,
  AddOffsetsToTxn: 25,
  EndTxn: 26,
  TxnOffsetCommit: 28,
} as const

export type TransactionApi = keyof typeof API_KEY

/** First version with compact strings and tagged fields (KIP-482), per API. */
const FLEXIBLE_FROM: Record<TransactionApi, number> = {
  Produce: 9,
  InitProducerId: 2,
  AddPartitionsToTxn: 3,
  AddOffsetsToTxn: 3,
  EndTxn: 3,
  TxnOffsetCommit: 3,
}

const API_NAME: ReadonlyMap<number, TransactionApi> = new Map(
  (Object.keys(API_KEY) as TransactionApi[]).map((name) => [API_KEY[name], name]),
)

/** Enough to tell which API a request is for. */
export const API_HEAD_BYTES = 8

/** Enough for the header, the longest names Kafka allows and the fields behind them. */
export const HEAD_BYTES = 2048

/** Enough to tell which request a response belongs to. */
export const RESPONSE_HEAD_BYTES = 8

export interface RequestHeader {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string | null
}

export interface TransactionRequest extends RequestHeader {
  readonly api: TransactionApi
  readonly transactionalId: string | null
  /** Decimal; null where the request carries none, or says -1. */
  readonly producerId: string | null
  readonly epoch: number | null
  /** EndTxn only. */
  readonly commit: boolean | null
  /** AddOffsetsToTxn and TxnOffsetCommit only. */
  readonly group: string | null
  /** InitProducerId only. */
  readonly timeoutMs: number | null
  /** Produce with acks=0 gets no answer. */
  readonly answered: boolean
}

export interface TransactionResponse {
  readonly errorCode: number
  /** InitProducerId, and EndTxn from v5 on (which bumps the epoch with every transaction). */
  readonly producerId: string | null
  readonly epoch: number | null
}

const attempt = <T>(decode: () => T): T | undefined => {
  try {
    return decode()
  } catch {
    return undefined
  }
}

function readHeader(r: FrameReader): RequestHeader {
  const apiKey = r.int16()
  const apiVersion = r.int16()
  const correlationId = r.int32()
  // The client id kept its old form in flexible headers.
  const clientId = r.string(false)
  return { apiKey, apiVersion, correlationId, clientId }
}

/** Header of a request frame (its length included), or undefined if the bytes are none. */
export const decodeRequestHeader = (head: Buffer): RequestHeader | undefined =>
  attempt(() => readHeader(new FrameReader(head, 4)))

/** No API is anywhere near its hundredth version: a higher one is a stream that is no Kafka. */
const VERSION_LIMIT = 100

/** API of a request frame if it is one of the transaction APIs; reads the first API_HEAD_BYTES. */
export function transactionApi(head: Buffer): TransactionApi | undefined {
  if (head.length < API_HEAD_BYTES) return undefined
  const version = head.readInt16BE(6)
  return version >= 0 && version < VERSION_LIMIT ? API_NAME.get(head.readInt16BE(4)) : undefined
}

interface Body {
  transactionalId: string | null
  producerId?: bigint
  epoch?: number
  commit?: boolean
  group?: string | null
  timeoutMs?: number
  answered?: boolean
}

type BodyReader = (r: FrameReader, version: number, compact: boolean) => Body

/** Left to right, so the order of the object literals is the order on the wire. */
const BODY: Record<TransactionApi, BodyReader> = {
  Produce: (r, version, compact) => {
    const transactionalId = version >= 3 ? r.string(compact) : null
    const answered = r.int16() !== 0
    return { transactionalId, answered, ...attempt(() => firstBatch(r, version, compact)) }
  },
  InitProducerId: (r, version, compact) => {
    const body: Body = { transactionalId: r.string(compact), timeoutMs: r.int32() }
    return version >= 3 ? { ...body, producerId: r.int64(), epoch: r.int16() } : body
  },
  AddPartitionsToTxn: (r, version, compact) => {
    // From v4 on brokers batch several transactions into one request; the first stands for all.
    if (version >= 4 && r.arrayLength(true) < 1) return { transactionalId: null }
    return { transactionalId: r.string(compact), producerId: r.int64(), epoch: r.int16() }
  },
  AddOffsetsToTxn: (r, _version, compact) => ({
    transactionalId: r.string(compact),
    producerId: r.int64(),
    epoch: r.int16(),
    group: r.string(compact),
  }),
  EndTxn: (r, _version, compact) => ({
    transactionalId: r.string(compact),
    producerId: r.int64(),
    epoch: r.int16(),
    commit: r.int8() !== 0,
  }),
  TxnOffsetCommit: (r, _version, compact) => ({
    transactionalId: r.string(compact),
    group: r.string(compact),
    producerId: r.int64(),
    epoch: r.int16(),
  }),
}

/** Producer id and epoch lie in the header of each record batch; the first one speaks for the request. */
function firstBatch(
  r: FrameReader,
  version: number,
  compact: boolean,
): { producerId: bigint; epoch: number } {
  r.skip(4)
  if (r.arrayLength(compact) < 1) throw new RangeError('no topics')
  if (version >= 13) r.skip(16)
  else r.string(compact)
  if (r.arrayLength(compact) < 1) throw new RangeError('no partitions')
  r.skip(4)
  r.arrayLength(compact)
  // baseOffset, batchLength, leaderEpoch, then the magic byte; only magic 2 has a producer id.
  r.skip(16)
  if (r.int8() !== 2) throw new RangeError('an old batch format')
  r.skip(26)
  return { producerId: r.int64(), epoch: r.int16() }
}

/** A request of the transaction APIs from its head, or undefined if it is another or doesn't decode. */
export function decodeTransactionRequest(head: Buffer): TransactionRequest | undefined {
  const api = transactionApi(head)
  if (api === undefined) return undefined
  return attempt(() => {
    const r = new FrameReader(head, 4)
    const header = readHeader(r)
    const compact = header.apiVersion >= FLEXIBLE_FROM[api]
    if (compact) r.tags()
    const body = BODY[api](r, header.apiVersion, compact)
    const known = body.producerId !== undefined && body.producerId >= 0n
    return {
      ...header,
      api,
      transactionalId: body.transactionalId,
      producerId: known ? String(body.producerId) : null,
      epoch: known ? (body.epoch ?? null) : null,
      commit: body.commit ?? null,
      group: body.group ?? null,
      timeoutMs: body.timeoutMs ?? null,
      answered: body.answered ?? true,
    }
  })
}

/** Correlation id of a response frame (its length included). */
export const correlationOf = (head: Buffer): number | undefined =>
  head.length < RESPONSE_HEAD_BYTES ? undefined : head.readInt32BE(4)

/** APIs whose response begins with throttle time and one error code. */
const ONE_ERROR_CODE: ReadonlySet<TransactionApi> = new Set(['InitProducerId', 'AddOffsetsToTxn', 'EndTxn'])

/** Whether the answer of an API carries one error code that decodeTransactionResponse can read. */
export const hasErrorCode = (api: TransactionApi): boolean => ONE_ERROR_CODE.has(api)

export function decodeTransactionResponse(
  request: { readonly api: TransactionApi; readonly apiVersion: number },
  frame: Buffer,
): TransactionResponse | undefined {
  if (!hasErrorCode(request.api)) return undefined
  return attempt(() => {
    const r = new FrameReader(frame, RESPONSE_HEAD_BYTES)
    if (request.apiVersion >= FLEXIBLE_FROM[request.api]) r.tags()
    r.skip(4)
    const errorCode = r.int16()
    const identified =
      request.api === 'InitProducerId' || (request.api === 'EndTxn' && request.apiVersion >= 5)
    const producerId = identified ? r.int64() : -1n
    const known = identified && producerId >= 0n
    return { errorCode, producerId: known ? String(producerId) : null, epoch: known ? r.int16() : null }
  })
}
