/**
 * What a running experiment says on stderr: on a terminal one live line that is redrawn, elsewhere one quiet
 * line per finished cell, and with `verbose` one line per step. For the list of a matrix see matrix-progress.ts.
 *
 * Promises: nothing on stdout; lines of other talk go through `say`, so that they never land inside the live
 * line; after `close` the cursor stands at the beginning of a fresh line. With `quiet` nothing at all.
 */
import type { ChalkInstance } from 'chalk'
import { colourFor, tinted, widthFor } from './colour.ts'
import type { Surface } from './colour.ts'
import { displayWidth } from './wrap.ts'

export interface Progress {
  /** A cell begins; `total` is how many there are. */
  cell(name: string, total: number): void
  /** What the running cell is doing now. */
  update(text: string): void
  /** The running cell is over. */
  done(verdict: string, text: string): void
  /** A line of talk. */
  say(text: string): void
  close(): void
}

export interface ProgressOptions {
  readonly stream: Surface & { write(text: string): unknown }
  readonly env: Readonly<Record<string, string | undefined>>
  readonly quiet?: boolean
  /** Each step as a line that stays, in place of the live one. */
  readonly verbose?: boolean
}

/** A terminal writes this at the cursor on Ctrl-C; there must be room for it before the line wraps. */
const ECHO = '^C'

const CLEAR_LINE = '\r\u001b[2K'

const SILENT: Progress = {
  cell: () => undefined,
  update: () => undefined,
  done: () => undefined,
  say: () => undefined,
  close: () => undefined,
}

export function createProgress(options: ProgressOptions): Progress {
  const { stream, env, quiet = false, verbose = false } = options
  if (quiet) return SILENT
  const colour: ChalkInstance = colourFor(stream, env)
  const live = stream.isTTY === true && env['TERM'] !== 'dumb' && !verbose
  let [name, count, total, shown] = ['', 0, 0, '']

  const draw = (text: string): void => {
    if (!live || text === shown) return
    shown = text
    stream.write(CLEAR_LINE + clipped(text, widthFor(stream, env) - 1 - ECHO.length))
  }
  const line = (text: string): void => {
    stream.write(`${live && shown !== '' ? CLEAR_LINE : ''}${text}\n`)
    shown = ''
  }
  const position = (): string => `[${count}/${total}]`
  return {
    cell: (next, of) => {
      ;[name, count, total] = [next, count + 1, of]
      draw(`${position()} ${name}`)
    },
    update: (text) => {
      if (verbose) line(`${position()} ${name}: ${text}`)
      else draw(`${position()} ${name}: ${text}`)
    },
    done: (verdict, text) =>
      line(`${position()} ${name}: ${tinted(verdict, colour)}${text === '' ? '' : `, ${text}`}`),
    say: line,
    close: () => {
      if (shown !== '') stream.write(CLEAR_LINE)
      shown = ''
    },
  }
}

/** A live line must not wrap, or redrawing it would leave its beginning behind. */
function clipped(text: string, width: number): string {
  if (displayWidth(text) <= width) return text
  let kept = ''
  for (const character of text) {
    if (displayWidth(kept + character) > width - 1) break
    kept += character
  }
  return `${kept}…`
}
