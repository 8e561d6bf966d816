/**
 * A thread of a simulation: its share of the schedules, and of the mutants. Also what `settle` is here.
 */
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { huntMutant, type MutantHunt, seedOf, type Tally, Tallying } from '../../core/sim/campaign.ts'
import { runSchedule } from '../../core/sim/run.ts'

export interface SimOrder {
  readonly seed: number
  readonly schedules: number
  readonly thread: number
  readonly threads: number
  readonly mutant: string | undefined
  readonly hunted: readonly string[]
}

export interface SimAnswer {
  readonly tally: Tally
  readonly hunts: readonly MutantHunt[]
}

/** Immediates run when no promise is left to settle. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

async function share(order: SimOrder): Promise<SimAnswer> {
  const { seed, schedules, thread, threads, mutant } = order
  const tallying = new Tallying()
  for (let k = thread; k < schedules; k += threads) {
    tallying.add(k, await runSchedule({ seed: seedOf(seed, k), mutant }, settle))
  }
  const hunts: MutantHunt[] = []
  for (const name of order.hunted) hunts.push(await huntMutant(name, seed, settle))
  return { tally: tallying.tally(), hunts }
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port between threads, not windows
const tell = (answer: SimAnswer): void => parentPort?.postMessage(answer)

if (!isMainThread) void share(workerData as SimOrder).then(tell)
