/**
 * Values of records, read defensively: a value that does not have the shape of its contract is undefined,
 * never a throw, because a judge must outlive what it judges. Fields beyond the contract are ignored.
 */
import type { ChangelogValue, EnrichedOrder, OutputValue } from '../contracts/records.ts'

function parse(value: Buffer | null): Record<string, unknown> | undefined {
  if (value === null) return undefined
  try {
    const body = JSON.parse(value.toString('utf8')) as unknown
    return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

const reader =
  <T>(texts: readonly string[], numbers: readonly string[]) =>
  (value: Buffer | null): T | undefined => {
    const body = parse(value)
    if (!body) return undefined
    const fits =
      texts.every((f) => typeof body[f] === 'string') && numbers.every((f) => Number.isSafeInteger(body[f]))
    return fits ? (body as T) : undefined
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
