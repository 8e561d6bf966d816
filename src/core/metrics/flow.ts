/**
 * What flowed: each order from its append to the commit of the output that counts it, and the lag of every
 * task, from raw logs and journals.
 *
 * Promises: pure. The clock starts at the record's timestamp in `orders`, set by the feeder when it appended
 * it, and stops when the client was told that the output's transaction was committed; where nobody was told
 * (a kill in between) at the marker in the log. Rejected orders have no output and no latency; a duplicate
 * output counts once, its first.
 * Does not: judge; and where the feeder itself was held up, it does not see the wait before the append.
 */
import { decodeSource, decodeTxn, HEADER } from '../contracts/headers.ts'
import type { Operator, TopicNames } from '../contracts/names.ts'
import type { HistoryEvent } from '../history/event.ts'
import type { RawPartition, RawRecord, RawTopic } from '../oracle/input.ts'

export interface FlowFacts {
  readonly topics: Readonly<Partial<Record<keyof TopicNames, RawTopic | undefined>>>
  readonly events: readonly HistoryEvent[]
  /** Wall clock: only orders appended after it count; the first part of a cell waits for workers to boot. */
  readonly since: number
}

export interface TaskFlow {
  readonly operator: Operator
  readonly task: number
  /** Input records committed, all lives together. */
  readonly records: number
  /** Most input records that waited at once. */
  readonly lag_max: number
}

export interface InstanceFlow {
  readonly operator: Operator
  readonly instance: string
  /** Input records committed. */
  readonly records: number
}

export interface Flow {
  /** One per order with a committed output. */
  readonly latenciesMs: readonly number[]
  /** Orders per second, first append to last commit; null where nothing was measured. */
  readonly throughput: number | null
  /** Most orders on their way at once. */
  readonly lagMax: number | null
  readonly tasks: readonly TaskFlow[]
  readonly instances: readonly InstanceFlow[]
  /** By the markers in the raw log; only transactions with records. */
  readonly transactions: Readonly<Record<Operator, { committed: number; aborted: number }>>
}

interface Fated {
  readonly record: RawRecord
  /** Timestamp of the COMMIT marker (of the record itself outside a transaction); undefined: not committed. */
  readonly committedAt: number | undefined
  readonly aborted: boolean
}

/** Markers to fates, as oracle/raw.ts does it, with the marker's time. */
function fatesOf(partition: RawPartition): Fated[] {
  const done: Fated[] = []
  const open = new Map<string, RawRecord[]>()
  for (const entry of partition.entries) {
    if (entry.kind === 'marker') {
      const committed = entry.outcome === 'COMMIT'
      for (const record of open.get(entry.producerId) ?? []) {
        done.push({ record, committedAt: committed ? entry.timestamp : undefined, aborted: !committed })
      }
      open.delete(entry.producerId)
    } else if (!entry.transactional) {
      done.push({ record: entry, committedAt: entry.timestamp, aborted: false })
    } else {
      const of = open.get(entry.producerId)
      if (of) of.push(entry)
      else open.set(entry.producerId, [entry])
    }
  }
  return done
}

const fatesIn = (topic: RawTopic | undefined): Fated[] => (topic?.partitions ?? []).flatMap(fatesOf)

const at = (record: RawRecord): string => `${record.partition}/${record.offset}`

interface Committed {
  readonly at: number
  readonly next: number
  readonly records: number
}

/** Acknowledged data transactions: by `incarnation/task/n`, and per `operator/task` in order of time. */
function commitsOf(events: readonly HistoryEvent[]) {
  const open = new Map<string, HistoryEvent>()
  const byTxn = new Map<string, number>()
  const byTask = new Map<string, Committed[]>()
  const byInstance = new Map<string, number>()
  for (const event of events.toSorted((a, b) => a.t - b.t)) {
    if (event.task === undefined || event['kind'] !== 'data') continue
    const id = `${event.incarnation}/${event.task}/${String(event['n'])}`
    if (event.f === 'txn') open.set(id, event)
    if (event.f !== 'commit' || event.type !== 'ok') continue
    byTxn.set(id, event.at)
    const begun = open.get(id)
    if (!begun) continue
    const key = `${event.who}/${event.task}`
    const list = byTask.get(key) ?? []
    list.push({ at: event.at, next: Number(begun['next']), records: Number(begun['records']) })
    byTask.set(key, list)
    const instance = event.incarnation.replace(/\.\d+$/, '')
    byInstance.set(instance, (byInstance.get(instance) ?? 0) + Number(begun['records']))
  }
  return { byTxn, byTask, byInstance }
}

/** When the client knew that the record was committed; else its marker's time. */
function knownAt(fated: Fated, byTxn: ReadonlyMap<string, number>): number | undefined {
  if (fated.committedAt === undefined) return undefined
  const txn = decodeTxn(fated.record.headers[HEADER.txn])
  const task = /-(\d+)$/.exec(txn?.transactionalId ?? '')?.[1]
  return (
    (txn && task !== undefined ? byTxn.get(`${txn.incarnation}/${task}/${txn.n}`) : undefined) ??
    fated.committedAt
  )
}

interface Span {
  readonly from: number
  readonly to: number
}

function spansOf(facts: FlowFacts, outputs: readonly Fated[], byTxn: ReadonlyMap<string, number>): Span[] {
  const orders = new Map<string, number>()
  for (const partition of facts.topics.orders?.partitions ?? []) {
    for (const entry of partition.entries) if (entry.kind === 'data') orders.set(at(entry), entry.timestamp)
  }
  const sources = new Map<string, string>()
  for (const partition of facts.topics.enriched?.partitions ?? []) {
    for (const entry of partition.entries) {
      const source = entry.kind === 'data' ? decodeSource(entry.headers[HEADER.src]) : undefined
      if (source) sources.set(at(entry as RawRecord), `${source.partition}/${source.offset}`)
    }
  }
  const spans = new Map<string, Span>()
  for (const fated of outputs) {
    const source = decodeSource(fated.record.headers[HEADER.src])
    const order = source && sources.get(`${source.partition}/${source.offset}`)
    const from = order === undefined ? undefined : orders.get(order)
    const to = knownAt(fated, byTxn)
    if (order === undefined || from === undefined || to === undefined || from < facts.since) continue
    const known = spans.get(order)
    if (!known || to < known.to) spans.set(order, { from, to: Math.max(from, to) })
  }
  return [...spans.values()]
}

/** Most spans that overlap at one moment. */
function mostAtOnce(spans: readonly Span[]): number {
  const starts = spans.map((s) => s.from).toSorted((a, b) => a - b)
  const ends = spans.map((s) => s.to).toSorted((a, b) => a - b)
  let most = 0
  let ended = 0
  for (const [begun, start] of starts.entries()) {
    while (ended < ends.length && ends[ended]! < start) ended++
    most = Math.max(most, begun + 1 - ended)
  }
  return most
}

/** The lag just before each commit: what was there by then, less what had been committed before. */
function taskFlow(
  key: string,
  commits: readonly Committed[],
  input: readonly { offset: number; from: number }[],
): TaskFlow {
  const [operator, task] = key.split('/') as [Operator, string]
  const offsets = input.map((record) => record.offset)
  const arrivals = input.map((record) => record.from).toSorted((a, b) => a - b)
  let arrived = 0
  let below = 0
  let most = 0
  for (const commit of commits) {
    while (arrived < arrivals.length && arrivals[arrived]! <= commit.at) arrived++
    most = Math.max(most, arrived - below)
    while (below < offsets.length && offsets[below]! < commit.next) below++
  }
  const records = commits.reduce((sum, commit) => sum + commit.records, 0)
  return { operator, task: Number(task), records, lag_max: most }
}

function outcomes(fates: readonly Fated[]): { committed: number; aborted: number } {
  const committed = new Set<string>()
  const aborted = new Set<string>()
  for (const { record, committedAt, aborted: lost } of fates) {
    const txn = record.headers[HEADER.txn]
    if (txn !== undefined && committedAt !== undefined) committed.add(txn)
    else if (txn !== undefined && lost) aborted.add(txn)
  }
  return { committed: committed.size, aborted: aborted.size }
}

export function flowOf(facts: FlowFacts): Flow {
  const { topics } = facts
  const { byTxn, byTask, byInstance } = commitsOf(facts.events)
  const enriched = fatesIn(topics.enriched)
  const outputs = fatesIn(topics.output)
  const spans = spansOf(facts, outputs, byTxn)
  const inputOf = (operator: string, task: number): { offset: number; from: number }[] => {
    if (operator === 'opa') {
      const found = topics.orders?.partitions.find((p) => p.partition === task)?.entries ?? []
      return found.flatMap((e) => (e.kind === 'data' ? [{ offset: e.offset, from: e.timestamp }] : []))
    }
    return enriched
      .flatMap(({ record, committedAt }) =>
        record.partition === task && committedAt !== undefined
          ? [{ offset: record.offset, from: committedAt }]
          : [],
      )
      .toSorted((a, b) => a.offset - b.offset)
  }
  const first = Math.min(...spans.map((s) => s.from))
  const last = Math.max(...spans.map((s) => s.to))
  return {
    latenciesMs: spans.map((s) => s.to - s.from),
    throughput: spans.length > 0 && last > first ? (spans.length / (last - first)) * 1000 : null,
    lagMax: spans.length > 0 ? mostAtOnce(spans) : null,
    tasks: [...byTask]
      .map(([key, commits]) => {
        const [operator = '', task] = key.split('/')
        return taskFlow(key, commits, inputOf(operator, Number(task)))
      })
      .toSorted((a, b) => a.operator.localeCompare(b.operator) || a.task - b.task),
    instances: [...byInstance]
      .map(([name, records]) => {
        const [operator, instance] = name.split('.') as [Operator, string]
        return { operator, instance, records }
      })
      .toSorted((a, b) => `${a.operator}${a.instance}`.localeCompare(`${b.operator}${b.instance}`)),
    transactions: {
      opa: outcomes([...enriched, ...fatesIn(topics.dlq)]),
      opb: outcomes([...outputs, ...fatesIn(topics.changelog)]),
    },
  }
}
