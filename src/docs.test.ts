/**
 * The documentation against the code: generated parts fresh, every command line parses, every path exists.
 * Parsed, not run; what the commands do is held by their own tests.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { Parser } from '@oclif/core'
import type { Command } from '@oclif/core/command'
import * as Flags from '@oclif/core/flags'
import { describe, expect, it, test } from 'vitest'
import { resolvePoints } from './core/crash/points.ts'
import { PAGES } from './testing/doc-commands.ts'
import { docFiles } from './testing/doc-files.ts'

const ROOT = path.resolve(import.meta.dirname, '..')
const read = (name: string): string => readFileSync(path.join(ROOT, name), 'utf8')

test.each(Object.entries(await docFiles(read)))('%s is fresh (make docs)', (name, text) => {
  expect(read(name)).toBe(text)
})

/** Lines of the fenced blocks, without comments; blocks of text and of changes are no commands. */
const fencedLines = (text: string): string[] =>
  [...text.matchAll(/^```(?!text|diff|mermaid)\w*\n(.*?)^```$/gms)]
    .flatMap((block) => block[1]!.split('\n'))
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())

/** Words of each simple command of a line that calls eoslab, the program's name left out. */
function calls(line: string): string[][] {
  return line
    .split(/&&|\||;|\$\(/)
    .map((part) =>
      part
        .replaceAll(/\)|\d?>+\s*\S+/g, '')
        .trim()
        .split(/\s+/),
    )
    .map((words) => words.slice(words.findIndex((word) => !/^(\$|export|\w+=\S*)$/.test(word))))
    .filter(([program]) => program !== undefined && path.basename(program) === 'eoslab')
    .map(([, ...words]) => words)
}

const commandFile = (words: readonly string[]): string =>
  path.join(ROOT, 'src/commands', `${words.join('/')}.ts`)

/** The command class and what is left for it to parse; undefined if there is no such command. */
async function commandOf(words: readonly string[]): Promise<[typeof Command, string[]] | undefined> {
  for (const length of [2, 1]) {
    const file = commandFile(words.slice(0, length))
    if (words.length < length || !existsSync(file)) continue
    const module = (await import(pathToFileURL(file).href)) as { default: typeof Command }
    return [module.default, words.slice(length)]
  }
  return undefined
}

/** Throws, as the program would, if the line is not one that it takes. */
async function mustParse(words: readonly string[]): Promise<void> {
  const found = await commandOf(words)
  if (!found) throw new Error(`there is no command "${words.join(' ')}"`)
  const [command, argv] = found
  const flags = { ...command.baseFlags, ...command.flags, json: Flags.boolean() }
  const parsed = await Parser.parse([...argv], { flags, args: command.args, strict: command.strict })
  const { at = [], 'crash-at': crashAt = [] } = parsed.flags as Partial<
    Record<'at' | 'crash-at', string | string[]>
  >
  resolvePoints([at, crashAt].flat())
  for (const word of argv.filter((w) => w.startsWith('experiments/'))) {
    if (!existsSync(path.join(ROOT, word.replace(/\/\*.*$/, '')))) throw new Error(`${word} does not exist`)
  }
}

describe('command lines', () => {
  const shown = PAGES.flatMap((page) =>
    fencedLines(read(page))
      .flatMap(calls)
      .map((words) => [page, words.join(' ')] as const),
  )

  it('are found', () => {
    expect(shown.filter(([page]) => page === 'README.md').length).toBeGreaterThan(10)
    expect(calls('A=1 bin/eoslab check --prefix p1. | jq . && eoslab report > x.md')).toEqual([
      ['check', '--prefix', 'p1.'],
      ['report'],
    ])
  })

  it.each(shown)('%s: eoslab %s', async (_page, line) => {
    await expect(mustParse(line.split(' '))).resolves.toBeUndefined()
  })

  it.each([
    'crash-matrix --nope',
    'crash-matrix --at opb.commit.middle',
    'opa --crash-at nowhere',
    'chck --prefix p1.',
    'check results/latest results/latest',
    'broker',
    'run experiments/none/a.yaml',
    'report --format pdf',
  ])('would not pass: eoslab %s', async (line) => {
    await expect(mustParse(line.split(' '))).rejects.toThrow()
  })
})

describe.each(PAGES)('%s', (page) => {
  const text = read(page)

  it('shows changes of the code that can be made to it', () => {
    for (const [, diff] of text.matchAll(/^```diff\n(.*?)^```$/gms)) {
      expect(() =>
        execFileSync('git', ['apply', '--check', '-'], {
          cwd: ROOT,
          input: diff!,
          stdio: 'pipe',
        }),
      ).not.toThrow()
    }
  })

  it('names make targets and npm scripts that exist', () => {
    const makefile = read('Makefile')
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    const told = [...text.matchAll(/(?:^|`|&& )(make|npm run) ([a-z0-9-]+)/gm)]
    const missing = told.filter(([, tool, name]) =>
      tool === 'make' ? !new RegExp(`^${name}:`, 'm').test(makefile) : scripts[name!] === undefined,
    )
    expect(missing.map(([all]) => all)).toEqual([])
  })

  it('names files and links that exist', () => {
    const paths = [...text.matchAll(/`((?:src|scripts|contracts|experiments|patches|docs|bin)\/[\w./-]*)`/g)]
    const links = [...text.matchAll(/\]\(([^)#:]+)(?:#[\w-]+)?\)/g)].map((m) =>
      path.join(path.dirname(page), m[1]!),
    )
    const missing = [...paths.map((m) => m[1]!), ...links].filter(
      (name) => !existsSync(path.join(ROOT, name)),
    )
    expect(missing).toEqual([])
  })

  it('links to headings that exist', () => {
    const anchor = (heading: string): string =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w -]/g, '')
        .trim()
        .replaceAll(' ', '-')
    const dangling = [...text.matchAll(/\]\(([^)#:]*)#([\w-]+)\)/g)].filter(([, file, name]) => {
      const target = file === '' ? text : read(path.join(path.dirname(page), file!))
      return ![...target.matchAll(/^#+ (.+)$/gm)].some((m) => anchor(m[1]!) === name)
    })
    expect(dangling.map(([all]) => all)).toEqual([])
  })
})
