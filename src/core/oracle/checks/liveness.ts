/**
 * Liveness: hung-transaction, never-zero-lag, stuck-recovery, no-progress, and the judge's own footing.
 *
 * hung-transaction: at a clean end, the last stable offset has not reached the high watermark, or a transaction
 *   is open. At any other end, a transaction is open although its producer was fenced with a higher epoch since
 *   (InitProducerId returns only once the earlier transaction is complete: KIP-98, KIP-664), and a life that
 *   waited for it has given up.
 * stuck-recovery: the newest life of a task was fenced in, nobody killed it, and it ended before it resumed.
 * no-progress: at a clean end, the newest life has committed nothing since it resumed, though an input record
 *   lay waiting for half a minute and more before it stopped.
 * never-zero-lag: at a clean end everything is processed, the newest life stayed for half a minute after its
 *   last commit, and never found itself at the end of its input.
 * A life that was killed wrote neither error nor stop and is judged by none of them.
 * markers: no anomaly, but a doubt. If the broker's last stable offset is not where the markers put the
 *   first open record, this reading of the log is not to be trusted, and the verdict is unknown.
 *
 *   records 0 1 (txn), no marker, LSO 0, high watermark 2 -> hung-transaction at 0
 *   records 0 1 (txn), COMMIT at 2, LSO 3                 -> fine
 *   killed; records 0 1 of epoch 0 open, a.2 fenced with epoch 1, HUNG_TRANSACTION -> hung-transaction at 0
 *   the same without the error: its wait may not be over                            -> fine
 *   records 0 1 (txn), no marker, LSO 2                   -> unknown
 *   a.2: fence, replay, error                             -> stuck-recovery; a.2: fence, replay (killed) -> fine
 *   a.2: resume at 4, 40 s, stop; 4 written at the begin  -> no-progress; 4 written at the end -> fine
 *   a.2: commits up to the end, 40 s, stop, no lag-zero   -> never-zero-lag; stop at once -> fine
 */
import { type Check, cleanEndOnly } from '../check.ts'
import type { FatedPartition, FatedRecord } from '../raw.ts'
import type { Anomaly } from '../verdict.ts'
import { MissingInput, type Role, type Step, type View } from '../view.ts'
import { type Life, eventOf, livesOf, newestLives } from './lives.ts'

const STATELESS: readonly Role[] = ['orders', 'enriched', 'dlq', 'output']
const STATEFUL: readonly Role[] = [...STATELESS, 'changelog', 'snapshots']

const logs = (view: View): FatedPartition[] =>
  (view.input.pipeline === 'reference' ? STATEFUL : STATELESS).flatMap((role) => [...view.topic(role)])

export const hungTransaction: Check = {
  name: 'hung-transaction',
  proves: 'no transaction is open at a clean end, and none outlives the fence of its producer',
  *run(view): Generator<Anomaly> {
    const gaveUp = view.input.cleanEnd ? [] : livesThatGaveUp(view)
    for (const log of logs(view)) {
      const { topic, partition, lastStableOffset, highWatermark } = log
      const open = log.records.find((f) => f.fate === 'open')
      if (view.input.cleanEnd) {
        if (!open && lastStableOffset === highWatermark) continue
        yield {
          name: 'hung-transaction',
          message: `${topic}/${partition} is stable up to ${lastStableOffset}, its high watermark is ${highWatermark}`,
          place: open ? view.place(open) : { topic, partition, offset: lastStableOffset },
        }
        continue
      }
      const fencedBy = open && gaveUp.find((life) => fences(life, open))
      if (!fencedBy) continue
      yield {
        name: 'hung-transaction',
        message: `${topic}/${partition} is stable up to ${lastStableOffset}: a transaction is open there though ${fencedBy.incarnation} has fenced its producer since`,
        place: view.place(open),
      }
    }
  },
}

/** Lives that waited, bounded, for somebody's transaction to end. */
const livesThatGaveUp = (view: View): Life[] =>
  view.input.journals === undefined
    ? []
    : livesOf(view).filter((life) =>
        life.events.some((e) => e.f === 'error' && e['code'] === 'HUNG_TRANSACTION'),
      )

function fences(life: Life, { record }: FatedRecord): boolean {
  const fence = eventOf(life, 'fence', 'ok')
  return fence?.['producerId'] === record.producerId && Number(fence['epoch']) > record.epoch
}

export const markers: Check = {
  name: 'markers',
  proves: "the broker's last stable offset is where the control markers put it",
  notApplicable: cleanEndOnly,
  // oxlint-disable-next-line require-yield -- a doubt is a throw, never an anomaly
  *run(view): Generator<Anomaly> {
    for (const { topic, partition, firstOpen, lastStableOffset } of logs(view)) {
      if (firstOpen === lastStableOffset) continue
      throw new MissingInput(
        `${topic}/${partition}: the broker's last stable offset is ${lastStableOffset}, the markers say ${firstOpen}`,
      )
    }
  },
}

const placeOf = (view: View, step: Step, life: Life, offset: number): Anomaly['place'] => ({
  topic: view.input.names[step.input],
  partition: life.task,
  offset,
  incarnation: life.incarnation,
})

/** The newest life of each task, with its step. */
function* newest(view: View): Generator<{ life: Life; step: Step }> {
  for (const life of newestLives(view)) {
    const step = view.steps.find((s) => s.operator === life.operator)
    if (step) yield { life, step }
  }
}

export const stuckRecovery: Check = {
  name: 'stuck-recovery',
  proves: 'no worker ended by itself between its fence and its first input',
  *run(view): Generator<Anomaly> {
    for (const { life, step } of newest(view)) {
      if (!eventOf(life, 'fence', 'ok') || eventOf(life, 'resume', 'info')) continue
      const error = eventOf(life, 'error', 'info')
      // Asked to stop in the middle of it, which is no fault, it says so without an error.
      if (!error) continue
      yield {
        name: 'stuck-recovery',
        message: `${life.incarnation} began to recover ${step.operator}/${life.task} and gave up: ${String(error['code'])}: ${String(error['message'])}`,
        place: placeOf(view, step, life, view.groupOffset(step, life.task) ?? 0),
      }
    }
  },
}

/** Longer than any transaction may stay open (10 s) and hold back what lies behind it. */
const STANDSTILL_MS = 30_000

const committedInput = (view: View, step: Step, partition: number): FatedRecord[] =>
  (view.partition(step.input, partition)?.records ?? []).filter((f) => f.fate === 'committed')

export const noProgress: Check = {
  name: 'no-progress',
  proves: 'no worker stood still with input waiting',
  notApplicable: cleanEndOnly,
  *run(view): Generator<Anomaly> {
    for (const { life, step } of newest(view)) {
      const resumed = eventOf(life, 'resume', 'info')
      const stopped = life.events.findLast((e) => e.f === 'stop')
      if (!resumed || !stopped || eventOf(life, 'commit', 'ok')) continue
      const offset = Number(resumed['offset'])
      const first = committedInput(view, step, life.task).find((f) => f.record.offset >= offset)
      const since = first && Math.max(first.record.timestamp, resumed.at)
      if (!first || stopped.at - since! < STANDSTILL_MS) continue
      yield {
        name: 'no-progress',
        message: `${life.incarnation} resumed at ${offset}; ${first.topic}/${life.task}/${first.record.offset} waited for ${Math.round((stopped.at - since!) / 1000)} s and nothing was committed`,
        place: placeOf(view, step, life, first.record.offset),
      }
    }
  },
}

export const neverZeroLag: Check = {
  name: 'never-zero-lag',
  proves: 'a worker that has processed everything knows it',
  notApplicable: cleanEndOnly,
  *run(view): Generator<Anomaly> {
    for (const { life, step } of newest(view)) {
      const resumed = eventOf(life, 'resume', 'info')
      const stopped = eventOf(life, 'stop', 'info')
      if (!resumed || !stopped || eventOf(life, 'lag-zero', 'info')) continue
      const last = life.events.findLast((e) => e.f === 'commit' && e.type === 'ok') ?? resumed
      const end = (committedInput(view, step, life.task).at(-1)?.record.offset ?? -1) + 1
      const behind = end === 0 || (view.groupOffset(step, life.task) ?? 0) < end
      if (behind || stopped.at - last.at < STANDSTILL_MS) continue
      yield {
        name: 'never-zero-lag',
        message: `${life.incarnation} has processed ${view.input.names[step.input]}/${life.task} up to its end ${end} and never found its lag at zero`,
        place: placeOf(view, step, life, end),
      }
    }
  },
}
