/**
 * HTML as text that foreign texts can't break: the tag `markup` escapes everything put into it but HTML.
 *
 * Promises: a string becomes a text or an attribute's value, whatever it holds; control characters and
 * direction marks are shown, not passed on (as `printable` does it). Blocks of a report become the elements
 * that say what they are: tables with header cells and a caption, in a region that scrolls by itself.
 */
import type { Block, Table } from './blocks.ts'
import { printable } from './numbers.ts'

export interface Html {
  readonly html: string
}

type Piece = string | number | Html | undefined | readonly Piece[]

/** Trusted markup: what the tag made, or a chart's SVG. */
export const raw = (text: string): Html => ({ html: text })

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const escaped = (text: string): string => printable(text).replaceAll(/[&<>"']/g, (c) => ENTITIES[c] ?? c)

function written(piece: Piece): string {
  if (piece === undefined) return ''
  if (typeof piece === 'string') return escaped(piece)
  if (typeof piece === 'number') return String(piece)
  return 'html' in piece ? piece.html : piece.map(written).join('')
}

/** In the text of a template a line break next to a tag is for the reader of the code only. */
const joined = (text: string): string =>
  text.replaceAll(/\s*\n\s*/g, (gap, at: number) => {
    const [before, after] = [text[at - 1], text[at + gap.length]]
    return before === '>' || after === '<' || (before ?? after) === undefined ? '' : ' '
  })

/** Use: markup`<td title="${foreign}">${foreign}</td>`. Values of attributes stand in double quotes. */
export const markup = (texts: TemplateStringsArray, ...pieces: readonly Piece[]): Html =>
  raw(texts.map((text, i) => joined(text) + written(pieces[i])).join(''))

/** A table that can be scrolled by keyboard where it is wider than the page. */
export const tableHtml = ({ columns, rows }: Table, caption: string): Html =>
  markup`<div class="scroll" role="group" aria-label="${caption}" tabindex="0">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${columns.map((column) => markup`<th scope="col" class="${column.align}">${column.title}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            markup`<tr>
              ${row.map((text, i) => {
                const { align = 'left', wraps = false } = columns[i] ?? {}
                return i === 0 && text !== ''
                  ? markup`<th scope="row">${text}</th>`
                  : markup`<td class="${align}${wraps ? ' wraps' : ''}">${text}</td>`
              })}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`

/** Commands, each with a button that copies it. */
export const codeHtml = (lines: readonly string[]): Html =>
  markup`<div class="code">
    <pre
      tabindex="0"
      role="group"
      aria-label="Command"
    ><code>${lines.map((line, i) => markup`${i > 0 ? raw('\n') : ''}${line}`)}</code></pre>
    <button type="button" class="copy" hidden>Copy</button>
  </div>`

/** Blocks of a report; a heading above a table is its caption, else `caption` is. */
export function blocksHtml(blocks: readonly Block[], caption: string): Html[] {
  let title = caption
  return blocks.map((block) => {
    switch (block.kind) {
      case 'heading': {
        title = block.text
        return markup`<h${block.level}>${block.text}</h${block.level}>`
      }
      case 'text':
        return markup`<p>${block.text}</p>`
      case 'list':
        return markup`<ul>
          ${block.items.map((item) => markup`<li>${item}</li>`)}
        </ul>`
      case 'code':
        return codeHtml(block.lines)
      default:
        return tableHtml(block.table, title)
    }
  })
}
