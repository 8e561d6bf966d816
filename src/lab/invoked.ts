/**
 * How eoslab was started, so that a command it names can be typed as it stands.
 *
 * Promises: `eoslab` where a shell would find this one by that name; otherwise what was typed, such as
 * `bin/eoslab`. Only commands are changed, never a table, whose columns would no longer fit.
 */
import { accessSync, constants, realpathSync } from 'node:fs'
import path from 'node:path'

type Environment = Readonly<Record<string, string | undefined>>

/** First words of the commands, those to come included. */
export const COMMAND_WORDS = [
  'advise',
  'autocomplete',
  'broker',
  'check',
  'compare-changelog',
  'completion',
  'crash-matrix',
  'doctor',
  'evidence',
  'explain',
  'freeze',
  'gen',
  'init',
  'opa',
  'opb',
  'recover',
  'report',
  'run',
  'snapshot',
  'topics',
] as const

const COMMAND = new RegExp(String.raw`(?<![\w./-])eoslab (?=(?:${COMMAND_WORDS.join('|')})\b)`, 'g')

/** The launcher (bin/eoslab) says how it was called in EOSLAB_AS. */
export function invokedAs(env: Environment = process.env): string {
  const typed = env['EOSLAB_AS']
  if (typed === undefined || typed === '') return 'eoslab'
  const found = onPath('eoslab', env['PATH'] ?? '')
  return found !== undefined && found === realPath(typed) ? 'eoslab' : typed
}

export function asInvoked(text: string, name: string = invokedAs()): string {
  if (name === 'eoslab') return text
  return text
    .split('\n')
    .map((line) => (line.includes('│') ? line : line.replaceAll(COMMAND, `${name} `)))
    .join('\n')
}

function onPath(name: string, folders: string): string | undefined {
  for (const folder of folders.split(path.delimiter).filter(Boolean)) {
    const file = path.join(folder, name)
    try {
      accessSync(file, constants.X_OK)
      return realPath(file)
    } catch {
      // Not in this one.
    }
  }
  return undefined
}

function realPath(file: string): string | undefined {
  try {
    return realpathSync(file)
  } catch {
    return undefined
  }
}
