/**
 * OpA: raw `orders` in, `orders.enriched` out, rejected records to the DLQ, all in one transaction.
 *
 * Promises: every input record has exactly one effect, enriched or DLQ; one bad record never stops the
 * pipeline; the raw bytes of a rejected record are passed on unchanged. Keeps no state.
 */
import { DLQ_HEADER, HEADER } from '../../contracts/headers.ts'
import { SCHEMA_VERSION } from '../../contracts/records.ts'
import type { TopicNames } from '../../contracts/names.ts'
import type { Clock } from '../../ports/clock.ts'
import type { LogRecord, OutputRecord } from '../../ports/log.ts'
import type { Step } from '../../primitives/transactional-loop.ts'
import { encodeEnriched, enrichedPartition } from './enriched.ts'
import { normalise } from './normalise.ts'

export interface OpaOptions {
  readonly names: TopicNames
  readonly enrichedPartitions: number
  readonly dlqPartitions: number
  readonly clock: Clock
}

export function createOpa(options: OpaOptions): Step {
  const { names } = options
  const toDlq = (
    record: LogRecord,
    identity: Record<string, string>,
    code: string,
    text: string,
  ): OutputRecord => ({
    topic: names.dlq,
    partition: record.partition % options.dlqPartitions,
    key: record.key,
    value: record.value,
    headers: {
      ...identity,
      [DLQ_HEADER.errorCode]: code,
      [DLQ_HEADER.errorText]: text,
      [DLQ_HEADER.sourceTopic]: names.orders,
      [DLQ_HEADER.sourcePartition]: String(record.partition),
      [DLQ_HEADER.sourceOffset]: String(record.offset),
      [DLQ_HEADER.attempts]: '1',
      [DLQ_HEADER.time]: String(options.clock.wallMs()),
      [HEADER.schemaVersion]: record.headers[HEADER.schemaVersion] ?? String(SCHEMA_VERSION),
    },
  })
  return {
    compute: (records, identity) =>
      records.map((record) => {
        const result = normalise(record.value, record.headers)
        if (!result.ok) return toDlq(record, identity(record), result.code, result.text)
        return {
          topic: names.enriched,
          partition: enrichedPartition(result.order, options.enrichedPartitions),
          key: result.order.orderId,
          value: encodeEnriched(result.order),
          headers: identity(record),
        }
      }),
    apply: () => {},
  }
}
