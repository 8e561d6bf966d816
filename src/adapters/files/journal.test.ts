/** A journal that can't be written any more: by a limit on file sizes, which is what a quota looks like. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { readJournals } from './journal.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'eoslab-journal-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

/** Appends until that fails; says how many times it did not, and what the error was. */
const CHILD = `
  import { openJournal } from ${JSON.stringify(new URL('journal.ts', import.meta.url).href)}
  const clock = { monotonicMs: () => performance.now(), wallMs: () => Date.now() }
  const journal = openJournal({ dir: process.argv[1], who: 'opb', instance: 'a', clock })
  let whole = 0
  try {
    for (;;) {
      journal.append({ f: 'poll', type: 'ok', task: 0 })
      whole++
    }
  } catch (error) {
    console.log(JSON.stringify({ whole, code: error.code, message: error.message, hint: error.hint }))
  }
`

it('says which file cannot be written; what was written before is read, and half a line is not', () => {
  const shell = 'ulimit -f 8; exec "$0" "$@"'
  const args = ['-c', shell, process.execPath, '--input-type=module-typescript', '-e', CHILD, dir]
  const { stdout, status } = spawnSync('bash', args, { encoding: 'utf8' })
  expect(status).toBe(0)
  const told = JSON.parse(stdout) as { whole: number }
  expect(told).toMatchObject({
    code: 'STATE_UNUSABLE',
    message: expect.stringMatching(/cannot write the journal .*opb\.a\.1\.jsonl: EFBIG/) as string,
    hint: expect.stringContaining('make room') as string,
  })
  expect(told.whole).toBeGreaterThan(10)
  expect(readJournals(dir)).toHaveLength(told.whole)
})
