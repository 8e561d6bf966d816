/**
 * A cell's history as rows of one timeline: what each life did, what was done to it, what the log then held,
 * and what the oracle found, each at its place in time.
 *
 * Promises: pure; works on any history in the lab's form, of real processes and of simulated ones, with the raw
 * logs and the findings where they are at hand. Every step that matters to the verdict has a row; transactions
 * far from a kill, a halt or a failure are folded into one. Does not: judge, or say it in another order than it
 * happened: clocks of one host are compared, a marker's to the millisecond.
 */
import { HEADER, decodeTxn } from '../contracts/headers.ts'
import type { HistoryEvent } from '../history/event.ts'
import type { RawPartition } from '../oracle/input.ts'
import type { Anomaly } from '../oracle/verdict.ts'

export interface TimelineRow {
  /** Milliseconds, on the clock of the history. */
  readonly t: number
  readonly who: string
  readonly what: string
}

/** What is known beside the journals. */
export interface Beside {
  /** Raw logs, for the markers. */
  readonly partitions?: readonly RawPartition[]
  readonly findings?: readonly Anomaly[]
}

type Tell = (e: HistoryEvent) => string

const ranges = (e: HistoryEvent): string =>
  ((e['ranges'] as { topic: string; partition: number; baseOffset: number; count: number }[]) ?? [])
    .map((r) => `${r.topic}/${r.partition} ${r.baseOffset}..${r.baseOffset + r.count - 1}`)
    .join(', ')

/** A text or number of an event; `none` where there is none. */
const shown = (value: unknown, none = 'unknown'): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : none

const theOrNo = (what: string, value: unknown): string => {
  const found = shown(value, '')
  return found === '' ? `no ${what}` : `the ${what} ${found}`
}

function stateTold(e: HistoryEvent): string {
  const [source, keys] = [shown(e['source']), `${shown(e['keys'])} keys`]
  if (source === 'local') return `keeps its local state: ${keys}`
  return source === 'none' ? 'starts with an empty state' : `restores its state from a ${source}: ${keys}`
}

/** Keyed by `<event> <type>`; events that are not here are not shown. */
const TOLD: Readonly<Record<string, Tell>> = {
  'spawn info': (e) => `starts ${String(e['worker'])}`,
  'boot info': (e) => `begins its life, pid ${String(e['pid'])}`,
  'fence invoke': () => 'fences: InitProducerId',
  'fence ok': (e) =>
    `is producer ${String(e['producerId'])}, epoch ${String(e['epoch'])}; who was before is fenced`,
  'committed-offset ok': (e) => `finds ${theOrNo('committed offset', e['offset'])} of ${String(e['group'])}`,
  'manifest ok': (e) => `finds ${theOrNo('manifest', e['snapshotId'])}`,
  'restore ok': stateTold,
  'replay invoke': (e) => `replays the changelog ${String(e['from'])}..${String(e['to'])}`,
  'replay ok': (e) =>
    `has replayed ${String(e['records'])} records: applied ${String(e['applied'])}, skipped ${String(e['skipped'])}`,
  'resume info': (e) => `resumes its input at ${String(e['offset'])}`,
  'txn invoke': (e) =>
    `begins transaction ${String(e['n'])} (${String(e['kind'])}, ${String(e['records'])} records)`,
  'produce ok': (e) => `its records are acknowledged: ${ranges(e)}`,
  'commit invoke': (e) => `sends the commit of transaction ${String(e['n'])}`,
  'commit ok': (e) => `transaction ${String(e['n'])} is committed and answered`,
  'commit fail': (e) => `transaction ${String(e['n'])} is refused: ${String(e['code'])}`,
  'commit info': (e) => `nobody knows the fate of transaction ${String(e['n'])}: ${String(e['code'])}`,
  'apply ok': (e) => `has applied transaction ${String(e['n'])} to its state`,
  'snapshot invoke': (e) => `takes the snapshot ${String(e['snapshotId'])}`,
  'manifest-commit ok': (e) => `its manifest is committed: ${String(e['snapshotId'])}`,
  'prune ok': () => 'prunes former snapshots',
  'arm ok': (e) => `is about to reach ${String(e['point'])}, hit ${String(e['hit'])}; the wire is armed`,
  'frame info': (e) => `sees ${String(e['api'])} on the wire, ${String(e['moment'])}`,
  'kill info': (e) => `kills itself at ${String(e['point'])}, hit ${String(e['hit'])}`,
  'sigkill invoke': (e) => `kills ${String(e['worker'])} (${String(e['why'])})`,
  'pause invoke': (e) => `stops itself at ${shown(e['point'])}, hit ${shown(e['hit'])}`,
  'pause ok': () => 'is awake again',
  'halt invoke': (e) => `halts at ${shown(e['point'])}, hit ${shown(e['hit'])}`,
  'halt ok': () => 'goes on where it was halted',
  'halt info': (e) => `stops ${shown(e['worker'])}: ${shown(e['why'])}`,
  'fault info': (e) => `fault: ${shown(e['fault'])}`,
  'sigcont invoke': (e) => `wakes ${String(e['worker'])}`,
  'exit info': (e) =>
    `${shown(e['life'], shown(e['worker']))} is gone: ${shown(e['signal'], `exit code ${shown(e['code'])}`)}`,
  'error info': (e) => `gives up: ${String(e['code'])}: ${String(e['message'])}`,
  'lag-zero info': (e) => `is at the end of its input, position ${String(e['position'])}`,
  'feed info': (e) => `has fed orders up to ${String(e['upTo'])}`,
  'drained info': () => 'sees everything processed',
  'stop info': () => 'stops',
}

const STEADY: ReadonlySet<string> = new Set(['txn', 'produce', 'offsets', 'commit', 'apply'])

/** Something was done to a life here, or went wrong in it. */
const DISTURBS: ReadonlySet<string> = new Set([
  'kill info',
  'halt invoke',
  'halt info',
  'pause invoke',
  'sigkill invoke',
  'sigcont invoke',
  'fault info',
  'error info',
  'commit fail',
  'commit info',
])
/** Transactions told before and after each disturbance, of every life. */
const AROUND = 2

const idOf = (e: HistoryEvent): string => `${e.incarnation}/${e.task ?? ''}/${Number(e['n'])}`
const isSteady = (e: HistoryEvent): boolean => STEADY.has(e.f) && e['n'] !== undefined

/** Transactions told one by one: of each life and task the first, the last, and those around what was done to any. */
function worthTelling(events: readonly HistoryEvent[]): ReadonlySet<string> {
  const moments = events.filter((e) => DISTURBS.has(`${e.f} ${e.type}`)).map((e) => e.t)
  const began = new Map<string, { t: number; of: string }>()
  for (const e of events)
    if (isSteady(e) && !began.has(idOf(e)))
      began.set(idOf(e), { t: e.t, of: `${e.incarnation}/${e.task ?? ''}` })
  const told = new Set<string>()
  for (const own of Map.groupBy(began, ([, { of }]) => of).values()) {
    const keep = (some: readonly [string, unknown][]): void => some.forEach(([id]) => told.add(id))
    keep(own.slice(0, 1))
    keep(own.slice(-AROUND))
    for (const moment of moments) {
      keep(own.filter(([, { t }]) => t <= moment).slice(-AROUND))
      keep(own.filter(([, { t }]) => t > moment).slice(0, AROUND))
    }
  }
  return told
}

function steps(events: readonly HistoryEvent[], told: ReadonlySet<string>): TimelineRow[] {
  const rows: TimelineRow[] = []
  const folded = new Map<string, number>()
  const flush = ({ incarnation, t }: HistoryEvent): void => {
    const count = folded.get(incarnation) ?? 0
    if (count > 0)
      rows.push({
        t,
        who: incarnation,
        what: `(${count} more ${count === 1 ? 'transaction' : 'transactions'} committed)`,
      })
    folded.delete(incarnation)
  }
  for (const e of events) {
    if (isSteady(e) && !told.has(idOf(e))) {
      if (e.f === 'commit' && e.type === 'ok') folded.set(e.incarnation, (folded.get(e.incarnation) ?? 0) + 1)
      continue
    }
    const tell = TOLD[`${e.f} ${e.type}`]
    if (!tell) continue
    flush(e)
    rows.push({ t: e.t, who: e.incarnation, what: tell(e) })
  }
  return rows
}

interface Ended {
  readonly outcome: 'COMMIT' | 'ABORT'
  readonly incarnation: string
  readonly n: number
  timestamp: number
  readonly places: string[]
}

/** Each transaction whose records lie in the logs and that a marker has ended. */
function endings(partitions: readonly RawPartition[]): Ended[] {
  const ended = new Map<string, Ended>()
  for (const { topic, partition, entries } of partitions) {
    const open = new Map<string, Set<string>>()
    for (const entry of entries) {
      const names = open.get(entry.producerId) ?? new Set<string>()
      open.set(entry.producerId, names)
      if (entry.kind === 'data') {
        const name = entry.headers[HEADER.txn]
        if (entry.transactional && name !== undefined) names.add(name)
        continue
      }
      for (const name of names) {
        const txn = decodeTxn(name)
        if (!txn) continue
        const { outcome, timestamp, offset } = entry
        const known = ended.get(`${name} ${outcome}`)
        const of: Ended = known ?? { outcome, incarnation: txn.incarnation, n: txn.n, timestamp, places: [] }
        of.timestamp = Math.max(of.timestamp, timestamp)
        of.places.push(`${topic}/${partition} ${offset}`)
        ended.set(`${name} ${outcome}`, of)
      }
      open.delete(entry.producerId)
    }
  }
  return [...ended.values()]
}

/** COMMIT of what is told, and every ABORT. */
function markers(
  events: readonly HistoryEvent[],
  partitions: readonly RawPartition[],
  told: ReadonlySet<string>,
): TimelineRow[] {
  const skew = skewOf(events)
  return endings(partitions).flatMap(({ outcome, incarnation, n, timestamp, places }): TimelineRow[] => {
    const own = events.filter((e) => isSteady(e) && e.incarnation === incarnation && Number(e['n']) === n)
    if (outcome === 'COMMIT' && !own.some((e) => told.has(idOf(e)))) return []
    // A marker has whole milliseconds, and is never there before its transaction's end was asked for.
    const asked = own.findLast(
      (e) => e.f !== 'apply' && e.type !== 'fail' && !(e.f === 'commit' && e.type === 'ok'),
    )
    const t = Math.max(timestamp - skew, asked?.t ?? 0)
    return [{ t, who: 'log', what: `${outcome} of ${incarnation}/${n} at ${places.join(', ')}` }]
  })
}

/** Wall clock minus the clock of the history. */
const skewOf = (events: readonly HistoryEvent[]): number => (events[0] ? events[0].at - events[0].t : 0)

const FINDINGS_OF_A_KIND = 3

function findings(
  events: readonly HistoryEvent[],
  { findings: all = [], partitions = [] }: Beside,
  end: number,
): TimelineRow[] {
  const skew = skewOf(events)
  const when = ({ place }: Anomaly): number => {
    const entry = partitions
      .find((p) => p.topic === place.topic && p.partition === place.partition)
      ?.entries.find((e) => e.offset === place.offset)
    const txn = decodeTxn(
      place.transaction ?? (entry?.kind === 'data' ? entry.headers[HEADER.txn] : undefined),
    )
    const committed = events.find(
      (e) => e.f === 'commit' && e.incarnation === txn?.incarnation && Number(e['n']) === txn.n,
    )
    if (committed) return committed.t
    return entry ? entry.timestamp - skew : end
  }
  return [...Map.groupBy(all, ({ name }) => name)].flatMap(([name, own]) => {
    const rows = own
      .slice(0, FINDINGS_OF_A_KIND)
      .map((anomaly) => ({ t: when(anomaly), who: 'oracle', what: `✗ ${name}: ${anomaly.message}` }))
    const more = own.length - rows.length
    const last = rows.at(-1)
    return more > 0 && last ? [...rows, { ...last, what: `✗ ${name}: ${more} more of them` }] : rows
  })
}

/** The rows in order of time; of one moment, what was done comes before what was found. */
export function timelineRows(history: readonly HistoryEvent[], beside: Beside = {}): TimelineRow[] {
  const events = history.toSorted((a, b) => a.t - b.t)
  const told = worthTelling(events)
  const rows = [...steps(events, told), ...markers(events, beside.partitions ?? [], told)]
  rows.push(...findings(events, beside, rows.at(-1)?.t ?? 0))
  return rows.toSorted((a, b) => a.t - b.t)
}
