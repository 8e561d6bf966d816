/**
 * The entry of the program: arguments in, exit code out.
 *
 * Promises: whatever is thrown on the way ends as one message with a hint and a documented exit code; the
 * process ends when the command has ended, with both streams flushed.
 * Does not: load a command, or the command framework, for the help screen.
 */
import path from 'node:path'
import type { CommandTable } from './program/embedded.ts'
import { ROOT } from './program/files.ts'

/** `table` in the single executable, which has no files that commands could be found in. */
export async function main(argv: string[], table?: CommandTable): Promise<void> {
  if (asksForRootHelp(argv)) {
    const { readManifest, rootHelp } = await import('./help.ts')
    const stateDir = path.resolve('.eoslab')
    process.stdout.write(
      rootHelp({ manifest: readManifest(), stateDir, brokers: process.env['EOSLAB_BROKERS'] }),
    )
    return
  }
  const { reportError } = await import('./base.ts')
  try {
    const { run } = await import('@oclif/core/run')
    await run(argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv, await config(table))
  } catch (error) {
    reportError(await withNearest(error, argv), { json: argv.includes('--json'), command: undefined })
  }
  const { wasInterrupted } = await import('./lab/interrupt.ts')
  // What was cut off by Ctrl-C has ended; the handler of the signal is still cleaning up, and exits.
  if (wasInterrupted()) await new Promise(() => undefined)
  await flushed(process.stdout)
  await flushed(process.stderr)
  process.exit()
}

async function config(table: CommandTable | undefined) {
  if (table === undefined) return { root: ROOT }
  const { embeddedConfig } = await import('./program/embedded.ts')
  return embeddedConfig(table)
}

const asksForRootHelp = (argv: readonly string[]): boolean =>
  argv.length === 0 || (argv.length === 1 && ['--help', '-h', 'help'].includes(argv[0] ?? ''))

/** An unknown command is answered with the nearest ones; a word too many, with the command it follows. */
async function withNearest(error: unknown, argv: readonly string[]): Promise<unknown> {
  if (!(error instanceof Error) || !/^[Cc]ommand .* not found/u.test(error.message)) return error
  const { LabError } = await import('./core/errors.ts')
  const { nearest } = await import('./core/crash/nearest.ts')
  const { commandNames } = await import('./help.ts')
  const known = commandNames()
  const words = argv.slice(0, argv.findIndex((word) => word.startsWith('-')) >>> 0)
  const command = known.find((name) => words.join(' ').startsWith(`${name} `))
  if (command !== undefined) {
    const extra = words.slice(command.split(' ').length).join(' ')
    return new LabError('USAGE', `eoslab ${command} takes no argument: ${extra}`, {
      hint: `See: eoslab ${command} --help`,
      cause: error,
    })
  }
  const typed = words.length > 0 ? words.join(' ') : (argv[0] ?? '')
  const near = nearest(typed, known)
  return new LabError('USAGE', `there is no command "${typed}"`, {
    hint: `${near.length > 0 ? `did you mean ${near.join(', ')}? ` : ''}eoslab --help lists them`,
    cause: error,
  })
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || !stream.writable) resolve()
    else stream.write('', () => resolve())
  })
}
