/**
 * Liveness at a clean end: hung-transaction, and the judge's own footing.
 *
 * hung-transaction: the last stable offset has not reached the high watermark, or a transaction is open.
 * markers: no anomaly, but a doubt. If the broker's last stable offset is not where the markers put the
 *   first open record, this reading of the log is not to be trusted, and the verdict is unknown.
 *
 *   records 0 1 (txn), no marker, LSO 0, high watermark 2 -> hung-transaction at 0
 *   records 0 1 (txn), COMMIT at 2, LSO 3                 -> fine
 *   records 0 1 (txn), no marker, LSO 2                   -> unknown
 */
import { type Check, cleanEndOnly } from '../check.ts'
import type { FatedPartition } from '../raw.ts'
import type { Anomaly } from '../verdict.ts'
import { MissingInput, type Role, type View } from '../view.ts'

const STATELESS: readonly Role[] = ['orders', 'enriched', 'dlq', 'output']
const STATEFUL: readonly Role[] = [...STATELESS, 'changelog', 'snapshots']

const logs = (view: View): FatedPartition[] =>
  (view.input.pipeline === 'reference' ? STATEFUL : STATELESS).flatMap((role) => [...view.topic(role)])

export const hungTransaction: Check = {
  name: 'hung-transaction',
  proves: 'at a clean end no transaction is open',
  notApplicable: cleanEndOnly,
  *run(view): Generator<Anomaly> {
    for (const log of logs(view)) {
      const { topic, partition, lastStableOffset, highWatermark } = log
      const open = log.records.find((f) => f.fate === 'open')
      if (!open && lastStableOffset === highWatermark) continue
      yield {
        name: 'hung-transaction',
        message: `${topic}/${partition} is stable up to ${lastStableOffset}, its high watermark is ${highWatermark}`,
        place: open ? view.place(open) : { topic, partition, offset: lastStableOffset },
      }
    }
  },
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
