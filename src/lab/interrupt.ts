/**
 * What happens on Ctrl-C, SIGTERM, and when the terminal is closed (SIGHUP, taken for a SIGTERM).
 *
 * Promises: on the first signal every registered cleanup runs, newest first, all together bounded by ten
 * seconds, then the process exits 130 (or with the number a cleanup returned); a second signal exits at
 * once. Cleanups run once. With nothing registered the exit is immediate.
 * Does not: kill child processes that nobody registered, nor run on a normal end.
 */
import { EXIT } from '../core/errors.ts'

export type Interruption = 'SIGINT' | 'SIGTERM'
export type Cleanup = (signal: Interruption) => Promise<number | void> | number | void

const BOUND_MS = 10_000

const cleanups: Cleanup[] = []
let watching = false
let interrupted = false

/** Registers a cleanup; the returned function takes it off again. */
export function onInterrupt(cleanup: Cleanup): () => void {
  watchSignals()
  cleanups.push(cleanup)
  return () => {
    const at = cleanups.indexOf(cleanup)
    if (at >= 0) cleanups.splice(at, 1)
  }
}

/** Installs the handlers, once per process. */
export function watchSignals(): void {
  if (watching) return
  watching = true
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void interrupt(signal))
  process.on('SIGHUP', () => {
    // Nobody can read it any more; a write must not end what is being cleaned up.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
    void interrupt('SIGTERM')
  })
}

/** True from the first signal on, so that what fails because of it need not be told as an error. */
export const wasInterrupted = (): boolean => interrupted

async function interrupt(signal: Interruption): Promise<void> {
  if (interrupted) process.exit(EXIT.interrupted)
  interrupted = true
  const bound = setTimeout(() => process.exit(EXIT.interrupted), BOUND_MS)
  let exit: number = EXIT.interrupted
  for (const cleanup of cleanups.splice(0).reverse()) {
    try {
      const answer = await cleanup(signal)
      if (typeof answer === 'number') exit = answer
    } catch (error) {
      process.stderr.write(
        `eoslab: while stopping: ${error instanceof Error ? error.message : String(error)}\n`,
      )
    }
  }
  clearTimeout(bound)
  process.exit(exit)
}
