/** Files of orders as people have them: what goes through untouched, and what is refused with its line. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { SourceRecord } from '../../core/workload/source.ts'
import { checkOrders, MAX_RECORD_BYTES, readOrders } from './orders-file.ts'

const directory = mkdtempSync(path.join(tmpdir(), 'eoslab-orders-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

function write(name: string, content: string | Buffer): string {
  const file = path.join(directory, name)
  writeFileSync(file, content)
  return file
}

async function all(file: string): Promise<SourceRecord[]> {
  const records: SourceRecord[] = []
  for await (const record of readOrders(file)) records.push(record)
  return records
}

const HEADER = 'orderId,storeId,productId,price,qty,ts,cds\n'

test('CSV: ids stay strings, numbers keep their digits, other columns stay strings', async () => {
  const file = write('a.csv', `${HEADER}007,A,00042,1177,1,852076800,2\n"o,2","B ""x""",p,0012,-3,1.5e3,\n`)
  expect(await all(file)).toEqual([
    {
      key: '007',
      value:
        '{"orderId":"007","productId":"00042","price":1177,"qty":1,"storeId":"A","ts":852076800,"cds":"2"}',
    },
    {
      key: 'o,2',
      value:
        '{"orderId":"o,2","productId":"p","price":12,"qty":-3,"storeId":"B \\"x\\"","ts":1.5e3,"cds":""}',
    },
  ])
  expect(await checkOrders(file)).toEqual({ format: 'csv', orders: 2 })
})

test('CSV: an integer above 2^53 is not rounded on its way to OpA', async () => {
  const [record] = await all(write('big.csv', `${HEADER}o1,A,p,9007199254740993,1,0,\n`))
  expect(record!.value).toContain('"price":9007199254740993,')
})

test('CSV: byte order mark, CRLF, blank lines and a last line without its end do no harm', async () => {
  const file = write(
    'b.csv',
    `\ufefforderId,storeId,productId,price,qty,ts\r\no1,A,p,1,1,1\r\n\r\no2,A,p,1,1,1`,
  )
  expect((await all(file)).map((record) => record.key)).toEqual(['o1', 'o2'])
})

test('CSV: a character cut between two chunks is whole', async () => {
  const rows = Array.from({ length: 20_000 }, (_, i) => `o${i},Größe,商品,1,1,1,x`).join('\n')
  const file = write('long.csv', HEADER + rows)
  let n = 0
  for await (const record of readOrders(file)) {
    expect(record.value).toBe(
      `{"orderId":"o${n++}","productId":"商品","price":1,"qty":1,"storeId":"Größe","ts":1,"cds":"x"}`,
    )
  }
  expect(n).toBe(20_000)
})

const good = 'o1,A,p,1,1,1,x\n'
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')
test.each([
  ['too few columns', HEADER + good + 'o2,A,p,1\n', /line 3: .*columns|line 3: /],
  ['too many columns', HEADER + good + good + 'o2,A,p,1,1,1,x,y\n', /line 4: /],
  ['price is text', HEADER + good + 'o2,A,p,cheap,1,1,x\n', /line 3: price is no number: "cheap"/],
  ['qty is empty', HEADER + 'o2,A,p,1,,1,x\n', /line 2: qty is no number: ""/],
  ['ts is a date', HEADER + 'o2,A,p,1,1,1997-01-01,x\n', /line 2: ts is no number/],
  ['thousands separator', HEADER + 'o2,A,p,"1,000",1,1,x\n', /line 2: price is no number/],
  [
    'column missing',
    'orderId,storeId,price,qty\n1,2,3,4\n',
    /line 1: the header has no column productId, ts/,
  ],
  [
    'column twice',
    'orderId,storeId,productId,price,qty,ts,qty\n',
    /line 1: the header names the column "qty" twice/,
  ],
  [
    'other separator',
    'orderId;storeId;productId;price;qty;ts\n',
    /line 1: .* separated by ";", not by commas/,
  ],
  ['no header', good, /line 1: the header has no column/],
  ['only a header', HEADER, /holds no orders/],
  ['open quote', HEADER + good + '"o2,A,p,1,1,1,x\n', /line \d+: /],
  ['open quote in a large file', `${HEADER}"${'x'.repeat(2 * MAX_RECORD_BYTES)}`, /line 2: .*exceed/i],
  [
    'line after a blank one and a row of two lines',
    `${HEADER}\n"o\n1",A,p,1,1,1,x\no2,A,p,cheap,1,1,x\n`,
    /line 5: price/,
  ],
  ['too few columns after the same', `${HEADER}\n"o\n1",A,p,1,1,1,x\no2,A\n`, /line 5: /],
  ['Latin-1', latin1(HEADER + good + 'o2,Gr\xfc\xdfe,p,1,1,1,x\n'), /line \d.*: is not UTF-8/],
  ['cut within a character', latin1(HEADER + 'o2,A,p,1,1,1,x\xe5'), /the file ends within a character/],
])('CSV refused: %s', async (name, content, message) => {
  const file = write(`${name}.csv`, content)
  await expect(checkOrders(file)).rejects.toMatchObject({
    code: 'BAD_INPUT_FILE',
    message: expect.stringMatching(message) as string,
  })
  await expect(checkOrders(file)).rejects.toThrow(file)
})

test('CSV: rows before a malformed one are still given', async () => {
  const source = readOrders(write('late.csv', `${HEADER}${good}o2,A,p,cheap,1,1,x\n`))
  expect((await source.next()).value).toMatchObject({ key: 'o1' })
  await expect(source.next()).rejects.toMatchObject({ code: 'BAD_INPUT_FILE' })
})

test('JSON Lines go through byte for byte', async () => {
  const rows = [
    Buffer.from('{"orderId":"o1", "price" : 1 }'),
    latin1('{"orderId":"o\xff"}'),
    Buffer.from('\ufeff{"orderId":"o3"}'),
    Buffer.from('{"orderId":"o4"}\r'),
    Buffer.from(''),
    Buffer.from('not json'),
    Buffer.from('{"orderId":5}'),
    Buffer.from('null'),
  ]
  const file = write(
    'a.jsonl',
    Buffer.concat(rows.map((row, i) => (i === 0 ? row : Buffer.concat([latin1('\n'), row])))),
  )
  const records = await all(file)
  expect(records.map((record) => record.value)).toEqual(rows)
  expect(records.map((record) => record.key)).toEqual(['o1', 'o\ufffd', null, 'o4', null, null, null, null])
  expect(await checkOrders(file)).toEqual({ format: 'jsonl', orders: rows.length })
})

test('JSON Lines: lines across chunks are whole, the last line feed makes no record', async () => {
  const rows = Array.from({ length: 3000 }, (_, i) => `{"orderId":"o${i}","pad":"${'x'.repeat(i % 500)}"}`)
  const records = await all(write('many.ndjson', `${rows.join('\n')}\n`))
  expect(records.map((record) => String(record.value))).toEqual(rows)
})

test('a file without a telling name is known by its first character', async () => {
  expect(await checkOrders(write('orders', '{"orderId":"o1"}\n'))).toMatchObject({ format: 'jsonl' })
  expect(await checkOrders(write('orders.txt', HEADER + good))).toMatchObject({ format: 'csv' })
})

test.each([
  ['missing', () => path.join(directory, 'nowhere.csv'), /does not exist/],
  ['directory', () => directory, /is a directory/],
  ['empty', () => write('empty.csv', ''), /holds no orders/],
  ['endless line', () => write('endless.jsonl', 'x'.repeat(MAX_RECORD_BYTES + 1)), /line 1: longer than/],
])('refused: %s', async (_, file, message) => {
  await expect(checkOrders(file())).rejects.toMatchObject({
    code: 'BAD_INPUT_FILE',
    message: expect.stringMatching(message) as string,
  })
})
