/**
 * Markdown (GitHub's) of a report's blocks, through the markdown-table package.
 *
 * Promises: texts come out as texts, whatever they hold: a `|`, a backtick or a tag in a key neither breaks
 * a table nor becomes markup.
 */
import { markdownTable } from 'markdown-table'
import type { Block, Table } from '../../core/report/blocks.ts'

/** Characters that would be read as markup; `_` is left alone, since inside words it is none. */
const escaped = (text: string): string =>
  text.replaceAll(/[\\`*[\]<>|]/g, String.raw`\$&`).replaceAll(/\s*\n\s*/g, ' ')

// The table package escapes nothing.
const tableText = (table: Table): string =>
  markdownTable([table.columns.map((column) => column.title), ...table.rows.map((row) => row.map(escaped))], {
    align: table.columns.map((column) => column.align),
  })

/** Longer than any run of backticks inside, so that no line can end the fence. */
const fenceFor = (lines: readonly string[]): string => {
  const longest = Math.max(0, ...lines.flatMap((line) => line.match(/`+/g) ?? []).map((run) => run.length))
  return '`'.repeat(Math.max(3, longest + 1))
}

const DRAW: { readonly [K in Block['kind']]: (block: Extract<Block, { kind: K }>) => string } = {
  heading: (block) => `${'#'.repeat(block.level)} ${escaped(block.text)}`,
  text: (block) => escaped(block.text),
  list: (block) => block.items.map((item) => `- ${escaped(item)}`).join('\n'),
  code: (block) => {
    const fence = fenceFor(block.lines)
    return [fence, ...block.lines, fence].join('\n')
  },
  table: (block) => tableText(block.table),
}

const blockText = <K extends Block['kind']>(block: Extract<Block, { kind: K }>): string =>
  (DRAW[block.kind] as (block: Block) => string)(block)

export const markdown = (blocks: readonly Block[]): string =>
  `${blocks.map((block) => blockText(block)).join('\n\n')}\n`
