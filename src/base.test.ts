import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Parser } from '@oclif/core'
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { afterAll, describe, expect, it } from 'vitest'
import { asLabError, errorEnvelope } from './base.ts'
import { LabError } from './core/errors.ts'
import { rootHelp } from './help.ts'

const root = mkdtempSync(path.join(os.tmpdir(), 'eoslab-help-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

describe('errors as users see them', () => {
  it('keeps a row of the table as it is', () => {
    const error = new LabError('NO_BROKER', 'nobody there', { hint: 'start one' })
    expect(asLabError(error, 'gen')).toBe(error)
    expect(errorEnvelope(error)).toEqual({
      error: { code: 'NO_BROKER', message: 'nobody there', hint: 'start one', exit: 4 },
    })
  })

  it('makes wrong usage exit 2 and names the help of the command', async () => {
    const flags = { batch: Flags.integer({ min: 1 }) }
    const thrown: unknown[] = []
    for (const argv of [['--nope'], ['--batch', 'x'], ['--batch', '0'], ['stray']]) {
      await Parser.parse(argv, { flags, strict: true }).catch((error: unknown) => thrown.push(error))
    }
    expect(thrown).toHaveLength(4)
    for (const error of thrown) {
      const known = asLabError(error, 'broker:start')
      expect(known).toMatchObject({ code: 'USAGE', exit: 2, hint: 'See: eoslab broker start --help' })
      expect(known.message).not.toContain('See more help')
    }
  })

  it('says on one line what the parser lays out over several', async () => {
    const messageOf = async (argv: string[]): Promise<string> => {
      const args = { step: Args.string({ description: 'what to do', options: ['p2', 'p3'], required: true }) }
      const flags = { batch: Flags.integer({ min: 1 }), ttr: Flags.string({ required: true }) }
      const thrown: unknown = await Parser.parse(argv, { args, flags, strict: true }).catch((e: unknown) => e)
      return asLabError(thrown, 'advise').message
    }
    expect(await messageOf(['p2', '--ttr', '1', '--batch', '0'])).toBe(
      '--batch: Expected an integer greater than or equal to 1 but received: 0',
    )
    expect(await messageOf([])).not.toMatch(/\n| {2}/)
    expect(await messageOf(['p2'])).toBe('--ttr is missing')
    expect(await messageOf(['--ttr', '1'])).toBe('step (p2|p3) is missing: what to do')
  })

  it('names the flag that was perhaps meant', async () => {
    const error: unknown = await Parser.parse(['--bacth', '3'], { flags: {}, strict: true }).catch(
      (thrown: unknown) => thrown,
    )
    expect(asLabError(error, 'opa', ['batch', 'prefix']).hint).toBe(
      'did you mean --batch? See: eoslab opa --help',
    )
  })

  it('makes anything else a bug of ours, exit 70, and has no stack in what is printed', () => {
    const known = asLabError(new TypeError('x is not a function'), 'gen')
    expect(known.exit).toBe(70)
    expect(JSON.stringify(errorEnvelope(known))).not.toContain('base.test')
  })
})

describe('the help screen', () => {
  it('shows every command of the build exactly once, the hidden ones never', () => {
    const commands = {
      'crash-matrix': { summary: 'kill and judge' },
      'broker:start': { summary: 'start it' },
      'broker:stop': { summary: 'stop it' },
      surprise: { description: 'new here\nand long' },
      secret: { hidden: true, summary: 'not for you' },
    }
    const text = rootHelp({
      manifest: { commands },
      stateDir: path.join(root, '.eoslab'),
      brokers: undefined,
    })
    for (const line of [
      'crash-matrix  kill and judge',
      'broker start  start it',
      'broker stop   stop it',
      'surprise  new here',
    ]) {
      expect(text.split(`  ${line}\n`)).toHaveLength(2)
    }
    expect(text).not.toContain('not for you')
    expect(text.split('$ eoslab ').length).toBeGreaterThan(3)
  })

  it('tells the state of the broker: given, ours and alive, or none; a dead record counts for nothing', async () => {
    const { mkdirSync } = await import('node:fs')
    const { bornAt } = await import('./lab/broker/broker-record.ts')
    const stateDir = path.join(root, '.eoslab')
    const help = (brokers?: string): string => rootHelp({ manifest: { commands: {} }, stateDir, brokers })
    expect(help()).toContain('none running')
    expect(help('there:1')).toContain('there:1 (EOSLAB_BROKERS)')
    mkdirSync(path.join(stateDir, 'broker'), { recursive: true })
    const record = { pid: process.pid, born: bornAt(process.pid), brokers: '127.0.0.1:7' }
    const file = path.join(stateDir, 'broker', 'broker.json')
    writeFileSync(file, JSON.stringify(record))
    expect(help()).toContain('127.0.0.1:7')
    // The process id lives, but it is another process by now.
    writeFileSync(file, JSON.stringify({ ...record, born: '1' }))
    expect(help()).toContain('none running')
    writeFileSync(file, '{"pid": 1')
    expect(help()).toContain('none running')
  })
})
