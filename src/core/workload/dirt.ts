/**
 * Dirt: what real input looks like. Two rotations over one clean order, each in a fixed sequence, so that a
 * load of a few hundred dirty orders has had every kind.
 *
 *   REJECTED  one kind per reject code of contracts/schema-v1.md; OpA must send it to the DLQ
 *   UNTIDY    valid all the same; OpA must read through it
 *
 * Does not: break the key. A dirty order keeps the key of the clean one, so it lands in the same partition.
 */
import { HEADER } from '../contracts/headers.ts'
import type { SourceRecord } from './source.ts'

export interface PlainOrder {
  readonly orderId: string
  readonly productId: string
  readonly price: number
  readonly qty: number
  readonly storeId: string
  readonly ts: number
}

type Changes = { readonly [name in keyof PlainOrder]?: string }

/** JSON of an order, members in the order of the contract; a change is literal JSON text. */
export function orderJson(order: PlainOrder, changes: Changes = {}, more = ''): string {
  const { orderId, productId, price, qty, storeId, ts } = changes
  return (
    `{"orderId":${orderId ?? JSON.stringify(order.orderId)}` +
    `,"productId":${productId ?? JSON.stringify(order.productId)}` +
    `,"price":${price ?? order.price},"qty":${qty ?? order.qty}` +
    `,"storeId":${storeId ?? JSON.stringify(order.storeId)},"ts":${ts ?? order.ts}${more}}`
  )
}

type Spoil = (order: PlainOrder) => Omit<SourceRecord, 'key'>

const changed =
  (change: (order: PlainOrder) => Changes): Spoil =>
  (order) => ({ value: orderJson(order, change(order)) })

/** One way into the DLQ per reject code, and a few favourites more. */
export const REJECTED: readonly (readonly [code: string, spoil: Spoil])[] = [
  ['not-integer', changed((o) => ({ price: `"${o.price}.0"` }))],
  ['negative-price', changed(() => ({ price: '"-5"' }))],
  ['missing-field', (o) => ({ value: orderJson(o).replace(/"qty":\d+,/, '') })],
  ['not-utf8', (o) => ({ value: Buffer.from(orderJson(o, { storeId: '"\u00fc"' }), 'latin1') })],
  ['not-json', (o) => ({ value: orderJson(o).slice(0, -1) })],
  ['out-of-range', changed(() => ({ price: '9007199254740993' }))],
  ['qty-below-one', changed(() => ({ qty: '0' }))],
  ['id-empty', changed(() => ({ storeId: '"  "' }))],
  ['not-integer', changed((o) => ({ price: `${o.price}.5` }))],
  ['byte-order-mark', (o) => ({ value: `\ufeff${orderJson(o)}` })],
  ['not-object', (o) => ({ value: `[${orderJson(o)}]` })],
  ['id-has-hash', changed((o) => ({ productId: `"${o.productId}#1"` }))],
  ['id-not-string', changed(() => ({ productId: '17' }))],
  ['negative-ts', changed((o) => ({ ts: `-${o.ts}` }))],
  ['unknown-schema-version', (o) => ({ value: orderJson(o), headers: { [HEADER.schemaVersion]: '2' } })],
  ['id-too-long', changed(() => ({ storeId: `"${'x'.repeat(129)}"` }))],
  ['id-not-unicode', changed(() => ({ orderId: String.raw`"\ud83d"` }))],
  ['amount-too-large', changed(() => ({ price: '9007199254740991', qty: '2' }))],
  ['no-value', () => ({ value: null })],
  ['not-integer', changed((o) => ({ price: `${o.price}.00000000000000001` }))],
  ['not-integer', changed(() => ({ ts: 'null' }))],
]

/** Valid, and means the same as the clean order. */
export const UNTIDY: readonly Spoil[] = [
  changed((o) => ({ storeId: `" ${o.storeId}"`, productId: `"${o.productId}  "` })),
  changed((o) => ({ price: `" ${o.price} "` })),
  changed((o) => ({ price: `${o.price}.0`, qty: `${o.qty}.00` })),
  changed((o) => ({ ts: `${o.ts}000` })),
  changed((o) => ({ ts: `"${o.ts}"` })),
  (o) => ({ value: orderJson(o, {}, ',"channel":"web","weight":1.5') }),
  (o) => ({ value: orderJson(o, { price: '-1' }, `,"price":${o.price}`) }),
  (o) => ({ value: orderJson(o), headers: { [HEADER.schemaVersion]: '1' } }),
  changed((o) => ({ qty: `"0${o.qty}"` })),
]
