/** The kept cell: one at a time, and what the new one replaces is gone, unless somebody asked to keep it. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { LentBroker } from '../broker/broker.ts'
import { keepCell, keptFile, readKept } from './kept.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'eoslab-kept-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const asked: string[] = []
const lasting: LentBroker = { brokers: 'h:1', kind: 'started', keepDataAs: (dir) => asked.push(dir) }
const passing: LentBroker = { ...lasting, kind: 'ephemeral' }

function keep(prefix: string, broker: LentBroker = lasting, pinned = false) {
  mkdirSync(path.join(root, prefix))
  const cell = {
    prefix,
    cell: 'c',
    point: 'opb.commit.mid',
    window: 60,
    results: 'r',
    stateRoot: root,
    pinned,
  }
  return keepCell(root, cell, broker)
}
const there = (...parts: string[]): boolean => existsSync(path.join(root, ...parts))

test('the newest cell is the kept one, with the broker it is on', () => {
  expect(keep('a.')).toBeUndefined()
  expect(readKept(root)).toMatchObject({ prefix: 'a.', brokers: 'h:1' })
  keep('b.', passing)
  expect(asked.at(-1)).toBe(path.join(root, 'kept', 'b'))
  expect(readKept(root)).toMatchObject({ prefix: 'b.', brokerData: asked.at(-1) })
  expect(readKept(root)?.brokers).toBeUndefined()
})

test('the one it replaces loses its state, and on a lasting broker its topics', () => {
  keep('a.')
  expect(keep('b.')).toMatchObject({ prefix: 'a.' })
  expect([there('a.'), there('b.')]).toEqual([false, true])
})

test('with the data folder of a passing broker, when that was all it had', () => {
  keep('a.', passing)
  mkdirSync(path.join(root, 'kept', 'a'), { recursive: true })
  expect(keep('b.')).toBeUndefined()
  expect([there('a.'), there('kept', 'a')]).toEqual([false, false])
})

test('not if --keep asked for it, nor if it is on another broker', () => {
  keep('a.', lasting, true)
  expect(keep('b.')).toBeUndefined()
  expect(keep('c.', { ...lasting, brokers: 'elsewhere:1' })).toBeUndefined()
  expect([there('a.'), there('b.'), there('c.')]).toEqual([true, true, true])
})

test('a file that names another directory removes nothing', () => {
  writeFileSync(
    keptFile(root),
    JSON.stringify({ prefix: '..', stateRoot: path.join(root, 'x'), brokers: 'h:1' }),
  )
  expect(keep('a.')).toBeUndefined()
  expect(there('a.')).toBe(true)
})
