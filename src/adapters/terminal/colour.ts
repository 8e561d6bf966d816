/**
 * Colour, where it helps and where it is wanted (no-color.org, and FORCE_COLOR).
 *
 * Promises: NO_COLOR (not empty) turns it off whatever else is set; a stream that is no terminal gets none
 * unless FORCE_COLOR asks for it. Colour never carries what the words do not say.
 */
import { Chalk } from 'chalk'
import type { ChalkInstance } from 'chalk'

export interface Surface {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
}

type Environment = Readonly<Record<string, string | undefined>>

export function colourFor(stream: Surface, env: Environment): ChalkInstance {
  const forced = env['FORCE_COLOR']
  const off = Boolean(env['NO_COLOR']) || forced === '0' || forced === 'false' || env['TERM'] === 'dumb'
  const on = forced !== undefined || stream.isTTY === true
  return new Chalk({ level: on && !off ? 1 : 0 })
}

/** Width to draw for: the terminal's, else COLUMNS, else wide enough for a file. */
export function widthFor(stream: Surface, env: Environment): number {
  const asked = Number(env['COLUMNS'])
  const width = stream.columns ?? (Number.isInteger(asked) && asked > 0 ? asked : 200)
  return Math.max(width, 40)
}

/** A word in the colour of what it means; other texts stay as they are. */
export function tinted(text: string, colour: ChalkInstance): string {
  if (text === 'valid' || text === 'caught' || text.startsWith('✓')) return colour.green(text)
  if (text === 'invalid' || text.startsWith('✗')) return colour.red(text)
  if (text === 'vacuous' || text === 'unknown') return colour.yellow(text)
  return text
}
