/** Provenance: ours where it is ours, unknown where it is not, and never an error. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { provenance } from './provenance.ts'

const FACTS = {
  seed: 7,
  startedMs: 0,
  argv: ['crash-matrix'],
  kafka: '4.3.0',
  client: 'kafkajs',
  sqlite: '3.50.4',
  pragmas: { synchronous: 'NORMAL' },
} as const

let root: string
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'eoslab-provenance-'))
})
afterEach(() => {
  rmSync(root, { recursive: true, force: true })
})

const git = (...args: string[]): string =>
  execFileSync('git', ['-C', root, '-c', 'user.name=x', '-c', 'user.email=x@example.org', ...args], {
    encoding: 'utf8',
  }).trim()

test('names versions, machine and what it was told', async () => {
  const found = await provenance(FACTS)
  expect(found).toMatchObject({
    seed: 7,
    kafka: '4.3.0',
    started: '1970-01-01T00:00:00.000Z',
    argv: ['crash-matrix'],
  })
  expect(found.eoslab).toMatch(/^\d+\.\d+\.\d+/)
  expect(found.client).toMatch(/^kafkajs \d+\.\d+\.\d+ with the repair/)
  expect(found.sqlite).toMatch(/^3\.50\.4 \(better-sqlite3 \d+/)
  expect(found.host.cpus).toBeGreaterThan(0)
})

test('the commit and whether there are changes', async () => {
  git('init', '-q')
  writeFileSync(path.join(root, 'package.json'), '{"version":"1.2.3"}')
  git('add', '.')
  git('commit', '-q', '-m', 'x')
  expect(await provenance(FACTS, root)).toMatchObject({
    eoslab: '1.2.3',
    commit: git('rev-parse', 'HEAD'),
    dirty: false,
  })
  writeFileSync(path.join(root, 'new'), '')
  expect(await provenance(FACTS, root)).toMatchObject({ dirty: true })
})

test('a repository that merely contains us is not ours', async () => {
  git('init', '-q')
  git('commit', '-q', '--allow-empty', '-m', 'x')
  const inner = path.join(root, 'node_modules', 'eoslab')
  mkdirSync(inner, { recursive: true })
  const unknown = {
    eoslab: 'unknown',
    commit: null,
    dirty: null,
    client: 'kafkajs unknown as released',
    kafka: 'unknown',
  }
  expect(await provenance({ ...FACTS, kafka: null, client: 'kafkajs-as-released' }, inner)).toMatchObject(
    unknown,
  )
})
