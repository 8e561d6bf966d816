/** A pipeline halted at its point on a real broker: looked at, then killed there, or let go on. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { timedOut, whoKnowsWhat } from '../../core/freeze/subject.ts'
import { documentProblem } from '../../testing/cli-json.ts'
import { frozenJson } from './show.ts'
import { freeze, type Audience, type FreezeFlags, type Frozen } from './freeze.ts'

const root = mkdtempSync(path.join(tmpdir(), 'eoslab-freeze-'))

beforeAll(() => {
  process.env['EOSLAB_RESULTS'] = path.join(root, 'results')
})

afterAll(() => {
  delete process.env['EOSLAB_RESULTS']
  rmSync(root, { recursive: true, force: true })
})

const frozen = (at: string, decide: Audience['decide'], more: Partial<FreezeFlags & Audience> = {}) =>
  freeze(
    {
      at,
      seed: '7',
      orders: '600',
      partitions: '1',
      window: '60s',
      cold: false,
      brokers: inject('brokers'),
      stateDir: path.join(root, 'state'),
      argv: [],
      transactionTimeout: '10m',
      ...more,
    },
    { say: () => {}, halted: () => {}, decide, ...more },
  )

const known = ({ before, subject }: Frozen): Record<string, string> =>
  Object.fromEntries(whoKnowsWhat(before!, subject!).map(({ who, what }) => [who, what]))

it('halts with EndTxn answered and nobody told, and killed there it is a hit like any other', async () => {
  const seen = await frozen('opb.commit.mid', async () => 'kill')
  expect(documentProblem('freeze', JSON.parse(JSON.stringify(frozenJson(seen))))).toBeUndefined()
  const [cell] = seen.result!.cells
  expect([cell!.verdict, cell!.evidence.verdict, cell!.problem]).toEqual(['valid', 'hit', null])
  expect(known(seen)).toEqual({
    worker: expect.stringContaining('waits for the answer'),
    wire: expect.stringContaining('the answer is withheld here'),
    coordinator: expect.stringMatching(/^(CompleteCommit|PrepareCommit), /),
    log: expect.stringMatching(/output\/0: 20 records .*COMMIT at \d+; changelog\/0: 20 records/),
    offsets: expect.stringContaining('with it'),
    SQLite: expect.stringContaining('does not have it'),
  })
  expect(seen.changes).toContainEqual(['SQLite owner', 'opb.a.1', 'opb.a.2'])
})

it('the answer that was withheld can still be delivered, and nobody was killed', async () => {
  const seen = await frozen('opb.commit.mid', async () => 'continue')
  const [cell] = seen.result!.cells
  expect([cell!.verdict, cell!.evidence.verdict, cell!.problem]).toEqual(['valid', 'none', null])
  expect(cell!.story).toContain('let go on; nobody was killed')
  expect(seen.changes.map((change) => change[0])).not.toContain('SQLite owner')
})

it('leaves no result behind when it is left', async () => {
  const seen = await frozen('opb.apply.mid', async () => 'quit')
  expect([seen.result, seen.chosen]).toEqual([undefined, 'quit'])
  expect(seen.before?.states).toHaveLength(1)
})

it('woken when the broker has ended its transaction, it is refused, and the next life does the work', async () => {
  let late = false
  const seen = await frozen('opa.commit.before', async () => (late ? 'continue' : 'show'), {
    transactionTimeout: '1s',
    halted: (view, subject) => (late = timedOut(view, subject)),
  })
  const [cell] = seen.result!.cells
  expect([cell!.verdict, cell!.problem]).toEqual(['valid', null])
  expect(known(seen)).toMatchObject({
    coordinator: expect.stringContaining('Ongoing'),
    log: expect.stringContaining('no marker: open'),
    offsets: expect.stringContaining('is staged and nobody sees it'),
  })
  const [, before, after] = seen.changes.find(([what]) => what.includes('in the logs'))!
  expect(before).toContain('no marker: open')
  expect(after).toMatch(/ABORT at \d+/)
})
