/** The model against the golden orders, which are hand-written and shared with the operators' own tests. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { EnrichedOrder } from '../../contracts/records.ts'
import { judgeOrder } from './model.ts'

interface Golden {
  readonly name: string
  readonly value_base64: string | null
  readonly headers: Record<string, string>
  readonly expect: { ok: true; enriched: EnrichedOrder } | { ok: false; code: string }
}

const golden = readFileSync(new URL('../../../../contracts/golden/orders.jsonl', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as Golden)

describe('the model', () => {
  it.each(golden)('$name', ({ value_base64, headers, expect: expected }) => {
    const judged = judgeOrder(value_base64 === null ? null : Buffer.from(value_base64, 'base64'), headers)
    if (expected.ok) expect(judged).toMatchObject({ accepted: true, order: expected.enriched })
    else expect(judged.accepted).toBe(false)
  })

  const order = { orderId: 'o', productId: 'p', storeId: 's', qty: '1', price: '1', ts: '1' }
  const withPrice = (literal: string): Buffer =>
    Buffer.from(JSON.stringify(order).replace('"price":"1"', `"price":${literal}`))

  it.each([
    ['9007199254740991', 9007199254740991],
    ['9007199254740992', undefined],
    ['9007199254740991.4', undefined],
    ['100.00000000000000001', undefined],
    ['1e2', 100],
    ['1.50e1', 15],
    ['12.0', 12],
    ['1200e-2', 12],
    ['120e-2', undefined],
    ['0e99999999999', 0],
    ['0.0', 0],
    ['-0', 0],
    ['-0.0', 0],
    ['1e400', undefined],
    ['1e-400', undefined],
    ['"12.0"', undefined],
    ['" 007 "', 7],
    ['"+7"', undefined],
    ['"\\t7"', undefined],
    ['"99999999999999999999999"', undefined],
  ])('a price written %s', (literal, price) => {
    const judged = judgeOrder(withPrice(literal), {})
    expect(judged.accepted ? judged.order.price : undefined).toBe(price)
  })

  it('takes the last of duplicate keys, with its own digits', () => {
    const text = JSON.stringify(order).replace('"price":"1"', '"price":1.5,"price":2.0')
    expect(judgeOrder(Buffer.from(text), {})).toMatchObject({ accepted: true, order: { price: 2 } })
    const worse = JSON.stringify(order).replace('"price":"1"', '"price":2.0,"price":9007199254740991.4')
    expect(judgeOrder(Buffer.from(worse), {}).accepted).toBe(false)
  })

  it('reads only the top level', () => {
    const text = JSON.stringify(order).replace('"price":"1"', '"price":3,"nested":{"price":1.5}')
    expect(judgeOrder(Buffer.from(text), {})).toMatchObject({ accepted: true, amount: 3 })
  })
})
