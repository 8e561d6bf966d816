import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, expect, it } from 'vitest'
import { limitFileSize } from './file-limit.ts'

const { PATH } = process.env
afterEach(() => {
  process.env['PATH'] = PATH
})

it('is what the kernel says of another process, and can be changed again', async (context) => {
  if (spawnSync('prlimit', ['--version']).status !== 0) context.skip('there is no prlimit here')
  const other = spawn('sleep', ['20'])
  try {
    await once(other, 'spawn')
    expect(await limitFileSize(other.pid!, 123_456)).toBe('123456')
    expect(await limitFileSize(other.pid!, 234_567)).toBe('234567')
  } finally {
    other.kill('SIGKILL')
  }
})

it('names the program that it lacks', async () => {
  process.env['PATH'] = '/nowhere'
  await expect(limitFileSize(process.pid, 'unlimited')).rejects.toMatchObject({
    code: 'NO_TOOL',
    message: expect.stringContaining('prlimit') as string,
  })
})
