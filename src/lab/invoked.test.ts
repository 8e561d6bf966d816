import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { asInvoked, COMMAND_WORDS, invokedAs } from './invoked.ts'
import { refuseKernelFolder } from '../program/real-folder.ts'

const root = mkdtempSync(path.join(os.tmpdir(), 'eoslab-as-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

describe('commands are named as eoslab was started', () => {
  test('by its path, or by its name where the shell finds it', () => {
    const file = path.join(root, 'eoslab')
    writeFileSync(file, '')
    chmodSync(file, 0o755)
    expect(invokedAs({ PATH: '/usr/bin' })).toBe('eoslab')
    expect(invokedAs({ EOSLAB_AS: 'bin/eoslab', PATH: '/usr/bin' })).toBe('bin/eoslab')
    expect(invokedAs({ EOSLAB_AS: file, PATH: `/nowhere:${root}` })).toBe('eoslab')
    expect(invokedAs({ EOSLAB_AS: file, PATH: '/usr/bin' })).toBe(file)
  })

  test('commands change, other words and tables stay', () => {
    expect(asInvoked('run: eoslab gen --prefix p1.', 'bin/eoslab')).toBe('run: bin/eoslab gen --prefix p1.')
    expect(asInvoked('eoslab: eoslab works\n│ eoslab gen │', 'x/eoslab')).toBe(
      'eoslab: eoslab works\n│ eoslab gen │',
    )
    expect(asInvoked('see bin/eoslab gen', 'x/eoslab')).toBe('see bin/eoslab gen')
  })

  test('every command is known by its first word', () => {
    const folder = path.join(import.meta.dirname, '../commands')
    const words = readdirSync(folder).map((name) => path.basename(name, '.ts'))
    expect(COMMAND_WORDS).toEqual(expect.arrayContaining(words))
  })
})

test('a folder of the kernel is refused at once, every other path is not', () => {
  expect(() => refuseKernelFolder('/proc/x/y', '--state-dir')).toThrow(/--state-dir \/proc\/x\/y/)
  for (const folder of [root, '/nowhere/at/all', path.join(root, 'a-file/x')]) {
    expect(refuseKernelFolder(folder, '--state-dir')).toBe(folder)
  }
})
