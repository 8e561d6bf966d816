import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { LabError } from '../../core/errors.ts'
import { listen, probe, requestSnapshot } from './live-owner.ts'

let dir: string
let child: ChildProcess | undefined
const info = { pid: process.pid, incarnation: 'opb.a.1', since: 1 }
const nothing = { snapshot: async () => null }
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'eoslab-owner-'))
})
afterEach(() => {
  child?.kill('SIGKILL')
  rmSync(dir, { recursive: true, force: true })
})

it('finds nobody where nobody listens', async () => {
  expect(await probe(dir)).toBeUndefined()
  expect(await probe(path.join(dir, 'absent'))).toBeUndefined()
})

it('finds the owner, and nobody after it has closed', async () => {
  const owner = await listen(dir, info, nothing)
  expect(await probe(dir)).toEqual(info)
  expect(Buffer.byteLength(owner.socket)).toBeLessThanOrEqual(100)
  await owner.close()
  expect(await probe(dir)).toBeUndefined()
  expect(existsSync(path.join(dir, 'control'))).toBe(false)
})

it('lives on when an asker did not wait for the answer', async () => {
  let answer = (): void => {}
  const owner = await listen(dir, info, {
    snapshot: () => new Promise((resolve) => (answer = () => resolve(null))),
  })
  await expect(requestSnapshot(dir, 50)).rejects.toThrow('no answer within 50 ms')
  answer()
  expect(await probe(dir)).toEqual(info)
  await owner.close()
})

it('passes a snapshot request on, with its answer or its error', async () => {
  const answers: (() => Promise<unknown>)[] = [
    async () => ({ snapshotId: 's1' }),
    () => {
      throw new LabError('FENCED', 'gone', { hint: 'h' })
    },
  ]
  const owner = await listen(dir, info, { snapshot: () => answers.shift()!() })
  expect(await requestSnapshot(dir, 1000)).toEqual({ snapshotId: 's1' })
  await expect(requestSnapshot(dir, 1000)).rejects.toMatchObject({
    code: 'FENCED',
    message: 'gone',
    hint: 'h',
  })
  await owner.close()
  await expect(requestSnapshot(dir, 1000)).rejects.toMatchObject({ code: 'TIMEOUT' })
})

it('passes the kind on that was asked for, and none that nobody knows', async () => {
  const asked: unknown[] = []
  const owner = await listen(dir, info, { snapshot: async (kind) => asked.push(kind) })
  await requestSnapshot(dir, 1000, 'partial')
  await requestSnapshot(dir, 1000)
  await expect(requestSnapshot(dir, 1000, 'half' as 'full')).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringContaining('"half"') as string,
  })
  expect(asked).toEqual(['partial', undefined])
  await owner.close()
})

it('is not taken away by a former owner that closes late', async () => {
  const former = await listen(dir, info, nothing)
  const heir = await listen(dir, { ...info, incarnation: 'opb.a.2' }, nothing)
  await former.close()
  expect((await probe(dir))?.incarnation).toBe('opb.a.2')
  await heir.close()
})

const CHILD = `
  import { listen } from ${JSON.stringify(new URL('live-owner.ts', import.meta.url).href)}
  const info = { pid: process.pid, incarnation: 'opb.b.1', since: 2 }
  await listen(process.argv[1], info, { snapshot: async () => null })
  setInterval(() => {}, 1000)
  console.log('listening')
`

it('counts a stopped process as live and a killed one as gone, and clears what it left', async () => {
  child = spawn(process.execPath, ['--input-type=module-typescript', '-e', CHILD, dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout!, 'data')
  const { socket } = JSON.parse(readFileSync(path.join(dir, 'control'), 'utf8')) as { socket: string }
  child.kill('SIGSTOP')
  expect(await probe(dir)).toEqual({ pid: child.pid, incarnation: 'opb.b.1', since: 2 })
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(await probe(dir)).toBeUndefined()
  expect(existsSync(socket)).toBe(true)
  const heir = await listen(dir, info, nothing)
  expect(existsSync(socket)).toBe(false)
  await heir.close()
}, 20_000)
