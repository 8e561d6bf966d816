/**
 * How many orders the killed operator had behind it at the kill, and how many were left.
 *
 * Input: the journals of the operator's lives up to the kill, the fate of the killed transaction, and the raw
 * topics. An order is behind OpA when its input offset is; behind OpB when its enriched record is, or, if it
 * was rejected, when it stands before the last order of its partition that is. before + after = orders.
 */
import { decodeSource } from '../contracts/headers.ts'
import type { Operator, TopicNames } from '../contracts/names.ts'
import type { HistoryEvent } from '../history/event.ts'
import type { RawRecord, RawTopic } from '../oracle/input.ts'

export interface SplitFacts {
  readonly operator: Operator
  readonly events: readonly HistoryEvent[]
  /** Offsets of data transactions whose commit had no answer, but whose marker says COMMIT: task -> next. */
  readonly decided: ReadonlyMap<number, number>
  readonly topics: Readonly<Record<keyof TopicNames, RawTopic | undefined>>
}

/** Next input offset per task that was committed when the last event was written. */
function committedNext(facts: SplitFacts): Map<number, number> {
  const next = new Map<number, number>()
  const open = new Map<string, number>()
  for (const event of facts.events) {
    if (event.task === undefined) continue
    const id = `${event.incarnation}/${event.task}/${String(event['n'])}`
    if (event.f === 'txn' && event['kind'] === 'data') open.set(id, Number(event['next']))
    const reached =
      event.f === 'commit' && event.type === 'ok' && event['kind'] === 'data' ? open.get(id) : undefined
    if (reached !== undefined) next.set(event.task, Math.max(reached, next.get(event.task) ?? 0))
  }
  for (const [task, reached] of facts.decided) next.set(task, Math.max(reached, next.get(task) ?? 0))
  return next
}

const dataOf = (topic: RawTopic | undefined, partition: number): RawRecord[] =>
  (topic?.partitions.find((p) => p.partition === partition)?.entries ?? []).filter((e) => e.kind === 'data')

export function splitOrders(facts: SplitFacts): { before: number; after: number } {
  const { topics } = facts
  const orders = (topics.orders?.partitions ?? []).reduce(
    (sum, p) => sum + p.entries.filter((e) => e.kind === 'data').length,
    0,
  )
  const next = committedNext(facts)
  let before = 0
  if (facts.operator === 'opa') {
    for (const [task, reached] of next)
      before += dataOf(topics.orders, task).filter((r) => r.offset < reached).length
    return { before, after: orders - before }
  }
  /** Per orders partition: one past the last order that OpB had behind it. */
  const upTo = new Map<number, number>()
  const counted = new Set<string>()
  for (const [task, reached] of next) {
    for (const record of dataOf(topics.enriched, task)) {
      const source = record.offset < reached ? decodeSource(record.headers['src']) : undefined
      if (!source) continue
      counted.add(`${source.partition}/${source.offset}`)
      upTo.set(source.partition, Math.max(upTo.get(source.partition) ?? 0, source.offset + 1))
    }
  }
  for (const partition of topics.dlq?.partitions ?? []) {
    for (const record of dataOf(topics.dlq, partition.partition)) {
      const source = decodeSource(record.headers['src'])
      if (source && source.offset < (upTo.get(source.partition) ?? 0))
        counted.add(`${source.partition}/${source.offset}`)
    }
  }
  before = counted.size
  return { before, after: orders - before }
}
