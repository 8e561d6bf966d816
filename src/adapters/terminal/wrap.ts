/**
 * Text in columns of a terminal: how wide it is, and where it breaks.
 *
 * Promises: no line is wider than asked (two columns at least, the widest single character); every
 * character is in one of the lines, spaces at a break excepted. Widths agree with cli-table3's for plain
 * text; colour codes are added after breaking, never before.
 */
const NO_COLUMN = /^(?:\p{M}|\u200b|\u200c|\u200d|\ufe0f)$/u
const TWO_COLUMNS =
  /^(?:[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation})$/u

const columnsOf = (character: string): number => {
  if (character <= '\u02ff') return 1
  if (NO_COLUMN.test(character)) return 0
  return TWO_COLUMNS.test(character) ? 2 : 1
}

export function displayWidth(text: string): number {
  let width = 0
  for (const character of text) width += columnsOf(character)
  return width
}

/** Lines of at most `width` columns, broken at spaces where there are some. */
export const wrap = (text: string, width: number): string[] => flow(text.split(' '), ' ', width)

/** A field name over several lines, broken after its underscores. */
export const wrapName = (name: string, width: number): string[] => flow(name.split(/(?<=_)/), '', width)

function flow(words: readonly string[], between: string, width: number): string[] {
  const room = Math.max(width, 2)
  const lines: string[] = []
  let line = ''
  for (const word of words) {
    const joined = line === '' ? word : `${line}${between}${word}`
    if (displayWidth(joined) <= room) {
      line = joined
      continue
    }
    if (line !== '') lines.push(line)
    const pieces = chopped(word, room)
    lines.push(...pieces.slice(0, -1))
    line = pieces.at(-1) ?? ''
  }
  return [...lines, line]
}

/** A word in pieces that fit. */
function chopped(word: string, room: number): string[] {
  const pieces: string[] = []
  let piece = ''
  for (const character of word) {
    if (displayWidth(piece) + columnsOf(character) > room) {
      pieces.push(piece)
      piece = ''
    }
    piece += character
  }
  return [...pieces, piece]
}
