/**
 * Orders from a file, streamed: CSV with a header line, or JSON Lines.
 *
 * Promises: constant memory, whatever the size of the file. JSON Lines go through byte for byte, each line
 * without its line feed and nothing else, because dirt is OpA's business. In CSV ids stay strings (leading
 * zeros included), price, qty and ts become JSON numbers with exactly the digits of the file, every other
 * column is kept as a string; a malformed row is a BAD_INPUT_FILE with its line.
 * Does not: judge values (a negative price is an order that OpA rejects), or unpack compressed files.
 *
 *   orderId,storeId,productId,price,qty,ts,cds      {"orderId":"007","productId":"p1","price":1177,"qty":1,
 *   007,A,p1,1177,1,852076800,2                 ->   "storeId":"A","ts":852076800,"cds":"2"}
 */
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { LabError, messageOf } from '../../core/errors.ts'
import type { SourceRecord } from '../../core/workload/source.ts'
import { readCsvOrders } from './orders-csv.ts'

/** Kafka refuses larger records anyway, and a line must fit into memory. */
export const MAX_RECORD_BYTES = 1_000_000

export type OrdersFormat = 'csv' | 'jsonl'

const LINE_FEED = 0x0a

/** By the name; else a file that begins with a brace is JSON Lines, and any other is CSV. */
async function formatOf(file: string): Promise<OrdersFormat> {
  const handle = await open(file, 'r').catch((error: unknown) => {
    throw unreadable(file, error)
  })
  try {
    const stat = await handle.stat()
    if (!stat.isFile()) {
      const kind = stat.isDirectory() ? 'a directory' : 'no regular file'
      throw new LabError('BAD_INPUT_FILE', `${file}: is ${kind}, not a file of orders`, {
        hint: 'Give a CSV or JSON Lines file; it is read twice, once to check it and once to send it.',
      })
    }
    if (stat.size === 0) throw empty(file)
    if (/\.(jsonl|ndjson)$/i.test(file)) return 'jsonl'
    if (/\.csv$/i.test(file)) return 'csv'
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(64), 0, 64, 0)
    return /^\s*\{/.test(buffer.toString('latin1', 0, bytesRead)) ? 'jsonl' : 'csv'
  } finally {
    await handle.close()
  }
}

const empty = (file: string): LabError =>
  new LabError('BAD_INPUT_FILE', `${file}: holds no orders`, {
    hint: 'A CSV file needs a header line and rows; a JSON Lines file needs one order a line.',
  })

function unreadable(file: string, error: unknown): LabError {
  const why = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'does not exist' : messageOf(error)
  return new LabError('BAD_INPUT_FILE', `${file}: ${why}`, {
    hint: 'Check the path given to --from.',
    cause: error,
  })
}

async function* chunks(file: string): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(file, { highWaterMark: 256 * 1024 }) as AsyncIterable<Buffer>
  } catch (error) {
    throw unreadable(file, error)
  }
}

/** Lines as bytes; a last line without its line feed counts, an empty one in between too. */
async function* lines(file: string): AsyncGenerator<Buffer> {
  let rest: Buffer[] = []
  let held = 0
  let number = 1
  const grow = (part: Buffer): void => {
    rest.push(part)
    held += part.length
    if (held <= MAX_RECORD_BYTES) return
    throw new LabError(
      'BAD_INPUT_FILE',
      `${file}: line ${number}: longer than ${MAX_RECORD_BYTES} bytes, the most that a record may hold`,
      { hint: 'JSON Lines have one order a line, ended by a line feed.' },
    )
  }
  for await (const chunk of chunks(file)) {
    let start = 0
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      grow(chunk.subarray(start, end))
      yield rest.length === 1 ? rest[0]! : Buffer.concat(rest)
      rest = []
      held = 0
      number++
      start = end + 1
    }
    if (start < chunk.length) grow(chunk.subarray(start))
  }
  if (held > 0) yield Buffer.concat(rest)
}

/** The key is the orderId where there is one; dirt that hides it gets no key. */
function keyOf(line: Buffer): string | null {
  try {
    const order = JSON.parse(line.toString()) as { orderId?: unknown } | null
    return typeof order?.orderId === 'string' ? order.orderId : null
  } catch {
    return null
  }
}

async function* readJsonLines(file: string): AsyncGenerator<SourceRecord, void> {
  for await (const line of lines(file)) yield { key: keyOf(line), value: line }
}

/** Opens the file anew; the iterator may be kept open between two loads. */
export async function* readOrders(file: string): AsyncGenerator<SourceRecord, void> {
  const format = await formatOf(file)
  if (format === 'jsonl') yield* readJsonLines(file)
  else yield* readCsvOrders(file, chunks(file), MAX_RECORD_BYTES)
}

/** Reads the whole file once and counts its orders; a malformed one fails here, before anything is sent. */
export async function checkOrders(file: string): Promise<{ format: OrdersFormat; orders: number }> {
  const format = await formatOf(file)
  let orders = 0
  const source = format === 'jsonl' ? lines(file) : readOrders(file)
  for await (const _ of source) orders++
  if (orders === 0) throw empty(file)
  return { format, orders }
}
