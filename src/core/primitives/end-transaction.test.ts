/** What the journal says of a commit: ok, surely not, or nobody knows. */
import { expect, test } from 'vitest'
import { LabError } from '../errors.ts'
import type { NewEvent } from '../history/event.ts'
import { endTransaction } from './end-transaction.ts'

async function linesOf(commit: () => Promise<void>): Promise<string[]> {
  const events: NewEvent[] = []
  const journal = { append: (event: NewEvent) => events.push(event) }
  await endTransaction({ journal, task: 3 }, { commit }, { n: 7, kind: 'manifest' }).catch(() => {})
  return events.map((e) => [e.f, e.type, e.task, e['n'], e['kind'], e['code']].join(' ').trim())
}

const fails = (error: Error) => async (): Promise<void> => {
  throw error
}

test('a commit is answered, refused for sure, or of unknown fate', async () => {
  expect(await linesOf(async () => {})).toEqual(['commit invoke 3 7 manifest', 'commit ok 3 7 manifest'])
  expect((await linesOf(fails(new LabError('FENCED', 'x'))))[1]).toBe('commit fail 3 7 manifest FENCED')
  // Sure where it comes from, and yet it says nothing of the EndTxn that was sent.
  expect((await linesOf(fails(new LabError('MISSING_TOPIC', 'x'))))[1]).toBe(
    'commit info 3 7 manifest MISSING_TOPIC',
  )
  expect((await linesOf(fails(new Error('socket closed'))))[1]).toBe('commit info 3 7 manifest INTERNAL')
})

test('the error goes on', async () => {
  const journal = { append: () => undefined }
  const commit = fails(new LabError('COMMIT_UNKNOWN', 'no answer'))
  await expect(
    endTransaction({ journal, task: 0 }, { commit }, { n: 1, kind: 'data' }),
  ).rejects.toMatchObject({ code: 'COMMIT_UNKNOWN' })
})
