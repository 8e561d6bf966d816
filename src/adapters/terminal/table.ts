/**
 * A report's blocks on a terminal, tables through cli-table3.
 *
 * Promises: no line is wider than the width it is given, and nothing is cut away for it: sentences wrap, and
 * a table that is still too wide goes on below, the columns that tell its rows apart repeated.
 */
import Table from 'cli-table3'
import type { ChalkInstance } from 'chalk'
import type { Block, Column, Table as TableData } from '../../core/report/blocks.ts'
import { tinted } from './colour.ts'
import { displayWidth, wrap, wrapName } from './wrap.ts'

export interface Drawing {
  readonly width: number
  readonly colour: ChalkInstance
}

/** Narrowest a wrapped sentence may get before the table is split instead. */
const READABLE = 24
const PADDING = 2

interface Part {
  readonly columns: readonly number[]
  readonly widths: readonly number[]
}

/** Blocks as text, a blank line between them. */
export const terminalText = (blocks: readonly Block[], drawing: Drawing): string =>
  `${blocks.map((block) => blockText(block, drawing)).join('\n\n')}\n`

function blockText(block: Block, drawing: Drawing): string {
  if (block.kind === 'table') return tableText(block.table, drawing)
  if (block.kind === 'list')
    return block.items.map((item) => tinted(hanging(item, drawing.width), drawing.colour)).join('\n')
  // A command is copied and pasted: it is never wrapped.
  if (block.kind === 'code') return block.lines.map((line) => `  ${line}`).join('\n')
  const wrapped = wrap(block.text, drawing.width).join('\n')
  return block.kind === 'heading' ? drawing.colour.bold(wrapped) : wrapped
}

export function tableText(table: TableData, drawing: Drawing): string {
  const cells = table.rows.map((row) => table.columns.map((_, i) => row[i] ?? ''))
  const natural = table.columns.map((column, i) =>
    Math.max(displayWidth(column.title), ...cells.map((row) => displayWidth(row[i] ?? ''))),
  )
  const least = table.columns.map((column, i) => {
    const size = natural[i] ?? 0
    if (column.wraps) return Math.min(size, READABLE)
    return Math.max(longestPart(column.title), ...cells.map((row) => displayWidth(row[i] ?? '')))
  })
  return partsOf(
    { columns: table.columns, natural, least, width: drawing.width },
    keysOf(table.columns, cells),
  )
    .map((part) => drawPart(table.columns, cells, part, drawing))
    .join('\n')
}

const longestPart = (title: string): number =>
  Math.max(...title.split(/(?<=_)/).map((part) => displayWidth(part)))

/** How many columns on the left name a row: as few as differ in every row, or the first if none do. */
function keysOf(columns: readonly Column[], cells: readonly (readonly string[])[]): number {
  const end = columns.findIndex((column) => column.align !== 'left' || column.wraps === true)
  const names = end === -1 ? columns.length : end
  for (let keys = 1; keys <= names; keys++) {
    if (new Set(cells.map((row) => row.slice(0, keys).join('\n'))).size === cells.length) return keys
  }
  return 1
}

/** Columns in as many tables as the width asks for, each beginning with the columns that name its rows. */
function partsOf(sizes: Sizes, naming: number): Part[] {
  const { columns, least, width } = sizes
  // Names must leave room for something to be named.
  const keys = frame(least.slice(0, naming)) <= width / 2 ? naming : 1
  const lead = Array.from({ length: keys }, (_, i) => i)
  const parts: number[][] = []
  for (let i = keys; i < columns.length; i++) {
    const open = parts.at(-1)
    if (open && frame([...open, i].map((each) => least[each] ?? 0)) <= width) open.push(i)
    else parts.push([...lead, i])
  }
  if (parts.length === 0) parts.push(lead)
  return parts.map((part) => ({ columns: part, widths: widthsOf(part, sizes) }))
}

const frame = (widths: readonly number[]): number =>
  widths.reduce((sum, width) => sum + width + PADDING + 1, 1)

interface Sizes {
  readonly columns: readonly Column[]
  readonly natural: readonly number[]
  readonly least: readonly number[]
  readonly width: number
}

/** Room that is left goes to titles, then to sentences; one column wider than the terminal wraps anyway. */
function widthsOf(part: readonly number[], sizes: Sizes): number[] {
  const widths = part.map((i) => sizes.least[i] ?? 0)
  let spare = sizes.width - frame(widths)
  const grow = (sentences: boolean): void => {
    part.forEach((i, at) => {
      if ((sizes.columns[i]?.wraps ?? false) !== sentences) return
      const wanted = Math.max(0, (sizes.natural[i] ?? 0) - (widths[at] ?? 0))
      // A title is on one line or broken at its underscores; anything between only widens the column.
      const given = sentences || wanted <= spare ? Math.max(0, Math.min(wanted, spare)) : 0
      widths[at] = (widths[at] ?? 0) + given
      spare -= given
    })
  }
  grow(false)
  grow(true)
  for (let at = widths.length - 1; at >= 0 && spare < 0; at--) {
    const taken = Math.min(-spare, Math.max(0, (widths[at] ?? 0) - 8))
    widths[at] = (widths[at] ?? 0) - taken
    spare += taken
  }
  return widths
}

function drawPart(
  columns: readonly Column[],
  cells: readonly (readonly string[])[],
  part: Part,
  drawing: Drawing,
): string {
  const shown = part.columns.map((i) => columns[i]).filter((column) => column !== undefined)
  const table = new Table({
    head: shown.map((column, at) =>
      wrapName(column.title, part.widths[at] ?? 0)
        .map((line) => drawing.colour.bold(line))
        .join('\n'),
    ),
    colWidths: part.widths.map((width) => width + PADDING),
    colAligns: shown.map((column) => column.align),
    // Colours come from here, never from the table's own defaults.
    style: { head: [], border: [], compact: true },
  })
  for (const row of cells) {
    table.push(
      part.columns.map((i, at) => {
        const room = part.widths[at] ?? 0
        return wrap(row[i] ?? '', room)
          .map((line) => tinted(line, drawing.colour))
          .join('\n')
      }),
    )
  }
  return table.toString()
}

const hanging = (item: string, width: number): string => {
  const lead = /^[✓✗]/.test(item) ? '' : '- '
  return wrap(item, width - 2)
    .map((line, i) => (i === 0 ? `${lead}${line}` : `  ${line}`))
    .join('\n')
}
