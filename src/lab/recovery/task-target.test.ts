/** Where the state of a task is, with several instances; and what is said where nothing is found. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findTarget, taskDirectory, tasksOnDisk, withTargetBroker } from './task-target.ts'

let root: string
beforeEach(() => (root = mkdtempSync(path.join(tmpdir(), 'eoslab-target-'))))
afterEach(() => rmSync(root, { recursive: true, force: true }))

const target = () => findTarget({ 'state-dir': root, prefix: 'p.' })

/** A state that says how far it is. */
function state(folder: string, nextInput: number): string {
  const home = path.join(root, 'p.', folder)
  mkdirSync(path.join(home, 'gen-0001'), { recursive: true })
  writeFileSync(path.join(home, 'CURRENT'), 'gen-0001')
  const db = new Database(path.join(home, 'gen-0001', 'state.db'))
  db.exec('CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID')
  const meta = {
    prefix: 'p.',
    cluster_id: 'c',
    input_topic_id: 'i',
    changelog_topic_id: 'l',
    changelog_mode: 'after-image',
    schema_version: 1,
    partition: 1,
    window: 60,
    owner: 'opb.a.1',
    next_input: nextInput,
    next_changelog: nextInput,
  }
  const insert = db.prepare('INSERT INTO meta VALUES (?, ?)')
  for (const [name, value] of Object.entries(meta)) insert.run(name, String(value))
  db.close()
  return home
}

describe('the state of a task', () => {
  test('is where the instance that has it keeps it', () => {
    const [first, second] = [state('opb-0', 5), state('instance-b/opb-1', 7)]
    expect(taskDirectory(target(), 0)).toBe(first)
    expect(taskDirectory(target(), 1)).toBe(second)
    expect(tasksOnDisk(target())).toEqual([0, 1])
  })

  test('is, after a takeover, with the one that went on', () => {
    state('opb-1', 5)
    const heir = state('instance-b/opb-1', 7)
    expect(taskDirectory(target(), 1)).toBe(heir)
    const back = state('instance-c/opb-1', 9)
    expect(taskDirectory(target(), 1)).toBe(back)
  })

  test('belongs to the first instance where there is none', () => {
    expect(taskDirectory(target(), 3)).toBe(path.join(root, 'p.', 'opb-3'))
  })
})

describe('a kept cell', () => {
  test('that is not there: the directory is named', () => {
    expect(() => findTarget({ 'state-dir': root })).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(root) as string }),
    )
  })

  test('on a stopped broker of the lab: the next step is to start it', async () => {
    const kept = {
      prefix: 'cm.',
      stateRoot: root,
      brokers: '127.0.0.1:1',
      window: 60,
      cell: 'x',
      results: 'r',
    }
    writeFileSync(path.join(root, 'kept.json'), JSON.stringify(kept))
    const asked = withTargetBroker(
      findTarget({ 'state-dir': root }),
      () => undefined,
      async () => 'lent',
    )
    await expect(asked).rejects.toMatchObject({
      code: 'NO_BROKER',
      message: expect.stringContaining('the kept cell x lives on the broker 127.0.0.1:1') as string,
      hint: expect.stringContaining('eoslab broker start') as string,
    })
  })
})
