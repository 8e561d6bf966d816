/**
 * Follows a worker's journal and acts on its n-th line from now: the supervisor's hand for `random`.
 * The kill falls wherever the worker is when the line has been seen; the seed chose n, not the place.
 */
import { closeSync, openSync, readSync, statSync, watch } from 'node:fs'
import type { HistoryEvent } from '../../core/history/event.ts'

export interface Tail {
  stop(): void
  /** The n-th event, once it was seen. */
  event(): HistoryEvent | undefined
}

/** Counts the events of one task: what another task of the worker writes is not this cell's plan. */
export function tailJournal(
  { file, task, nth }: { file: string; task: number; nth: number },
  act: (event: HistoryEvent) => void,
): Tail {
  const fd = openSync(file, 'r')
  let position = statSync(file).size
  let pending = ''
  let seen = 0
  let event: HistoryEvent | undefined
  let done = false
  const chunk = Buffer.alloc(1 << 16)
  const read = (): void => {
    for (
      let n = readSync(fd, chunk, 0, chunk.length, position);
      n > 0 && !done;
      n = readSync(fd, chunk, 0, chunk.length, position)
    ) {
      position += n
      const lines = (pending + chunk.toString('utf8', 0, n)).split('\n')
      pending = lines.pop() ?? ''
      for (const line of lines) {
        const next = JSON.parse(line) as HistoryEvent
        if (next.task !== task || ++seen !== nth) continue
        done = true
        event = next
        act(next)
        return
      }
    }
  }
  const watcher = watch(file, () => {
    if (!done) read()
  })
  read()
  return {
    stop: () => {
      done = true
      watcher.close()
      closeSync(fd)
    },
    event: () => event,
  }
}
