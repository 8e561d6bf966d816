/**
 * The journal port on a file: one JSON object a line, written synchronously.
 *
 * Promises: each incarnation has a file of its own, `<dir>/<operator>.<instance>.<n>.jsonl`, claimed with an
 * exclusive create, so two processes never share a number; a line has reached the operating system when
 * `append` returns, or `append` throws STATE_UNUSABLE. No fsync: a process crash loses nothing, a power loss may.
 */
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs'
import path from 'node:path'
import { LabError, messageOf } from '../../core/errors.ts'
import type { HistoryEvent, NewEvent } from '../../core/history/event.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { Journal } from '../../core/ports/journal.ts'

const numberOf = (file: string, stem: string): number => {
  if (!file.startsWith(`${stem}.`) || !file.endsWith('.jsonl')) return 0
  const n = Number(file.slice(stem.length + 1, -'.jsonl'.length))
  return Number.isInteger(n) ? n : 0
}

export interface JournalOptions {
  readonly dir: string
  readonly who: string
  readonly instance: string
  readonly clock: Clock
  /** Called with each event once it has been written. */
  readonly onEvent?: (event: HistoryEvent) => void
}

class FileJournal implements Journal {
  readonly incarnation: string
  readonly file: string
  readonly #who: string
  readonly #fd: number
  readonly #clock: Clock
  readonly #onEvent: ((event: HistoryEvent) => void) | undefined
  #line = 0

  constructor(
    options: Pick<JournalOptions, 'who' | 'clock' | 'onEvent'> & {
      incarnation: string
      file: string
      fd: number
    },
  ) {
    this.incarnation = options.incarnation
    this.file = options.file
    this.#who = options.who
    this.#fd = options.fd
    this.#clock = options.clock
    this.#onEvent = options.onEvent
  }

  append(event: NewEvent): HistoryEvent {
    const full: HistoryEvent = {
      t: this.#clock.monotonicMs(),
      at: this.#clock.wallMs(),
      who: this.#who,
      incarnation: this.incarnation,
      i: ++this.#line,
      ...event,
    }
    this.#write(Buffer.from(`${JSON.stringify(full)}\n`))
    this.#onEvent?.(full)
    return full
  }

  /** On a disk that fills up a part of the line may get through; the rest then says why. */
  #write(line: Buffer): void {
    try {
      for (let at = 0; at < line.length;) at += writeSync(this.#fd, line, at)
    } catch (error) {
      throw new LabError('STATE_UNUSABLE', `cannot write the journal ${this.file}: ${messageOf(error)}`, {
        hint: 'make room on that disk and start again; what was committed is in the log, nothing is lost',
        cause: error,
      })
    }
  }

  close(): void {
    closeSync(this.#fd)
  }
}

export interface OpenedJournal extends Journal {
  readonly file: string
}

/** Claims the next incarnation number of `<who>.<instance>` in the directory. */
export function openJournal(options: JournalOptions): OpenedJournal {
  const stem = `${options.who}.${options.instance}`
  try {
    mkdirSync(options.dir, { recursive: true })
    let n = Math.max(0, ...readdirSync(options.dir).map((file) => numberOf(file, stem)))
    for (;;) {
      const incarnation = `${stem}.${++n}`
      const file = path.join(options.dir, `${incarnation}.jsonl`)
      try {
        const fd = openSync(file, 'ax')
        return new FileJournal({ ...options, incarnation, file, fd })
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      }
    }
  } catch (error) {
    throw new LabError('STATE_UNUSABLE', `cannot write a journal in ${options.dir}: ${messageOf(error)}`, {
      cause: error,
      hint: 'make the directory writable, or choose another with --state-dir',
    })
  }
}

/** All events of a journal file; a torn last line (killed inside the write) is left out. */
export function readJournal(file: string): HistoryEvent[] {
  const events: HistoryEvent[] = []
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line === '') continue
    try {
      events.push(JSON.parse(line) as HistoryEvent)
    } catch {
      break
    }
  }
  return events
}

/** Events of every journal below a directory, merged by time. */
export function readJournals(dir: string): HistoryEvent[] {
  let files: string[]
  try {
    files = readdirSync(dir).filter((file) => file.endsWith('.jsonl'))
  } catch {
    return []
  }
  return files.flatMap((file) => readJournal(path.join(dir, file))).toSorted((a, b) => a.t - b.t)
}
