/**
 * The journal port: a worker's own append-only event file, one JSON object a line.
 *
 * Promises: `append` has reached the operating system when it returns (synchronous write), so a SIGKILL
 * right after it loses nothing. A process crash only: no fsync, a power loss is out of scope.
 */
import type { HistoryEvent, NewEvent } from '../history/event.ts'

export interface Journal {
  readonly incarnation: string
  append(event: NewEvent): HistoryEvent
  close(): void
}
