/** Markdown as the generated pages write it: tables, words of code, and the note that says who wrote the page. */

export const NOTE =
  '<!-- Written by `make docs` from the tables in the code. Change those, not this file. -->'

export const codeWord = (text: string): string => `\`${text}\``

const cell = (text: string): string => text.replaceAll('|', String.raw`\|`)

export function markdownTable(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n')
}
