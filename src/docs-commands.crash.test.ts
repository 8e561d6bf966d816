/**
 * The documentation's commands, run: every `eoslab` line of every page, in order, as a reader would.
 *
 * Promises: all pages in one folder that looks like a checkout, on the broker that `broker start` starts there, as
 * a reader's would be; a line that fails says which page shows it. `make` targets are resolved (`make -n`), not made.
 * Does not: compare what is printed; the numbers are another machine's. Lines that a page marks as not run, or
 * as run smaller, are as src/testing/doc-commands.ts says.
 */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { linesOf, PAGES, readPage, ROOT, type DocLine } from './testing/doc-commands.ts'

const root = mkdtempSync(path.join(os.tmpdir(), 'eoslab-docs-'))

/** Ten orders a day of two shops over three days, as a reader's own file might look. */
const ORDERS = [
  'orderId,storeId,productId,price,qty,ts',
  ...Array.from({ length: 300 }, (_, i) => {
    const day = Math.floor(i / 100) * 86_400
    return `o${i},${i % 2 ? 'A' : 'B'},p${i % 7},${100 + i},${1 + (i % 3)},${1_694_500_000 + day + i}`
  }),
].join('\n')

beforeAll(() => {
  mkdirSync(path.join(root, 'results'))
  mkdirSync(path.join(root, 'bin'))
  for (const name of ['bin/eoslab', 'experiments']) symlinkSync(path.join(ROOT, name), path.join(root, name))
  writeFileSync(path.join(root, 'orders.csv'), `${ORDERS}\n`)
})

afterAll(async () => {
  await run('bin/eoslab broker stop --quiet')
  rmSync(root, { recursive: true, force: true })
})

const run = (line: string, cwd = root) =>
  execa('bash', ['-o', 'pipefail', '-c', line], {
    cwd,
    env: {
      EOSLAB_RESULTS: path.join(root, 'results'),
      PATH: `${path.join(ROOT, 'bin')}:${process.env['PATH']}`,
      NO_COLOR: '1',
    },
    stdin: 'ignore',
    reject: false,
    all: true,
    timeout: 60_000,
  })

const CALLS = /(^|[\s(/])eoslab\s/

/** Flags go to the program, in front of what its output goes into. */
const withFlags = ({ line, flags }: DocLine): string =>
  flags === '' ? line : line.replace(/(?=\s*[>|].*$)|$/, ` ${flags}`)

async function mustRun(each: DocLine): Promise<void> {
  const make = /^make (.+)$/.exec(each.line)
  const ran = make ? await run(`make -n ${make[1]}`, ROOT) : await run(withFlags(each))
  const said = (ran.all ?? '').split('\n').slice(-15).join('\n')
  expect({ ...each, exit: ran.exitCode, said }).toEqual({ ...each, said })
}

/** An experiment that an earlier page has shown is not run a second time; whatever changes the broker is. */
const seen = new Set<string>()
const again = ({ line, notRun }: DocLine): boolean => {
  if (notRun !== undefined || !/eoslab (crash-matrix|run) /.test(line)) return false
  const known = seen.has(line)
  seen.add(line)
  return known
}

const shown = PAGES.map((page) => ({
  page,
  lines: linesOf(page, readPage(page)).filter((each) => !again(each)),
}))
const runnable = ({ line, notRun }: DocLine): boolean =>
  notRun === undefined && (CALLS.test(`${line} `) || line.startsWith('make '))

test('lines are found, with how they are to be run', () => {
  expect(
    linesOf('p', '<!-- run with: --orders 9 -->\n```sh\nx  # ends with exit 3\n\n# only talk\n```\n'),
  ).toEqual([{ page: 'p', line: 'x', exit: 3, flags: '--orders 9', notRun: undefined }])
  expect(withFlags({ page: '', line: 'a > b', exit: 0, flags: '-x', notRun: undefined })).toBe('a -x > b')
})

/** Without a broker every experiment would start one of its own: right, and slow. */
const experiments = ({ line }: DocLine): boolean =>
  /crash-matrix --at|eoslab run|recover --manifest/.test(line)

describe.each(shown.filter(({ lines }) => lines.some(runnable)))('$page', ({ lines }) => {
  beforeAll(async () => {
    if (lines.filter(runnable).some(experiments))
      expect(await run('bin/eoslab broker start')).toMatchObject({ exitCode: 0 })
  })

  test.each(lines.filter(runnable).map((each) => [each.line, each] as const))('%s', async (_line, each) => {
    await mustRun(each)
  })
})
