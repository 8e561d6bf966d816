/**
 * The base of every command: shared flags, data on stdout and talk on stderr, errors as rows.
 *
 * Promises: `--json` on every command prints exactly one JSON document on stdout, errors included
 * (`{"error":{code,message,hint,exit}}`); a LabError ends with the exit code of its row, wrong usage with 2,
 * anything unforeseen with 70; no stack trace unless EOSLAB_DEBUG=1.
 * Does not: import anything heavy. Commands load the lab inside run(), so that `--help` stays fast.
 *
 * A command returns its JSON from run(), prints its table with `this.print`, talks with `this.say` and sets
 * a verdict's exit code with `this.exitWith`.
 */
import path from 'node:path'
import { Command } from '@oclif/core/command'
import * as Flags from '@oclif/core/flags'
import { EXIT, LabError, messageOf } from './core/errors.ts'
import { wasInterrupted, watchSignals } from './lab/interrupt.ts'

/** What `--json` prints for an error. */
export interface ErrorEnvelope {
  readonly error: {
    readonly code: string
    readonly message: string
    readonly hint: string | null
    readonly exit: number
  }
}

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
  }

  override async init(): Promise<void> {
    watchSignals()
  }

  /** Data, for people: to stdout, unless `--json` prints the same as JSON. */
  protected print(text: string): void {
    if (!this.jsonEnabled()) process.stdout.write(text.endsWith('\n') ? text : `${text}\n`)
  }

  /** Talk: to stderr, unless `--quiet`. */
  protected readonly say = (text: string): void => {
    if (!this.isQuiet) process.stderr.write(`${text}\n`)
  }

  protected get isQuiet(): boolean {
    const end = this.argv.indexOf('--')
    const own = end < 0 ? this.argv : this.argv.slice(0, end)
    return own.includes('--quiet') || own.includes('-q')
  }

  /** Sets the exit code without ending the command: the verdict's, with the data printed all the same. */
  protected exitWith(code: number): void {
    process.exitCode = code
  }

  override async catch(error: Error): Promise<void> {
    reportError(error, { json: this.jsonEnabled(), command: this.id })
  }

  override logJson(json: unknown): void {
    writeJson(json)
  }
}

/** One line for programs, indented for a person at a terminal. */
export function writeJson(json: unknown): void {
  process.stdout.write(`${JSON.stringify(json, null, process.stdout.isTTY ? 2 : undefined)}\n`)
}

/** Prints an error in the asked form and sets the exit code. */
export function reportError(error: unknown, options: { json: boolean; command: string | undefined }): void {
  // What breaks because the user stopped us is not news; the handler of the signal sets the exit code.
  if (wasInterrupted()) return
  const exit = askedExit(error)
  if (exit !== undefined) {
    process.exitCode = exit
    return
  }
  const known = asLabError(error, options.command)
  process.exitCode = known.exit
  if (options.json) writeJson(errorEnvelope(known))
  else {
    process.stderr.write(`eoslab: ${known.message}\n`)
    if (known.hint !== undefined) process.stderr.write(`  ${known.hint.replaceAll('\n', '\n  ')}\n`)
  }
  if (process.env['EOSLAB_DEBUG'] === '1') process.stderr.write(`${stacks(error)}\n`)
}

export function errorEnvelope(error: LabError): ErrorEnvelope {
  return { error: { code: error.code, message: error.message, hint: error.hint ?? null, exit: error.exit } }
}

/** Turns anything thrown into a row of the error table. */
export function asLabError(error: unknown, command: string | undefined): LabError {
  if (error instanceof LabError) return error
  if (isOclif(error)) {
    const message = messageOf(error)
      .replace(/^The following errors? occurred:\s*/u, '')
      .replace(/\s*See more help with --help\s*$/u, '')
    const words = command === undefined ? 'eoslab' : `eoslab ${command.replaceAll(':', ' ')}`
    return new LabError('USAGE', message, { hint: `See: ${words} --help`, cause: error })
  }
  return new LabError('INTERNAL', `unexpected: ${messageOf(error)}`, {
    hint: 'This is a bug of eoslab. Run it again with EOSLAB_DEBUG=1 to see where.',
    cause: error,
  })
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
