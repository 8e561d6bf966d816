/**
 * A report as data: headings, sentences, lists, commands and tables of text. Markdown and the terminal
 * draw the same blocks, so that no number exists in only one of them.
 *
 * Promises: every text is plain (no markup, no escapes); drawing escapes what its format needs.
 */
export interface Column {
  readonly title: string
  readonly align: 'left' | 'right'
  /** A sentence: may be wrapped where room is short. */
  readonly wraps?: boolean
}

export interface Table {
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly string[])[]
}

export type Block =
  | { readonly kind: 'heading'; readonly level: 1 | 2 | 3; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | { readonly kind: 'code'; readonly lines: readonly string[] }
  | { readonly kind: 'table'; readonly table: Table }

export const heading = (level: 1 | 2 | 3, text: string): Block => ({ kind: 'heading', level, text })
export const text = (words: string): Block => ({ kind: 'text', text: words })
export const list = (items: readonly string[]): Block => ({ kind: 'list', items })
export const code = (lines: readonly string[]): Block => ({ kind: 'code', lines })
export const table = (columns: readonly Column[], rows: readonly (readonly string[])[]): Block => ({
  kind: 'table',
  table: { columns, rows },
})

export const left = (title: string): Column => ({ title, align: 'left' })
export const right = (title: string): Column => ({ title, align: 'right' })
export const words = (title: string): Column => ({ title, align: 'left', wraps: true })
