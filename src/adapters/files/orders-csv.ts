/**
 * The CSV half of orders-file.ts: rows to JSON orders.
 *
 * Promises: a malformed row (wrong number of columns, a bad quote, a price that is no number, bytes that are
 * no UTF-8) or header is a BAD_INPUT_FILE that names file and line; nothing is dropped or rounded.
 * Does not: guess separators; columns are divided by commas.
 */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { CsvError, type InfoRecord, parse } from 'csv-parse'
import { LabError, messageOf } from '../../core/errors.ts'
import type { SourceRecord } from '../../core/workload/source.ts'

const COLUMNS = ['orderId', 'productId', 'price', 'qty', 'storeId', 'ts'] as const
const NUMERIC: readonly string[] = ['price', 'qty', 'ts']

/** What JSON calls a number, and zeros in front of it. */
const NUMBER = /^(-?)0*((?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)$/

interface Row {
  readonly record: string[]
  readonly info: InfoRecord
}

const ROW_HINT =
  'Correct the line. Orders that should be rejected by OpA belong into JSON Lines, sent as they are.'
const HEADER_HINT =
  'The first line names the columns; orderId, productId, price, qty, storeId and ts must be among them.'

const bad = (place: string, message: string, cause?: unknown): LabError =>
  new LabError('BAD_INPUT_FILE', `${place}: ${message}`, { hint: ROW_HINT, cause })

const badHeader = (place: string, message: string): LabError =>
  new LabError('BAD_INPUT_FILE', `${place}: ${message}`, { hint: HEADER_HINT })

/** Strict UTF-8: the CSV parser would put U+FFFD in place of what it cannot read. */
async function* decoded(file: string, chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const utf8 = new TextDecoder('utf-8', { fatal: true })
  let line = 1
  for await (const chunk of chunks) {
    let text: string
    try {
      text = utf8.decode(chunk, { stream: true })
    } catch (error) {
      throw bad(`${file}: line ${line} or later`, 'is not UTF-8', error)
    }
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) line++
    yield text
  }
  try {
    utf8.decode()
  } catch (error) {
    throw bad(`${file}: line ${line}`, 'the file ends within a character', error)
  }
}

function readHeader(place: string, header: readonly string[]): string[] {
  const names = header.map((name) => name.trim())
  const missing = COLUMNS.filter((name) => !names.includes(name))
  const other = missing.length === COLUMNS.length ? /[;\t|]/.exec(names.join(','))?.[0] : undefined
  if (other !== undefined)
    throw badHeader(place, `the columns are separated by ${JSON.stringify(other)}, not by commas`)
  if (missing.length > 0) throw badHeader(place, `the header has no column ${missing.join(', ')}`)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined)
    throw badHeader(place, `the header names the column ${JSON.stringify(twice)} twice`)
  return names
}

/** Turns rows into JSON, members in the order of the contract, extra columns behind them. */
function toJson(names: readonly string[]): (row: readonly string[], place: string) => string {
  const extras = names.filter((name) => !(COLUMNS as readonly string[]).includes(name))
  const members = [...COLUMNS, ...extras].map((name) => ({
    name,
    index: names.indexOf(name),
    label: `${JSON.stringify(name)}:`,
    numeric: NUMERIC.includes(name),
  }))
  return (row, place) => {
    const parts = members.map(({ name, index, label, numeric }) => {
      const cell = row[index]!
      if (!numeric) return label + JSON.stringify(cell)
      const match = NUMBER.exec(cell.trim())
      if (!match) throw bad(place, `${name} is no number: ${JSON.stringify(cell.slice(0, 60))}`)
      return label + match[1]! + match[2]!
    })
    return `{${parts.join(',')}}`
  }
}

function csvFailure(file: string, error: unknown): unknown {
  if (!(error instanceof CsvError)) return error
  const line = (error as { lines?: number }).lines
  return bad(line === undefined ? file : `${file}: line ${line}`, messageOf(error), error)
}

export async function* readCsvOrders(
  file: string,
  chunks: AsyncIterable<Buffer>,
  maxRecordBytes: number,
): AsyncGenerator<SourceRecord, void> {
  const parser = parse({ info: true, skip_empty_lines: true, max_record_size: maxRecordBytes })
  // a failure of the pipeline reaches the loop below as a failure of the parser
  const feeding = pipeline(Readable.from(decoded(file, chunks)), parser).catch(() => undefined)
  let names: string[] | undefined
  let json: ReturnType<typeof toJson> | undefined
  try {
    for await (const { record, info } of parser as AsyncIterable<Row>) {
      const place = `${file}: line ${info.lines}`
      if (!names || !json) {
        names = readHeader(place, record)
        json = toJson(names)
        continue
      }
      yield { key: record[names.indexOf('orderId')]!, value: json(record, place) }
    }
  } catch (error) {
    throw csvFailure(file, error)
  } finally {
    parser.destroy()
    await feeding
  }
}
