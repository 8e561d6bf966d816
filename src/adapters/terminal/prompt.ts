/**
 * A question with a few answers, on a terminal.
 *
 * Promises: resolves with one of the choices (their first letters will do) and asks again for anything else;
 * Ctrl-C, Ctrl-D and the end of the input are the last choice. Does not: leave the terminal in another mode.
 */
import { createInterface } from 'node:readline/promises'

export interface Terminal {
  readonly input: NodeJS.ReadableStream
  readonly output: NodeJS.WritableStream
}

export async function ask<T extends string>(
  { input, output }: Terminal,
  choices: readonly [T, ...T[]],
): Promise<T> {
  const last = choices.at(-1)!
  const lines = createInterface({ input, output })
  const stopped = new AbortController()
  lines.on('SIGINT', () => stopped.abort())
  lines.on('close', () => stopped.abort())
  try {
    for (;;) {
      const answer = (await lines.question(`${choices.join(', ')}? `, { signal: stopped.signal })).trim()
      const meant = choices.filter((choice) => answer !== '' && choice.startsWith(answer.toLowerCase()))
      if (meant.length === 1) return meant[0]!
      output.write(`One of ${choices.join(', ')}, or its first letter.\n`)
    }
  } catch {
    // Aborted: nobody answers any more.
    output.write('\n')
    return last
  } finally {
    lines.close()
  }
}
