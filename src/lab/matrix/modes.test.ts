/** A flag that would be ignored is refused, by the name it was typed with; what is asked for takes the rest. */
import { describe, expect, it } from 'vitest'
import { modeOf } from './modes.ts'

const asked = (line: string) => {
  const words = line.split(' ').map((word) => word.replace(/^--/, ''))
  const has = (name: string): boolean => words.includes(name)
  const flags = {
    list: has('list'),
    mutants: has('mutants'),
    log: has('log') ? 'simulated' : 'kafka',
    ...(has('replay') ? { replay: 'x' } : {}),
    ...(has('shrink') ? { shrink: 'x' } : {}),
  }
  return modeOf(
    flags,
    words.map((flag) => ({ type: 'flag', flag })),
  )
}

describe('flags of crash-matrix', () => {
  it.each([
    ['--list --junit', '--junit does not go with --list'],
    ['--list --log', '--log does not go with --list'],
    ['--log --at', '--at does not go with --log simulated'],
    ['--log --mutants', '--mutants does not go with --log simulated'],
    ['--log --replay --seed', '--seed does not go with --replay'],
    ['--mutants --at --cold', '--at, --cold does not go with --mutants'],
    ['--shrink --orders', '--orders does not go with --shrink'],
    ['--at --schedules', '--schedules does not go with --log kafka'],
    ['--mutant --at', '--mutant does not go with --log kafka'],
  ])('%s', (line, message) => {
    expect(() => asked(line)).toThrow(
      expect.objectContaining({ code: 'USAGE', message, hint: expect.stringMatching(/leave out|for --log/) }),
    )
  })

  it.each([
    ['--list --json', 'list'],
    ['--log --schedules --seed --mutant --junit --summary --quiet', 'simulated'],
    ['--log --replay --mutant --junit', 'simulated'],
    ['--mutants --mutant --seed --junit --brokers', 'mutants'],
    ['--shrink --state-dir', 'shrink'],
    ['--at --orders --keep --junit --summary --metrics-port --hits', 'matrix'],
  ])('%s', (line, mode) => {
    expect(asked(line)).toBe(mode)
  })
})
