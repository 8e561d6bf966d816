/**
 * Content of contracts/golden/orders.jsonl: orders as they arrive, and what the rules of schema v1 make of
 * them. `npm run contracts` writes the file.
 *
 * The expectations are written by hand here, from contracts/schema-v1.md; nothing in this file calls the code
 * that implements the rules, so operator and oracle are both judged by it. Base64 because some values are no
 * text at all. `partition_of_8` is the partition of `storeId#productId` among 8, as Kafka's own default
 * partitioner gives it (taken from kafkajs, not from our murmur2).
 */
import { Partitioners } from 'kafkajs'

interface Enriched {
  orderId: string
  productId: string
  price: number
  qty: number
  storeId: string
  ts: number | string
  validated: true
  normTs: number
}
interface Case {
  name: string
  value: Buffer | string | null
  headers?: Record<string, string>
  expect: { ok: true; enriched: Enriched } | { ok: false; code: string }
}

const MAX = '9007199254740991'
const plain: Enriched = {
  orderId: 'o1',
  productId: 'p1',
  price: 10000,
  qty: 1,
  storeId: 'A',
  ts: 1694500000,
  validated: true,
  normTs: 1694500000,
}

/** JSON text of the plain order with some members replaced by literal JSON text; null leaves one out. */
function order(changes: Record<string, string | null> = {}, more = ''): string {
  const members: Record<string, string | null> = {
    orderId: '"o1"',
    productId: '"p1"',
    price: '10000',
    qty: '1',
    storeId: '"A"',
    ts: '1694500000',
    ...changes,
  }
  const text = Object.entries(members).flatMap(([name, json]) => (json === null ? [] : [`"${name}":${json}`]))
  return `{${text.join(',')}${more}}`
}

const accept = (name: string, value: string, changes: Partial<Enriched> = {}): Case => ({
  name,
  value,
  expect: { ok: true, enriched: { ...plain, ...changes } },
})
const reject = (name: string, value: Buffer | string | null, code: string): Case => ({
  name,
  value,
  expect: { ok: false, code },
})

const clean: Case[] = [
  accept('plain order', order()),
  accept(
    'white space between tokens',
    ` {\n\t"orderId" : "o1", "productId":"p1","price":10000,"qty":1,"storeId":"A","ts":1694500000 }\r\n`,
  ),
  accept(
    'members in another order',
    '{"ts":1694500000,"storeId":"A","qty":1,"price":10000,"productId":"p1","orderId":"o1"}',
  ),
  accept('extra fields are kept out of meaning', order({}, ',"cds":2,"note":"x","list":[1.5,{"price":-7}]')),
  accept('extra field nested with names of ours', order({}, ',"inner":{"orderId":"no","price":1.5,"qty":0}')),
  accept('extra field named __proto__', order({}, ',"__proto__":{"orderId":"no","price":-1}')),
  accept('extra field with a number beyond double', order({}, ',"weight":1e999')),
  accept('schema version said', order()),
  accept('price zero', order({ price: '0' }), { price: 0 }),
  accept('ts zero', order({ ts: '0' }), { ts: 0, normTs: 0 }),
  accept('ids outside ASCII', order({ orderId: '"Bestellung-ä"', productId: '"商品"', storeId: '"😀"' }), {
    orderId: 'Bestellung-ä',
    productId: '商品',
    storeId: '😀',
  }),
  accept('escaped id', order({ orderId: '"o\\u0031\\n"' }), { orderId: 'o1\n' }),
  accept(
    'escaped member name',
    '{"order\\u0049d":"o1","productId":"p1","pr\\u0069ce":12.0,"qty":1,"storeId":"A","ts":1694500000}',
    {
      price: 12,
    },
  ),
  accept('comma and quote in an id', order({ productId: '"a,b\\"c"' }), { productId: 'a,b"c' }),
]
clean[7]!.headers = { 'schema-version': '1' }

const duplicates: Case[] = [
  accept('duplicate key, the last counts', order({}, ',"price":7'), { price: 7 }),
  accept('duplicate key, a bad first one is forgotten', order({ price: '-1.5' }, ',"price":7'), { price: 7 }),
  reject('duplicate key, a bad last one counts', order({ price: '7' }, ',"price":7.5'), 'not-integer'),
  accept('duplicate key written with an escape', order({ price: '1.5' }, ',"pr\\u0069ce":7'), { price: 7 }),
]

const trimming: Case[] = [
  accept('spaces around ids', order({ orderId: '"  o1 "', productId: '" p1"', storeId: '"A  "' })),
  accept('space inside an id stays', order({ productId: '" p 1 "' }), { productId: 'p 1' }),
  accept('tab around an id is not cut', order({ storeId: '"\\tA"' }), { storeId: '\tA' }),
  accept('no-break space around an id is not cut', order({ storeId: '"\\u00a0A"' }), { storeId: '\u00a0A' }),
  accept('byte order mark inside an id stays', order({ storeId: '"\\ufeffA"' }), { storeId: '\ufeffA' }),
  accept('numeric strings', order({ price: '"10000"', qty: '"1"' })),
  accept('numeric strings with spaces', order({ price: '" 10000"', qty: '"1  "' })),
  accept('ts as a numeric string stays as received', order({ ts: '"1694500000"' }), { ts: '1694500000' }),
  accept('ts with spaces stays as received', order({ ts: '" 1694500000 "' }), { ts: ' 1694500000 ' }),
  accept('leading zeros in a numeric string', order({ price: '"00012"' }), { price: 12 }),
  accept('minus zero as a string', order({ price: '"-0"' }), { price: 0 }),
  reject('tab around a numeric string', order({ price: '"\\t5"' }), 'not-integer'),
  reject('no-break space around a numeric string', order({ price: '"5\\u00a0"' }), 'not-integer'),
  reject('space inside a numeric string', order({ price: '"1 2"' }), 'not-integer'),
  reject('empty numeric string', order({ price: '""' }), 'not-integer'),
  reject('only spaces as a number', order({ qty: '"   "' }), 'not-integer'),
  reject('plus sign', order({ price: '"+5"' }), 'not-integer'),
  reject('"12.0" as a string', order({ price: '"12.0"' }), 'not-integer'),
  reject('"1e2" as a string', order({ price: '"1e2"' }), 'not-integer'),
  reject('"0x10" as a string', order({ price: '"0x10"' }), 'not-integer'),
  reject('"1_000" as a string', order({ price: '"1_000"' }), 'not-integer'),
  reject('digits of another script', order({ price: '"\uff11\uff12"' }), 'not-integer'),
  reject('"-5" as a price', order({ price: '"-5"' }), 'negative-price'),
  reject('"- 5" as a price', order({ price: '"- 5"' }), 'not-integer'),
  reject('trailing line feed in a numeric string', order({ price: '"5\\n"' }), 'not-integer'),
]

const numbers: Case[] = [
  accept('JSON number 12.0', order({ price: '12.0' }), { price: 12 }),
  accept('JSON number 1e2', order({ price: '1e2' }), { price: 100 }),
  accept('JSON number 1E+2', order({ price: '1E+2' }), { price: 100 }),
  accept('JSON number 1.5e1', order({ price: '1.5e1' }), { price: 15 }),
  accept('JSON number 1200e-2', order({ price: '1200e-2' }), { price: 12 }),
  accept('JSON number 0.0000', order({ price: '0.0000' }), { price: 0 }),
  accept('JSON number -0', order({ price: '-0' }), { price: 0 }),
  accept('JSON number -0.0e5', order({ price: '-0.0e5' }), { price: 0 }),
  accept('zero with a huge exponent', order({ price: '0e99999999999999999999' }), { price: 0 }),
  accept('zero with a huge negative exponent', order({ price: '0.00e-99999999999999999999' }), { price: 0 }),
  accept('largest price', order({ price: MAX }), { price: Number(MAX) }),
  accept('largest price with a fraction of zeros', order({ price: `${MAX}.000` }), { price: Number(MAX) }),
  accept('largest price with an exponent', order({ price: '9.007199254740991e15' }), { price: Number(MAX) }),
  accept('largest price as a string', order({ price: `"${MAX}"` }), { price: Number(MAX) }),
  reject('fraction', order({ price: '12.5' }), 'not-integer'),
  reject(
    'fraction below the precision of a double',
    order({ price: '100.00000000000000001' }),
    'not-integer',
  ),
  reject('fraction near 2^53', order({ price: `${MAX}.4` }), 'not-integer'),
  reject('fraction near 2^53 in qty', order({ price: '0', qty: '4503599627370497.4' }), 'not-integer'),
  reject('fraction in ts', order({ ts: '1694500000.5' }), 'not-integer'),
  reject('fraction that a double loses, in ts', order({ ts: '1694500000.00000001' }), 'not-integer'),
  reject('fraction by a negative exponent', order({ price: '123e-2' }), 'not-integer'),
  reject('too small for a double', order({ price: '1e-400' }), 'not-integer'),
  reject('huge negative exponent', order({ price: '1e-99999999999999999999' }), 'not-integer'),
  reject('2^53', order({ price: '9007199254740992' }), 'out-of-range'),
  reject('2^53+1', order({ price: '9007199254740993' }), 'out-of-range'),
  reject('2^53 as a string', order({ price: '"9007199254740992"' }), 'out-of-range'),
  reject('2^53+1 as a string', order({ price: '"9007199254740993"' }), 'out-of-range'),
  reject('-2^53', order({ price: '-9007199254740992' }), 'out-of-range'),
  reject('1e16', order({ price: '1e16' }), 'out-of-range'),
  reject('beyond a double', order({ price: '1e400' }), 'out-of-range'),
  reject('huge exponent', order({ price: '1e99999999999999999999' }), 'out-of-range'),
  reject('400 digits as a string', order({ price: `"${'9'.repeat(400)}"` }), 'out-of-range'),
  reject('ts above 2^53', order({ ts: '9007199254740992' }), 'out-of-range'),
  reject('qty as 2^53+1', order({ qty: '9007199254740993' }), 'out-of-range'),
  reject('smallest price, out of meaning', order({ price: `-${MAX}` }), 'negative-price'),
  reject('negative price', order({ price: '-1' }), 'negative-price'),
  reject('negative price as 1e exponent', order({ price: '-1e2' }), 'negative-price'),
  reject('qty zero', order({ qty: '0' }), 'qty-below-one'),
  reject('qty minus zero', order({ qty: '-0' }), 'qty-below-one'),
  reject('qty negative', order({ qty: '-3' }), 'qty-below-one'),
  reject('qty "0"', order({ qty: '"0"' }), 'qty-below-one'),
  reject('negative ts', order({ ts: '-1' }), 'negative-ts'),
  accept('amount of exactly 2^53-1', order({ price: '1416003655831', qty: '6361' }), {
    price: 1416003655831,
    qty: 6361,
  }),
  reject('amount of 2^53', order({ price: '4503599627370496', qty: '2' }), 'amount-too-large'),
  reject('amount of 2^53+1', order({ price: '3002399751580331', qty: '3' }), 'amount-too-large'),
  reject('amount far above', order({ price: MAX, qty: MAX }), 'amount-too-large'),
  accept('price zero, any qty', order({ price: '0', qty: MAX }), { price: 0, qty: Number(MAX) }),
  reject('price null', order({ price: 'null' }), 'not-integer'),
  reject('price true', order({ price: 'true' }), 'not-integer'),
  reject('price as an array', order({ price: '[1]' }), 'not-integer'),
  reject('qty as an object', order({ qty: '{}' }), 'not-integer'),
]

const times: Case[] = [
  accept('milliseconds', order({ ts: '1694500000999' }), { ts: 1694500000999, normTs: 1694500000 }),
  accept('milliseconds as a string', order({ ts: '"1694500000999"' }), {
    ts: '1694500000999',
    normTs: 1694500000,
  }),
  accept('last second count', order({ ts: '99999999999' }), { ts: 99999999999, normTs: 99999999999 }),
  accept('first millisecond count', order({ ts: '100000000000' }), { ts: 100000000000, normTs: 100000000 }),
  accept('first millisecond count as 1e11', order({ ts: '1e11' }), { ts: 100000000000, normTs: 100000000 }),
  accept('largest ts', order({ ts: MAX }), { ts: Number(MAX), normTs: 9007199254740 }),
  accept('ts 1.6945e9', order({ ts: '1.6945e9' })),
]

const ids: Case[] = [
  accept('id of 128 code points', order({ productId: `"${'x'.repeat(128)}"` }), {
    productId: 'x'.repeat(128),
  }),
  accept('id of 128 code points outside the BMP', order({ productId: `"${'😀'.repeat(128)}"` }), {
    productId: '😀'.repeat(128),
  }),
  accept('id of 128 code points and spaces around', order({ productId: `" ${'x'.repeat(128)} "` }), {
    productId: 'x'.repeat(128),
  }),
  reject('id of 129 code points', order({ productId: `"${'x'.repeat(129)}"` }), 'id-too-long'),
  reject('id of 129 code points outside the BMP', order({ orderId: `"${'😀'.repeat(129)}"` }), 'id-too-long'),
  reject('id of 1000 letters', order({ storeId: `"${'x'.repeat(1000)}"` }), 'id-too-long'),
  reject('empty id', order({ orderId: '""' }), 'id-empty'),
  reject('id of spaces', order({ storeId: '"   "' }), 'id-empty'),
  reject('# in storeId', order({ storeId: '"A#B"' }), 'id-has-hash'),
  reject('# in productId', order({ productId: '"p#1"' }), 'id-has-hash'),
  reject('# in orderId', order({ orderId: '"#"' }), 'id-has-hash'),
  reject('escaped # in an id', order({ orderId: '"o\\u0023"' }), 'id-has-hash'),
  reject('id as a number', order({ orderId: '17' }), 'id-not-string'),
  reject('id null', order({ productId: 'null' }), 'id-not-string'),
  reject('id as an array', order({ storeId: '["A"]' }), 'id-not-string'),
  reject('lone high surrogate', order({ orderId: '"o\\ud83d"' }), 'id-not-unicode'),
  reject('lone low surrogate', order({ productId: '"\\ude00p"' }), 'id-not-unicode'),
  reject('surrogates the wrong way round', order({ storeId: '"\\ude00\\ud83d"' }), 'id-not-unicode'),
  accept('surrogate pair by escapes', order({ storeId: '"\\ud83d\\ude00"' }), { storeId: '😀' }),
  accept('lone surrogate in an extra field', order({}, ',"note":"\\ud83d"')),
]

const fields = ['orderId', 'productId', 'price', 'qty', 'storeId', 'ts']
const missing: Case[] = [
  ...fields.map((name) => reject(`${name} missing`, order({ [name]: null }), 'missing-field')),
  reject('empty object', '{}', 'missing-field'),
  reject('name in another case', order({ orderId: null }, ',"orderID":"o1"'), 'missing-field'),
]

const notOrders: Case[] = [
  reject('no value', null, 'no-value'),
  reject('empty value', '', 'not-json'),
  reject('text', 'hello', 'not-json'),
  reject('cut off', order().slice(0, -1), 'not-json'),
  reject('single quotes', "{'orderId':'o1'}", 'not-json'),
  reject('trailing comma', `${order().slice(0, -1)},}`, 'not-json'),
  reject('comment', `/* o1 */${order()}`, 'not-json'),
  reject('two values', `${order()}${order()}`, 'not-json'),
  reject('NaN', order({ price: 'NaN' }), 'not-json'),
  reject('leading zero in a JSON number', order({ price: '012' }), 'not-json'),
  reject('leading plus in a JSON number', order({ price: '+12' }), 'not-json'),
  reject('number without digits after the point', order({ price: '12.' }), 'not-json'),
  reject('raw line feed in a string', order({ orderId: '"o\n1"' }), 'not-json'),
  reject('no-break space between tokens', `\u00a0${order()}`, 'not-json'),
  reject('array', `[${order()}]`, 'not-object'),
  reject('string', '"o1"', 'not-object'),
  reject('number', '12.5', 'not-object'),
  reject('null', 'null', 'not-object'),
  reject('UTF-8 byte order mark', Buffer.from(`\ufeff${order()}`), 'byte-order-mark'),
  reject('byte order mark alone', Buffer.from('\ufeff'), 'byte-order-mark'),
  reject('UTF-16 with byte order mark', Buffer.from(`\ufeff${order()}`, 'utf16le'), 'not-utf8'),
  reject('invalid UTF-8 byte in an id', Buffer.from(order({ orderId: '"o\xff"' }), 'latin1'), 'not-utf8'),
  reject('Latin-1 umlaut', Buffer.from(order({ storeId: '"\xe4"' }), 'latin1'), 'not-utf8'),
  reject('invalid UTF-8 in an extra field', Buffer.from(order({}, ',"note":"\x80"'), 'latin1'), 'not-utf8'),
  reject('overlong UTF-8', Buffer.from(order({ storeId: '"\xc1\x81"' }), 'latin1'), 'not-utf8'),
  reject(
    'surrogate encoded in UTF-8',
    Buffer.from(order({ storeId: '"\xed\xa0\xbd"' }), 'latin1'),
    'not-utf8',
  ),
  reject('UTF-8 cut in a character', Buffer.from(order({ storeId: '"\xe5\x95"' }), 'latin1'), 'not-utf8'),
  reject('invalid UTF-8 after a byte order mark', Buffer.from('\xef\xbb\xbf\xff', 'latin1'), 'not-utf8'),
]

const version = (name: string, text: string): Case => ({
  name,
  value: order(),
  headers: { 'schema-version': text },
  expect: { ok: false, code: 'unknown-schema-version' },
})
const versions: Case[] = [
  version('schema version 2', '2'),
  version('schema version 01', '01'),
  version('schema version empty', ''),
  version('schema version v1', 'v1'),
  { ...version('schema version 2 and no JSON', '2'), value: 'hello' },
  { ...accept('other headers mean nothing', order()), headers: { src: 'x/0/1', trace: 'abc' } },
]

/** Several faults at once: the first in the order of the table in schema-v1.md names the record. */
const several: Case[] = [
  reject('missing field before a bad price', order({ price: '-1', ts: null }), 'missing-field'),
  reject('orderId before price', order({ orderId: '""', price: '-1' }), 'id-empty'),
  reject('productId before price', order({ productId: '"#"', price: '1.5' }), 'id-has-hash'),
  reject('price before storeId', order({ price: '-1', storeId: '""' }), 'negative-price'),
  reject('storeId before ts', order({ storeId: '3', ts: '-1' }), 'id-not-string'),
  reject('ts before the amount', order({ price: MAX, qty: '2', ts: '-1' }), 'negative-ts'),
]

const cases = [clean, duplicates, trimming, numbers, times, ids, missing, notOrders, versions, several].flat()

const partitioner = Partitioners.DefaultPartitioner()
const partitionOf8 = (e: Enriched): number =>
  partitioner({
    topic: 't',
    message: { key: Buffer.from(`${e.storeId}#${e.productId}`), value: null },
    partitionMetadata: Array.from({ length: 8 }, (_, partitionId) => ({
      partitionId,
      leader: 1,
      partitionErrorCode: 0,
      replicas: [],
      isr: [],
    })),
  })

export function goldenOrders(): string {
  const names = new Set(cases.map((c) => c.name))
  if (names.size !== cases.length) throw new Error('two golden orders share a name')
  return cases
    .map((c) => ({
      name: c.name,
      value_base64: c.value === null ? null : Buffer.from(c.value as string).toString('base64'),
      headers: c.headers ?? {},
      expect: c.expect,
      ...(c.expect.ok ? { partition_of_8: partitionOf8(c.expect.enriched) } : {}),
    }))
    .map((line) => `${JSON.stringify(line)}\n`)
    .join('')
}
