/**
 * Progress of a matrix on stderr: a live list of its cells on a terminal that can be drawn on, elsewhere the
 * lines of progress.ts.
 *
 * Promises: talk through `say` never lands inside the list; it comes when the running cell is over. Once `close` has
 * resolved the terminal is free for a table.
 */
import type { ChalkInstance } from 'chalk'
import { colourFor, tinted } from './colour.ts'
import type { LiveList, LiveListOptions } from './live-list.ts'
import { createProgress, type Progress } from './progress.ts'

export type MatrixProgress = Omit<Progress, 'close'> & { close(): Promise<void> }

interface Spoken {
  readonly quiet: boolean
  readonly verbose?: boolean | undefined
}

export async function matrixProgress({ quiet, verbose = false }: Spoken): Promise<MatrixProgress> {
  const { stderr: stream, env } = process
  const drawn = stream.isTTY && env['TERM'] !== 'dumb' && !quiet && !verbose
  if (drawn) {
    const { openLiveList } = await import('./live-list.ts')
    return listProgress({ stream, colour: colourFor(stream, env), open: openLiveList })
  }
  const lines = createProgress({ stream, env, quiet, verbose })
  return { ...lines, close: async () => lines.close() }
}

interface Drawing {
  readonly stream: NodeJS.WriteStream
  readonly colour: ChalkInstance
  readonly open: (options: LiveListOptions) => LiveList
}

export function listProgress({ stream, colour, open }: Drawing): MatrixProgress {
  let list: LiveList | undefined
  let name = ''
  const line = (text: string): void => void stream.write(`${text}\n`)
  return {
    cell: (next, total) => {
      name = next
      list ??= open({ stream, colour, total })
      list.start(next)
    },
    update: (text) => list?.doing(text),
    done: (verdict, text) =>
      list?.finish(verdict, `${name}: ${tinted(verdict, colour)}${text === '' ? '' : `, ${text}`}`),
    say: (text) => (list ? list.say(text) : line(text)),
    close: async () => {
      const was = list
      list = undefined
      await was?.close()
    },
  }
}
