/**
 * The command lines that the documentation shows, as a reader would copy them.
 *
 * Promises: every line of every fenced `sh` block is found, in order, without its comment. A comment above a
 * block says what the test that runs them (src/docs-commands.crash.test.ts) may not do as it is written:
 * `<!-- not run: REASON -->`, or `<!-- run with: FLAGS -->` for flags that make it smaller. A line whose comment
 * says "exit 1" has to end with that code, all others with 0.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

export const ROOT = path.resolve(import.meta.dirname, '../..')

export interface DocLine {
  readonly page: string
  readonly line: string
  readonly exit: number
  /** Flags that the test adds. */
  readonly flags: string
  /** Why it is not run, if it is not. */
  readonly notRun: string | undefined
}

/** Markdown files for readers, by path from the root. */
export const PAGES: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  ...['SECURITY.md'].filter((name) => existsSync(path.join(ROOT, name))),
  ...readdirSync(path.join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => path.join('docs', name))
    .toSorted(),
]

export const readPage = (name: string): string => readFileSync(path.join(ROOT, name), 'utf8')

const BLOCK = /(?:^<!-- (not run|run with): (.*?) -->\n+)?^```sh\n(.*?)^```$/gms

export const linesOf = (page: string, text: string): DocLine[] =>
  [...text.matchAll(BLOCK)].flatMap(([, how, words = '', block = '']) =>
    block
      .split('\n')
      .map((all) => ({ line: all.replace(/(^|\s)#.*$/, '').trim(), told: /#.*\bexit (\d+)/.exec(all)?.[1] }))
      .filter(({ line }) => line !== '')
      .map(({ line, told }) => ({
        page,
        line,
        exit: Number(told ?? 0),
        flags: how === 'run with' ? words : '',
        notRun: how === 'not run' ? words : undefined,
      })),
  )
