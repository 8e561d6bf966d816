/**
 * Panels side by side on a terminal: as many columns as fit, each panel where its column ends first.
 *
 * Promises: no line is wider than asked, and nothing is cut away: long lines wrap with a hanging indent.
 * Colour only repeats what the words say.
 */
import type { ChalkInstance } from 'chalk'
import type { Panel, PanelLine, Tone } from '../../core/freeze/panels.ts'
import type { Drawing } from './table.ts'
import { displayWidth, wrap } from './wrap.ts'

/** Narrowest column that is still read with ease. */
const COLUMN = 38
const GAP = 1
const FRAME = 4

const paint = (tone: Tone, colour: ChalkInstance): ((text: string) => string) => {
  if (tone === 'committed') return (text) => colour.green(text)
  if (tone === 'aborted') return (text) => colour.red(text)
  if (tone === 'open') return (text) => colour.yellow(text)
  return tone === 'edge' ? (text) => colour.cyan(text) : (text) => text
}

export function panelsText(panels: readonly Panel[], drawing: Drawing): string {
  const parts: string[] = []
  let narrow: Panel[] = []
  const flush = (): void => {
    if (narrow.length > 0) parts.push(columnsOf(narrow, drawing))
    narrow = []
  }
  for (const panel of panels) {
    if (!panel.wide) {
      narrow.push(panel)
      continue
    }
    flush()
    parts.push(draw(panel, drawing.width, drawing.colour).join('\n'))
  }
  flush()
  return `${parts.join('\n')}\n`
}

function columnsOf(panels: readonly Panel[], { width, colour }: Drawing): string {
  const count = Math.max(1, Math.floor((width + GAP) / (COLUMN + GAP)))
  const room = Math.floor((width + GAP) / count) - GAP
  const columns: string[][] = Array.from({ length: Math.min(count, panels.length) }, () => [])
  for (const panel of panels) {
    const shortest = columns.reduce((best, column) => (column.length < best.length ? column : best))
    shortest.push(...draw(panel, room, colour))
  }
  const height = Math.max(...columns.map((column) => column.length))
  const rows = Array.from({ length: height }, (_, row) =>
    columns.map((column) => column[row] ?? ' '.repeat(room)).join(' '.repeat(GAP)),
  )
  return rows.map((row) => row.trimEnd()).join('\n')
}

function draw({ title, lines }: Panel, width: number, colour: ChalkInstance): string[] {
  const inner = width - FRAME
  const [head, ...rest] = wrap(title, inner)
  const rule = '─'.repeat(Math.max(0, width - FRAME - displayWidth(head ?? '')))
  const boxed = (text: string, dress: (text: string) => string): string =>
    `│ ${dress(text)}${' '.repeat(Math.max(0, inner - displayWidth(text)))} │`
  return [
    `┌ ${colour.bold(head ?? '')} ${rule}┐`,
    ...rest.map((text) => boxed(text, (t) => colour.bold(t))),
    ...lines.flatMap((line) => hanging(line, inner).map((text) => boxed(text, paint(line.tone, colour)))),
    `└${'─'.repeat(width - 2)}┘`,
  ]
}

/** What follows the first line of a text stands two columns further in than it. */
function hanging({ text }: PanelLine, width: number): string[] {
  const lead = /^ */.exec(text)![0]
  const words = text.slice(lead.length)
  const [first = '', ...others] = wrap(words, width - lead.length)
  if (others.length === 0) return [lead + first]
  const rest = words.slice(first.length).trimStart()
  return [lead + first, ...wrap(rest, width - lead.length - 2).map((each) => `${lead}  ${each}`)]
}
