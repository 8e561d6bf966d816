/**
 * Values of records, read defensively: a value that does not have the shape of its contract is undefined,
 * never a throw, because a judge must outlive what it judges. Fields beyond the contract are ignored.
 * A record is read once and then remembered, for as long as somebody has it.
 */
import type { ChangelogValue, EnrichedOrder, OutputValue } from '../contracts/records.ts'
import type { FatedRecord } from './raw.ts'

function parse(value: Buffer | null): Record<string, unknown> | undefined {
  if (value === null) return undefined
  try {
    const body = JSON.parse(value.toString('utf8')) as unknown
    return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function reader(
  texts: readonly string[],
  numbers: readonly string[],
): (fated: FatedRecord) => object | undefined {
  const known = new WeakMap<FatedRecord, object | false>()
  return (fated) => {
    let read = known.get(fated)
    if (read === undefined) {
      const body = parse(fated.record.value)
      const fits =
        body !== undefined &&
        texts.every((f) => typeof body[f] === 'string') &&
        numbers.every((f) => Number.isSafeInteger(body[f]))
      read = fits ? body : false
      known.set(fated, read)
    }
    return read === false ? undefined : read
  }
}

type Reader<T> = (fated: FatedRecord) => T | undefined

export const readEnriched = reader(
  ['orderId', 'productId', 'storeId'],
  ['price', 'qty', 'normTs'],
) as Reader<EnrichedOrder>
export const readOutput = reader(
  ['key', 'storeId', 'productId'],
  ['windowStart', 'sum', 'count', 'seq'],
) as Reader<OutputValue>
export const readChangelog = reader(['key'], ['seq', 'delta', 'ts']) as Reader<ChangelogValue>
