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

function reader<T extends object>(
  texts: readonly string[],
  numbers: readonly string[],
): (fated: FatedRecord) => T | undefined {
  const known = new WeakMap<FatedRecord, T | false>()
  return (fated) => {
    let read = known.get(fated)
    if (read === undefined) {
      const body = parse(fated.record.value)
      const fits =
        body !== undefined &&
        texts.every((f) => typeof body[f] === 'string') &&
        numbers.every((f) => Number.isSafeInteger(body[f]))
      read = fits ? (body as T) : false
      known.set(fated, read)
    }
    return read === false ? undefined : read
  }
}

export const readEnriched = reader<EnrichedOrder>(
  ['orderId', 'productId', 'storeId'],
  ['price', 'qty', 'normTs'],
)
export const readOutput = reader<OutputValue>(
  ['key', 'storeId', 'productId'],
  ['windowStart', 'sum', 'count', 'seq'],
)
export const readChangelog = reader<ChangelogValue>(['key'], ['seq', 'delta', 'ts'])
