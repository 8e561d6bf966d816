/**
 * The completion scripts, asked in real shells. bash is everywhere; zsh and fish are asked where they are.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { resolvePoints } from '../../core/crash/points.ts'
import { completion } from './completion.ts'
import { completionModel } from './model.ts'

const has = (program: string): boolean => {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

let folder: string
const scriptOf = (shell: string): string => path.join(folder, `eoslab.${shell}`)

beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'eoslab-completion-'))
  for (const shell of ['bash', 'zsh', 'fish']) writeFileSync(scriptOf(shell), completion(shell))
  writeFileSync(path.join(folder, 'mine.csv'), '')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Bounded, because a shell that waits for a terminal waits for ever. */
const run = (program: string, args: string[]): string[] =>
  execFileSync(program, args, {
    timeout: 5_000,
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, TERM: 'dumb' },
  })
    .split('\n')
    .map((line) => line.split('\t', 1)[0]!.trim())
    .filter((line) => line !== '')

/** What bash offers for the last of the words, which bash itself has parted. */
const bash = (...words: string[]): string[] =>
  run('bash', [
    '--norc',
    '-c',
    `source ${scriptOf('bash')}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); compopt() { :; }
    _eoslab; printf '%s\\n' "\${COMPREPLY[@]}"`,
    'bash',
    'eoslab',
    ...words,
  ])
const fish = (line: string): string[] =>
  run('fish', ['--no-config', '-c', `source ${scriptOf('fish')}; complete -C 'eoslab ${line}'`])

/** zsh completes only at a terminal: one of its own, in which Tab is pressed once and the line shown. */
const ZSH = `zmodload zsh/zpty; zpty z zsh -f -i
zpty -w z "PS1=; autoload -Uz compinit; compinit -u -D; source $1"
zpty -w z 'show() { print -r -- "<<$BUFFER>>" }; zle -N show; bindkey "^X" show; print ready""now'
zpty -r -m z got '*readynow*'
zpty -w -n z "eoslab $2"$'\\t\\x18'
zpty -r -m z got '*<<*>>*'
print -r -- $got`
const zsh = (line: string): string =>
  /<<(.*?)>>/s.exec(run('zsh', ['-fc', ZSH, 'zsh', scriptOf('zsh'), line]).join('\n'))?.[1] ?? ''

it('offers only crash points that resolve', () => {
  const matrix = completionModel().commands.find(({ name }) => name === 'crash-matrix')!
  const points = matrix.flags.find(({ name }) => name === 'at')!.values as string[]
  expect(points).toEqual(expect.arrayContaining(['opb.commit.mid', 'mid-commit']))
  expect(() => resolvePoints(points)).not.toThrow()
})

describe('bash', () => {
  it('completes commands, and the second word of those that have one', () => {
    expect(bash('crash')).toEqual(['crash-matrix'])
    expect(bash('broker', 'sta')).toEqual(['start', 'status'])
    expect(bash('')).toEqual(expect.arrayContaining(['run', 'snapshot', 'doctor']))
  })

  it('completes flags of the command alone', () => {
    expect(bash('crash-matrix', '--sch')).toEqual(['--schedules'])
    expect(bash('broker', 'start', '--sch')).toEqual([])
    expect(bash('crash-matrix', '--at', 'mid-commit', '--rep')).toEqual(['--repeat', '--replay'])
  })

  it('completes values: points, options, files', () => {
    expect(bash('crash-matrix', '--at', 'opb.commit.m')).toContain('opb.commit.mid')
    expect(bash('crash-matrix', '--at', '=', 'mid-c')).toContain('mid-commit')
    expect(bash('crash-matrix', '--at', '=')).toContain('mid-commit')
    expect(bash('crash-matrix', '--log', 'sim')).toEqual(['simulated'])
    expect(bash('crash-matrix', '--from', 'mi')).toEqual(['mine.csv'])
    expect(bash('run', 'experiments/sl')).toEqual(['experiments/slides/demo.yaml'])
    expect(bash('completion', 'z')).toEqual(['zsh'])
  })
})

describe.skipIf(!has('zsh'))('zsh', () => {
  it('completes commands, flags and values', () => {
    expect(zsh('crash-matrix --sch')).toMatch(/^eoslab crash-matrix --schedules[= ]?$/)
    expect(zsh('crash-matrix --log sim')).toMatch(/^eoslab crash-matrix --log simulated ?$/)
  }, 20_000)
})

describe.skipIf(!has('fish'))('fish', () => {
  it('completes commands, flags and values', () => {
    expect(fish('crash')).toEqual(['crash-matrix'])
    expect(fish('broker sta')).toEqual(['start', 'status'])
    expect(fish('crash-matrix --sch')).toEqual(['--schedules'])
    expect(fish('crash-matrix --log sim')).toEqual(['simulated'])
    expect(fish('crash-matrix --at opb.commit.m')).toContain('opb.commit.mid')
    expect(fish('run experiments/sl')).toContain('experiments/slides/demo.yaml')
  })
})
