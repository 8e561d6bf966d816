/**
 * Who was killed in the middle of what: the killed task's last data transaction, from the journal of the
 * killed incarnation, and its marker, from the raw log.
 *
 * Promises: pure. The transaction is known by its task and n; its producer by the fence that came before;
 * its marker is the first one of that producer id behind the transaction's own records, whatever its epoch,
 * because a fence writes the marker under a bumped one.
 * Does not: decide what that proves (evidence.ts).
 */
import { encodeTxn, HEADER } from '../contracts/headers.ts'
import type { HistoryEvent } from '../history/event.ts'
import type { RawMarker, RawPartition } from '../oracle/input.ts'
import type { ProducedRange } from '../ports/log.ts'

export interface KilledTransaction {
  readonly transactionalId: string
  readonly producerId: string
  readonly epoch: number
  readonly incarnation: string
  readonly n: number
  /** Input records in it. */
  readonly records: number
  /** First input offset in it, and the one after its last. */
  readonly from: number
  readonly next: number
  /** The task's input position before it, if an earlier transaction of this life tells. */
  readonly previousNext: number | undefined
  readonly invoke: HistoryEvent
  /** Its events from the invoke on, in order; those of its offsets-only companion are not among them. */
  readonly events: readonly HistoryEvent[]
  /** Acknowledged records per output partition; empty if none were journalled. */
  readonly ranges: readonly ProducedRange[]
}

/** Name of the transaction as records carry it in their `txn` header. */
export const nameOf = (txn: KilledTransaction): string => encodeTxn(txn)

const isOf = (event: HistoryEvent, txn: { n: number; task: number; kind: string }): boolean =>
  event.task === txn.task && event['n'] === txn.n && (event['kind'] ?? txn.kind) === txn.kind

/** The task's last transaction of that kind in this life, or why there is none. */
export function killedTransaction(
  journal: readonly HistoryEvent[],
  task: number,
  kind: 'data' | 'manifest' = 'data',
): KilledTransaction | { readonly missing: string } {
  const fence = journal.findLast((e) => e.f === 'fence' && e.type === 'ok' && e.task === task)
  if (!fence) return { missing: 'the killed incarnation journalled no fence of the task' }
  const begun = journal.filter(
    (e) => e.f === 'txn' && e.type === 'invoke' && e.task === task && e['kind'] === kind,
  )
  const invoke = begun.at(-1)
  if (!invoke) return { missing: `the killed incarnation had begun no ${kind} transaction` }
  const n = Number(invoke['n'])
  const events = journal.slice(journal.indexOf(invoke)).filter((e) => isOf(e, { n, task, kind }))
  const produced = events.find((e) => e.f === 'produce' && e.type === 'ok')
  const previous = begun.at(-2)
  return {
    transactionalId: String(fence['transactionalId']),
    producerId: String(fence['producerId']),
    epoch: Number(fence['epoch']),
    incarnation: invoke.incarnation,
    n,
    records: Number(invoke['records']),
    from: Number(invoke['from']),
    next: Number(invoke['next']),
    previousNext: previous === undefined ? undefined : Number(previous['next']),
    invoke,
    events,
    ranges: (produced?.['ranges'] as readonly ProducedRange[] | undefined) ?? [],
  }
}

export interface MarkerFound {
  readonly topic: string
  readonly partition: number
  readonly marker: RawMarker
}

export interface LogTrace {
  /** Records of the transaction that the raw log holds. */
  readonly records: number
  readonly markers: readonly MarkerFound[]
  /** Partitions that hold its records and no marker behind them. */
  readonly open: readonly string[]
  /** Where the log contradicts the journal. */
  readonly contradiction: string | undefined
}

interface PartitionTrace {
  readonly records: number
  /** Offset of the transaction's last record there; -1 if it wrote none. */
  readonly last: number
  readonly contradiction: string | undefined
}

function traceRecords(log: RawPartition, txn: KilledTransaction): PartitionTrace {
  const name = nameOf(txn)
  const range = txn.ranges.find((r) => r.topic === log.topic && r.partition === log.partition)
  const end = range ? range.baseOffset + range.count : 0
  // A compacted topic may have lost the records; the journal still tells where they were.
  let last = range ? end - 1 : -1
  let records = 0
  for (const entry of log.entries) {
    if (entry.kind !== 'data') continue
    const named = entry.producerId === txn.producerId && entry.headers[HEADER.txn] === name
    if (named) {
      records += 1
      last = Math.max(last, entry.offset)
    } else if (range && entry.offset >= range.baseOffset && entry.offset < end) {
      const place = `${log.topic}-${log.partition} offset ${entry.offset}`
      return {
        records,
        last,
        contradiction: `${place} holds no record of transaction ${name}, as its journal says`,
      }
    }
  }
  return { records, last, contradiction: undefined }
}

/** What the raw log holds of a transaction: its records, and the marker that ended it per partition. */
export function traceInLog(partitions: readonly RawPartition[], txn: KilledTransaction): LogTrace {
  const markers: MarkerFound[] = []
  const open: string[] = []
  let records = 0
  for (const log of partitions) {
    const trace = traceRecords(log, txn)
    if (trace.contradiction !== undefined)
      return { records, markers, open, contradiction: trace.contradiction }
    if (trace.last < 0) continue
    records += trace.records
    const marker = log.entries.find(
      (e): e is RawMarker => e.kind === 'marker' && e.producerId === txn.producerId && e.offset > trace.last,
    )
    if (marker) markers.push({ topic: log.topic, partition: log.partition, marker })
    else open.push(`${log.topic}-${log.partition}`)
  }
  return { records, markers, open, contradiction: undefined }
}
