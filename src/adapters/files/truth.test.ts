/** The truth file: written in pieces, read back whole, never read wrong. */
import { createHash } from 'node:crypto'
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openTruth, readTruth, setTruthAside, truthFile, truthHash } from './truth.ts'

const root = mkdtempSync(path.join(tmpdir(), 'eoslab-truth-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

test('the hash is that of sha256sum over key, zero byte, value', () => {
  const expected = createHash('sha256').update(Buffer.from('o1\0{"ü":1}')).digest('hex').slice(0, 16)
  expect(truthHash({ key: 'o1', value: '{"ü":1}' })).toBe(expected)
  expect(truthHash({ key: Buffer.from('o1'), value: Buffer.from('{"ü":1}') })).toBe(expected)
  expect(truthHash({ key: null, value: null })).toBe(
    createHash('sha256').update('\0').digest('hex').slice(0, 16),
  )
})

test('what was appended, in two lives, is read back per partition in order', () => {
  const file = truthFile(root, 'two.')
  expect(readTruth(file)).toBeUndefined()
  const records = [0, 1, 1, 0, 1].map((partition, i) => ({ partition, key: `k${i}`, value: `v${i}` }))
  const first = openTruth(file, 'two.orders', 2)
  first.append(records.slice(0, 2))
  first.append(records.slice(2, 3))
  first.close()
  const second = openTruth(file, 'two.orders', 2)
  second.append(records.slice(3))
  second.close()
  const of = (partition: number) => records.filter((r) => r.partition === partition).map(truthHash)
  expect(readTruth(file)).toEqual({ topic: 'two.orders', partitions: [of(0), of(1)] })
  expect(readFileSync(file, 'utf8').split('\n')[0]).toBe('{"topic":"two.orders","partitions":2}')
})

test('set aside, it begins anew', () => {
  const file = truthFile(root, 'aside.')
  openTruth(file, 'aside.orders', 1).append([{ partition: 0, key: 'k', value: 'v' }])
  setTruthAside(file)
  expect(readTruth(file)).toBeUndefined()
})

test.each([
  ['a line cut off', '{"partition":0,"ha', /line 2 is cut off/],
  ['no JSON', 'x\n', /line 2 is not JSON/],
  ['a partition that is none', '{"partition":1,"hash":"00"}\n', /line 2 names no partition/],
])('damaged: %s', (name, tail, message) => {
  const file = truthFile(root, `${name.replaceAll(' ', '-')}.`)
  openTruth(file, 't', 1).close()
  appendFileSync(file, tail)
  expect(() => readTruth(file)).toThrow(message)
})

test('a directory that cannot be made is said', () => {
  const file = path.join(truthFile(root, 'two.'), 'below', 'truth.jsonl')
  expect(() => openTruth(file, 't', 1)).toThrow(/cannot be written/)
})
