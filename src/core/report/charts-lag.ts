/**
 * How many records waited for each operator at every moment of a cell, told from its journals.
 *
 * Promises: pure; times are milliseconds since the kill. A transaction counts as committed when its commit was
 * acknowledged; one whose answer was lost counts from the moment EndTxn was sent, if the next life found its
 * offset committed. Control records are nobody's work and never wait.
 * Does not: see what lies between two journal lines, or the broker's own view (LSO).
 */
import type { HistoryEvent } from '../history/event.ts'

/** Milliseconds since the kill, records waiting from then on. */
export type LagStep = readonly [t: number, waiting: number]

export interface Lag {
  readonly opa: readonly LagStep[]
  readonly opb: readonly LagStep[]
}

const text = (value: unknown): string => String(value)

/** Where somebody was killed or stopped, in order. */
export const killsOf = (events: readonly HistoryEvent[]): HistoryEvent[] =>
  events.filter(
    (e) =>
      e.f === 'kill' ||
      (e.f === 'sigkill' && e.type === 'invoke') ||
      (e.f === 'pause' && e.type === 'invoke'),
  )

/** The moment that a cell's times count from: its last kill; undefined if there was none. */
export const zeroOf = (events: readonly HistoryEvent[]): number | undefined =>
  (
    killsOf(events).at(-1) ??
    events.find((e) => e.f === 'exit' && e['signal'] === 'SIGKILL') ??
    events.find((e) => e.f === 'fault')
  )?.t

interface Range {
  readonly base: number
  readonly end: number
}

interface Txn {
  readonly operator: string
  readonly task: number
  readonly next: number
  /** What it put into the enriched topic, per partition. */
  readonly enriched: Map<number, Range[]>
  sentAt?: number
  answeredAt?: number
}

const idOf = (event: HistoryEvent): string => `${event.incarnation}/${event.task}/${text(event['n'])}`

function addRanges(txn: Txn, ranges: unknown): void {
  for (const range of Array.isArray(ranges) ? (ranges as Record<string, unknown>[]) : []) {
    if (!text(range['topic']).endsWith('orders.enriched')) continue
    const base = Number(range['baseOffset'])
    const partition = Number(range['partition'])
    const of = txn.enriched.get(partition) ?? []
    of.push({ base, end: base + Number(range['count']) })
    txn.enriched.set(partition, of)
  }
}

function transactionsOf(events: readonly HistoryEvent[]): Txn[] {
  const open = new Map<string, Txn>()
  for (const event of events) {
    if (event.task === undefined) continue
    if (event.f === 'txn' && event['kind'] === 'data') {
      const next = Number(event['next'])
      open.set(idOf(event), { operator: event.who, task: event.task, next, enriched: new Map() })
      continue
    }
    const txn = open.get(idOf(event))
    if (!txn) continue
    if (event.f === 'produce' && event.type === 'ok') addRanges(txn, event['ranges'])
    if (event.f !== 'commit' || event['kind'] !== 'data') continue
    if (event.type === 'invoke') txn.sentAt = event.t
    if (event.type === 'ok') txn.answeredAt = event.t
  }
  return [...open.values()]
}

type Change = { readonly t: number } & (
  | { readonly kind: 'feed'; readonly fed: number }
  | { readonly kind: 'commit'; readonly txn: Txn }
  | { readonly kind: 'resume'; readonly operator: string; readonly task: number; readonly next: number }
)

function changesOf(events: readonly HistoryEvent[]): Change[] {
  const resumes = events.flatMap((e) =>
    e.f === 'resume' && e.task !== undefined
      ? [
          {
            t: e.t,
            kind: 'resume' as const,
            operator: e.who,
            task: e.task,
            next: Number(e['offset'] ?? 0),
          },
        ]
      : [],
  )
  const committedAt = (txn: Txn): number | undefined => {
    if (txn.answeredAt !== undefined || txn.sentAt === undefined) return txn.answeredAt
    const after = resumes.find(
      (r) => r.operator === txn.operator && r.task === txn.task && r.t > (txn.sentAt ?? 0),
    )
    return after && after.next >= txn.next ? txn.sentAt : undefined
  }
  const commits = transactionsOf(events).flatMap((txn) => {
    const t = committedAt(txn)
    return t === undefined ? [] : [{ t, kind: 'commit' as const, txn }]
  })
  const feeds = events.flatMap((e) =>
    e.f === 'feed' ? [{ t: e.t, kind: 'feed' as const, fed: Number(e['upTo']) }] : [],
  )
  return [...feeds, ...commits, ...resumes].toSorted((a, b) => a.t - b.t)
}

class Waiting {
  private fed = 0
  private readonly done: Record<string, Map<number, number>> = { opa: new Map(), opb: new Map() }
  private readonly enriched = new Map<number, Range[]>()

  apply(change: Change): void {
    if (change.kind === 'feed') this.fed = change.fed
    else if (change.kind === 'resume') this.done[change.operator]?.set(change.task, change.next)
    else {
      const { operator, task, next, enriched } = change.txn
      this.done[operator]?.set(task, next)
      for (const [partition, ranges] of enriched) {
        this.enriched.set(partition, [...(this.enriched.get(partition) ?? []), ...ranges])
      }
    }
  }

  opa(): number {
    return this.fed - [...this.done['opa']!.values()].reduce((sum, next) => sum + next, 0)
  }

  opb(): number {
    let waiting = 0
    for (const [partition, ranges] of this.enriched) {
      const next = this.done['opb']!.get(partition) ?? 0
      const left = ranges.filter((range) => range.end > next)
      // A resume never goes back behind what was committed, except for a broken twin: keep one range more.
      this.enriched.set(partition, ranges.slice(-left.length - 1))
      for (const range of left) waiting += range.end - Math.max(range.base, next)
    }
    return waiting
  }
}

export function lagOf(events: readonly HistoryEvent[]): Lag {
  const zero = zeroOf(events) ?? events[0]?.t ?? 0
  const waiting = new Waiting()
  const lag: { opa: LagStep[]; opb: LagStep[] } = { opa: [], opb: [] }
  for (const change of changesOf(events)) {
    waiting.apply(change)
    const t = Math.round((change.t - zero) * 10) / 10
    for (const operator of ['opa', 'opb'] as const) {
      const now = Math.max(0, waiting[operator]())
      if (lag[operator].at(-1)?.[1] !== now) lag[operator].push([t, now])
    }
  }
  return lag
}
