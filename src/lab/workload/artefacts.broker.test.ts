/** Artefacts on a real broker: every way back comes to the hash that was told, and replay does what was told. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, inject, test } from 'vitest'
import { makeArtefacts } from './artefacts.ts'
import { planArtefacts, type ArtefactFlags } from './artefacts-plan.ts'
import { recover } from '../recovery/recover.ts'

const brokers = inject('brokers')
const stateDir = mkdtempSync(path.join(tmpdir(), 'eoslab-artefacts-'))
afterAll(() => rmSync(stateDir, { recursive: true, force: true }))

const make = (flags: ArtefactFlags) =>
  makeArtefacts({ plan: planArtefacts(flags), brokers, stateDir, quiet: true })

async function recovered(prefix: string, manifest: string) {
  const flags = { prefix, brokers, 'state-dir': stateDir }
  const { tasks } = await recover({ flags, manifest, replayFrom: 'state', say: () => undefined })
  return tasks[0]!
}

test('a chain with a tail: the snapshots and the whole changelog give one state, and seq skips as told', async () => {
  const prefix = `artefacts-${process.pid}.`
  const made = await make({ prefix, keys: '3000', tail: '2000', skipped: '5%' })
  expect(made).toMatchObject({ replay_records: 2000, applied: 1900, skipped: 100, resume_offset: 1960 })
  expect(made.snapshots.map(({ kind }) => kind)).toEqual(['full', 'partial', 'partial'])
  expect(made.aborted_records).toBeGreaterThan(0)
  const chain = await recovered(prefix, 'latest')
  expect(chain).toMatchObject({
    restore_source: 'snapshot',
    restored_keys: 3000,
    applied: 1900,
    skipped: 100,
    state_hash: made.state_hash,
  })
  expect(await recovered(prefix, 'none')).toMatchObject({
    restore_source: 'none',
    state_hash: made.state_hash,
  })
  await expect(make({ prefix, keys: '10' })).rejects.toThrow(/artefacts want topics .* of their own/)
})

test('the same after the cleaner has run', async () => {
  const prefix = `artefacts-c-${process.pid}.`
  const made = await make({ prefix, keys: '500', tail: '1000', compacted: true })
  expect(made).toMatchObject({ changelog_records: 500, replay_records: null })
  for (const manifest of ['latest', 'none'])
    expect((await recovered(prefix, manifest)).state_hash).toBe(made.state_hash)
})
