/**
 * Identity of records: the headers that every record of an operator carries.
 *
 *   src        topic/partition/offset of the input record it came from
 *   txn        transactional id / incarnation / n (n counts the incarnation's transactions from 1)
 *   inputNext  changelog only: the input offset after it (last processed data record + 1)
 *
 * Delivery is judged on `src`; an orderId is business identity and may repeat.
 */

export const HEADER = {
  src: 'src',
  txn: 'txn',
  inputNext: 'inputNext',
  schemaVersion: 'schema-version',
} as const

/** Headers of a DLQ record, beside `src` and `txn`. */
export const DLQ_HEADER = {
  errorCode: 'error-code',
  errorText: 'error-text',
  sourceTopic: 'source-topic',
  sourcePartition: 'source-partition',
  sourceOffset: 'source-offset',
  attempts: 'attempts',
  time: 'time',
} as const

export interface SourceRef {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

export interface TxnRef {
  readonly transactionalId: string
  readonly incarnation: string
  readonly n: number
}

export const encodeSource = (s: SourceRef): string => `${s.topic}/${s.partition}/${s.offset}`

export const encodeTxn = (t: TxnRef): string => `${t.transactionalId}/${t.incarnation}/${t.n}`

/** The parts of a `src` header, or undefined if the text is none. */
export function decodeSource(text: string | undefined): SourceRef | undefined {
  const match = /^([^/]+)\/(\d+)\/(\d+)$/.exec(text ?? '')
  return match ? { topic: match[1]!, partition: Number(match[2]), offset: Number(match[3]) } : undefined
}

/** The parts of a `txn` header, or undefined if the text is none. */
export function decodeTxn(text: string | undefined): TxnRef | undefined {
  const match = /^([^/]+)\/([^/]+)\/(\d+)$/.exec(text ?? '')
  return match ? { transactionalId: match[1]!, incarnation: match[2]!, n: Number(match[3]) } : undefined
}
