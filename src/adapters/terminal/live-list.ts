/**
 * The cells of a running experiment on a terminal, through listr2: what is over stays as a line with its mark;
 * below it what the running cell is doing and for how long, how many are done and about how long the rest takes.
 *
 * Promises: two lines are redrawn however long the matrix is, by a timer and never by an event: the events are
 * the moments that are being measured. Talk that comes meanwhile is shown when the running cell is over.
 * Does not: catch signals, or write to anything but the stream it is given.
 */
import type { ChalkInstance } from 'chalk'
import { DefaultRenderer, Listr, ListrLogger, ProcessOutput, type ListrTaskWrapper } from 'listr2'

type Handle = ListrTaskWrapper<unknown, typeof DefaultRenderer, typeof DefaultRenderer>

export interface LiveList {
  start(name: string): void
  doing(text: string): void
  finish(verdict: string, line: string): void
  say(text: string): void
  /** Ends the list; a cell that was running is marked as stopped. Resolves when the terminal is free again. */
  close(): Promise<void>
}

export interface LiveListOptions {
  readonly stream: NodeJS.WriteStream
  readonly colour: ChalkInstance
  readonly total: number
}

/** Often enough to be read as live, seldom enough to cost the measurement nothing. */
const DRAW_MS = 250

interface Running {
  readonly name: string
  readonly since: number
  doing: string
  readonly row: Row
}

const now = (): number => performance.now()

export function openLiveList({ stream, colour, total }: LiveListOptions): LiveList {
  const durations: number[] = []
  const later: string[] = []
  let running: Running | undefined
  /** Lists end in their own time: each begins when the one before has left the terminal. */
  let free: Promise<unknown> = Promise.resolve()

  const draw = (): void => {
    if (!running) return
    const { row } = running
    row.title(titleOf(running))
    row.foot(colour.dim(footerOf(durations, total, running)))
  }
  const timer = setInterval(draw, DRAW_MS)
  timer.unref()
  const talk = (): void => {
    const lines = later.splice(0).map((text) => `${text}\n`)
    free = free.then(() => lines.length > 0 && stream.write(lines.join('')))
  }
  const finish = (verdict: string, line: string): void => {
    if (!running) return
    durations.push(now() - running.since)
    running.row.end(verdict, line)
    running = undefined
    talk()
  }
  return {
    start: (name) => {
      const row = openRow(stream, colour)
      free = free.then(row.run)
      running = { name, since: now(), doing: '', row }
    },
    doing: (text) => void (running && (running.doing = text)),
    finish,
    say: (text) => {
      later.push(text)
      if (!running) talk()
    },
    close: async () => {
      clearInterval(timer)
      if (running) {
        const { name, doing } = running
        finish('', `${name}: stopped${doing ? ` while ${doing}` : ''}`)
      }
      await free
    },
  }
}

interface Row {
  title(text: string): void
  foot(text: string): void
  end(verdict: string, line: string): void
  /** Never rejects: a mark is an outcome here, no failure. */
  run(this: void): Promise<void>
}

/** A list of two tasks: the cell, and the line below that is gone when the cell is over. */
function openRow(stream: NodeJS.WriteStream, colour: ChalkInstance): Row {
  const over = Promise.withResolvers<void>()
  over.promise.catch(() => undefined)
  const [cell, foot]: [Slot, Slot] = [{}, {}]
  let skipped = false
  const settle = (slot: Slot) => async (_context: unknown, handle: Handle) => {
    slot.handle = handle
    // The cell may be over before its list is drawn for the first time.
    if (slot.title !== undefined) handle.title = slot.title
    await over.promise
    if (skipped && slot === cell) handle.skip(slot.title)
  }
  return {
    title: (text) => retitle(cell, text),
    foot: (text) => retitle(foot, text),
    end: (verdict, line) => {
      retitle(foot, undefined)
      retitle(cell, line)
      skipped = !['valid', 'caught', 'invalid'].includes(verdict)
      if (verdict === 'invalid') over.reject(new Error(line))
      else over.resolve()
    },
    run: async () => {
      // Not before its turn: a list takes over the stream as it finds it, and gives that back.
      const list = listOf([settle(cell), settle(foot)], stream, colour)
      await list.run().catch(() => undefined)
    },
  }
}

interface Slot {
  handle?: Handle
  title?: string | undefined
}

/** A task without a title is not shown. */
function retitle(slot: Slot, text: string | undefined): void {
  slot.title = text
  if (slot.handle) slot.handle.title = text as string
}

type Work = (context: unknown, handle: Handle) => Promise<void>

function listOf(tasks: readonly Work[], stream: NodeJS.WriteStream, colour: ChalkInstance) {
  const rendererOptions = {
    lazy: true,
    formatOutput: 'wrap' as const,
    icon: { COMPLETED: '✓', FAILED: '✗', SKIPPED_WITH_COLLAPSE: '?', PENDING: '›' },
    color: {
      COMPLETED: colour.green,
      FAILED: colour.red,
      SKIPPED_WITH_COLLAPSE: colour.yellow,
      PENDING: colour.cyan,
    },
    logger: new ListrLogger({
      processOutput: new ProcessOutput(stream, stream, { leaveEmptyLine: false }),
    }),
  }
  return new Listr<unknown, typeof DefaultRenderer, typeof DefaultRenderer>(
    tasks.map((task) => ({ task })),
    {
      concurrent: true,
      exitOnError: false,
      registerSignalListeners: false,
      // listr2 looks at stdout to choose between the two; what matters here is the stream it is given.
      renderer: DefaultRenderer,
      rendererOptions,
      fallbackRenderer: DefaultRenderer,
      fallbackRendererOptions: rendererOptions,
    },
  )
}

const titleOf = ({ name, doing, since }: Running): string =>
  `${name}${doing === '' ? '' : `: ${doing}`}, ${Math.floor((now() - since) / 1000)} s`

/** Time left is the mean of what is over, times what is to come: cells of one run are much alike. */
function footerOf(durations: readonly number[], total: number, { since }: Running): string {
  const done = durations.length
  const counted = `${done} of ${total} done`
  if (done === 0 || done >= total) return counted
  const mean = durations.reduce((sum, ms) => sum + ms, 0) / done
  return `${counted}, about ${roughly(mean * (total - done) - Math.min(mean, now() - since))} left`
}

export function roughly(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000))
  if (seconds < 90) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
