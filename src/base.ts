/**
 * The base of every command: shared flags, data on stdout and talk on stderr, errors as rows.
 *
 * Promises: `--json` on every command prints exactly one JSON document on stdout, errors included
 * (`{"error":{code,message,hint,exit}}`); a LabError ends with the exit code of its row, wrong usage with 2,
 * anything unforeseen with 70; no stack trace unless EOSLAB_DEBUG=1.
 * Does not: import anything heavy. Commands load the lab inside run(), so that `--help` stays fast.
 *
 * A command returns its JSON from run(), prints its table with `this.print` (a document with `this.write`),
 * talks with `this.say` and sets a verdict's exit code with `this.exitWith`. With `--verbose` every command
 * also says where it looks, how long it took and what an error was caused by.
 */
import path from 'node:path'
import { Command } from '@oclif/core/command'
import * as Flags from '@oclif/core/flags'
import type { Input, ParserOutput } from '@oclif/core/interfaces'
import { EXIT, LabError, messageOf } from './core/errors.ts'
import { nearest } from './core/crash/nearest.ts'
import { brokerLine } from './help.ts'
import { wasInterrupted, watchSignals } from './lab/interrupt.ts'
import { asInvoked } from './lab/invoked.ts'
import { refuseKernelFolder } from './program/real-folder.ts'

/** What `--json` prints for an error. */
export interface ErrorEnvelope {
  readonly error: {
    readonly code: string
    readonly message: string
    readonly hint: string | null
    readonly exit: number
  }
}

type Values = Record<string, unknown>

export abstract class LabCommand extends Command {
  static override enableJsonFlag = true

  static override baseFlags = {
    brokers: Flags.string({
      summary: 'Kafka to use, host:port[,host:port]',
      env: 'EOSLAB_BROKERS',
      helpGroup: 'GLOBAL',
      helpValue: 'host:port',
      noCacheDefault: true,
    }),
    'state-dir': Flags.string({
      summary: 'where state, snapshots and the lab broker live',
      helpGroup: 'GLOBAL',
      helpValue: 'DIR',
      default: async () => path.resolve('.eoslab'),
      // The help says the words, not the path of the moment the manifest was built.
      defaultHelp: async () => './.eoslab',
      parse: async (input) => path.resolve(input),
    }),
    quiet: Flags.boolean({ char: 'q', summary: 'no talk on stderr, errors excepted', helpGroup: 'GLOBAL' }),
    verbose: Flags.boolean({
      char: 'v',
      summary: 'more talk on stderr: places, steps, times, causes of errors',
      helpGroup: 'GLOBAL',
      exclusive: ['quiet'],
    }),
  }

  readonly #started = performance.now()

  override async init(): Promise<void> {
    watchSignals()
  }

  protected override async parse<F extends Values, B extends Values, A extends Values>(
    options?: Input<F, B, A>,
    argv?: string[],
  ): Promise<ParserOutput<F, B, A>> {
    const parsed = await super.parse<F, B, A>(options, argv)
    const { brokers, 'state-dir': stateDir } = parsed.flags as { brokers?: string; 'state-dir'?: string }
    if (stateDir !== undefined) {
      refuseKernelFolder(stateDir, '--state-dir')
      if (this.isVerbose) this.say(`state: ${stateDir}; broker: ${brokerLine(stateDir, brokers)}`)
    }
    return parsed
  }

  /** Data, for people: to stdout, unless `--json` prints the same as JSON. */
  protected print(text: string): void {
    this.write(asInvoked(text))
  }

  /** A document: as `print`, but the commands in it stay as they are, for whoever reads it elsewhere. */
  protected write(text: string): void {
    if (!this.jsonEnabled()) process.stdout.write(text.endsWith('\n') ? text : `${text}\n`)
  }

  /** Talk: to stderr, unless `--quiet`. */
  protected readonly say = (text: string): void => {
    if (!this.isQuiet) process.stderr.write(`${asInvoked(text)}\n`)
  }

  protected get isQuiet(): boolean {
    return this.#has('--quiet', 'q')
  }

  protected get isVerbose(): boolean {
    return this.#has('--verbose', 'v')
  }

  /** Before flags are parsed, too: an error of the parser is told in the asked form. */
  #has(long: string, short: string): boolean {
    const end = this.argv.indexOf('--')
    const own = end < 0 ? this.argv : this.argv.slice(0, end)
    return own.some((word) => word === long || (/^-[a-z]+$/.test(word) && word.includes(short)))
  }

  /** Sets the exit code without ending the command: the verdict's, with the data printed all the same. */
  protected exitWith(code: number): void {
    process.exitCode = code
  }

  override async catch(error: Error): Promise<void> {
    const flags = [...Object.keys({ ...this.ctor.baseFlags, ...this.ctor.flags }), 'json', 'help']
    reportError(error, { json: this.jsonEnabled(), command: this.id, flags, causes: this.isVerbose })
  }

  override async finally(_error: Error | undefined): Promise<void> {
    const seconds = ((performance.now() - this.#started) / 1000).toFixed(1)
    if (this.isVerbose) this.say(`exit ${process.exitCode ?? EXIT.valid} after ${seconds} s`)
  }

  override logJson(json: unknown): void {
    writeJson(json)
  }
}

/** One line for programs, indented for a person at a terminal. */
export function writeJson(json: unknown): void {
  process.stdout.write(`${JSON.stringify(json, null, process.stdout.isTTY ? 2 : undefined)}\n`)
}

export interface Reporting {
  readonly json: boolean
  readonly command: string | undefined
  /** Flags of the command, for the nearest to a mistyped one. */
  readonly flags?: readonly string[]
  /** Say what it was caused by. */
  readonly causes?: boolean
}

/** Prints an error in the asked form and sets the exit code. */
export function reportError(error: unknown, options: Reporting): void {
  // What breaks because the user stopped us is not news; the handler of the signal sets the exit code.
  if (wasInterrupted()) return
  const exit = askedExit(error)
  if (exit !== undefined) {
    process.exitCode = exit
    return
  }
  const known = asLabError(error, options.command, options.flags)
  process.exitCode = known.exit
  if (options.json) writeJson(errorEnvelope(known))
  else {
    process.stderr.write(`eoslab: ${asInvoked(known.message)}\n`)
    if (known.hint !== undefined)
      process.stderr.write(`  ${asInvoked(known.hint).replaceAll('\n', '\n  ')}\n`)
  }
  if (options.causes) for (const cause of causesOf(known)) process.stderr.write(`caused by: ${cause}\n`)
  if (process.env['EOSLAB_DEBUG'] === '1') process.stderr.write(`${stacks(error)}\n`)
}

export function errorEnvelope(error: LabError): ErrorEnvelope {
  return { error: { code: error.code, message: error.message, hint: error.hint ?? null, exit: error.exit } }
}

/** Turns anything thrown into a row of the error table. */
export function asLabError(
  error: unknown,
  command: string | undefined,
  flags: readonly string[] = [],
): LabError {
  if (error instanceof LabError) return error
  if (isOclif(error)) {
    const message = (missingArgs(error) ?? messageOf(error))
      .replace(/^The following errors? occurred:\s*/u, '')
      .replace(/\s*See more help with --help\s*$/u, '')
      .replace(/^Parsing (--\S+)\s+/u, '$1: ')
      .replaceAll(/Missing required flag (\S+)/gu, '--$1 is missing')
      // The parser lays out lists over lines; an error is one line, its hint the next.
      .replaceAll(/:\n\s*/gu, ': ')
      .replaceAll(/\s*\n\s*/gu, '; ')
      .replaceAll(/ {2,}/gu, ' ')
    const words = command === undefined ? 'eoslab' : `eoslab ${command.replaceAll(':', ' ')}`
    const near = 'flags' in error ? nearFlags(error.flags, flags) : ''
    return new LabError('USAGE', message, { hint: `${near}See: ${words} --help`, cause: error })
  }
  return new LabError('INTERNAL', `unexpected: ${messageOf(error)}`, {
    hint: 'This is a bug of eoslab. Run it again with EOSLAB_DEBUG=1 to see where.',
    cause: error,
  })
}

/** For arguments that were left out: which, and what they are. */
function missingArgs(error: Error): string | undefined {
  if (!/^Missing \d+ required arg/u.test(error.message) || !('args' in error)) return undefined
  return (error.args as { name: string; options?: readonly string[]; description?: string }[])
    .map(({ name, options, description }) => {
      const choice = options ? ` (${options.join('|')})` : ''
      return `${name}${choice} is missing${description === undefined ? '' : `: ${description}`}`
    })
    .join('; ')
}

/** For flags that do not exist: those that were perhaps meant. */
function nearFlags(unknown: unknown, known: readonly string[]): string {
  if (!Array.isArray(unknown)) return ''
  const near = unknown.flatMap((flag) =>
    nearest(String(flag).replace(/^-+/, '').split('=', 1)[0] ?? '', known),
  )
  return near.length > 0 ? `did you mean ${near.map((name) => `--${name}`).join(', ')}? ` : ''
}

function causesOf(error: Error): string[] {
  if (error.cause === undefined) return []
  return [messageOf(error.cause), ...(error.cause instanceof Error ? causesOf(error.cause) : [])]
}

const isOclif = (error: unknown): error is Error & { oclif: { exit?: number } } =>
  error instanceof Error && 'oclif' in error

/** The code of `this.exit(n)`, which oclif throws as an error that is none. */
function askedExit(error: unknown): number | undefined {
  if (!isOclif(error) || (error as { code?: unknown }).code !== 'EEXIT') return undefined
  return error.oclif.exit ?? EXIT.valid
}

function stacks(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const own = error.stack ?? error.message
  return error.cause === undefined ? own : `${own}\ncaused by ${stacks(error.cause)}`
}
