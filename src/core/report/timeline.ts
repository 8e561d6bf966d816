/**
 * The timeline of one cell: what each life did and what was done to it, in order, as blocks.
 *
 * Promises: every step that matters to the verdict has a line: spawn, boot, fence with its epoch, what was
 * found, restored and replayed, resume, the transactions around the kill with their ends, the kill, the
 * frames on the wire, the exit. Undisturbed transactions between them are folded into one line.
 * Does not: judge; the verdict stands above it.
 */
import type { HistoryEvent } from '../history/event.ts'
import type { CellResult } from '../matrix/result.ts'
import { type Block, heading, left, list, right, table, text, words } from './blocks.ts'
import { printable } from './numbers.ts'

interface Line {
  readonly t: number
  readonly who: string
  readonly what: string
}

type Tell = (e: HistoryEvent) => string

const ranges = (e: HistoryEvent): string =>
  ((e['ranges'] as { topic: string; partition: number; baseOffset: number; count: number }[]) ?? [])
    .map((r) => `${r.topic}/${r.partition} ${r.baseOffset}..${r.baseOffset + r.count - 1}`)
    .join(', ')

/** A text or number of an event; `none` where there is none. */
const shown = (value: unknown, none = 'unknown'): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : none

/** Keyed by `<event> <type>`; events that are not here are not shown. */
const TOLD: Readonly<Record<string, Tell>> = {
  'spawn info': (e) => `starts ${String(e['worker'])}`,
  'boot info': (e) => `begins its life, pid ${String(e['pid'])}`,
  'fence invoke': () => 'fences: InitProducerId',
  'fence ok': (e) =>
    `is producer ${String(e['producerId'])}, epoch ${String(e['epoch'])}; who was before is fenced`,
  'committed-offset ok': (e) =>
    `finds the committed offset ${shown(e['offset'], 'missing')} of ${String(e['group'])}`,
  'manifest ok': (e) => `finds the manifest ${shown(e['snapshotId'], 'none')}`,
  'restore ok': (e) => `keeps or restores its state (${String(e['source'])}): ${String(e['keys'])} keys`,
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

/** Transactions that are told one by one: the last of a life and the first after a resume. */
function worthTelling(events: readonly HistoryEvent[]): ReadonlySet<HistoryEvent> {
  const told = new Set<HistoryEvent>()
  const byLife = Map.groupBy(events, (e) => e.incarnation)
  for (const life of byLife.values()) {
    const transactions = life.filter((e) => STEADY.has(e.f) && e['n'] !== undefined)
    const numbers = [...new Set(transactions.map((e) => Number(e['n'])))].sort((a, b) => a - b)
    const kept = new Set([numbers[0], numbers.at(-1), numbers.at(-2)])
    for (const e of transactions) if (kept.has(Number(e['n']))) told.add(e)
  }
  return told
}

function linesOf(events: readonly HistoryEvent[]): Line[] {
  const shown = worthTelling(events)
  const lines: Line[] = []
  const folded = new Map<string, number>()
  const flush = (e: HistoryEvent): void => {
    const count = folded.get(e.incarnation) ?? 0
    if (count > 0) lines.push({ t: e.t, who: e.incarnation, what: `(${count} more transactions committed)` })
    folded.delete(e.incarnation)
  }
  for (const e of events) {
    const steady = STEADY.has(e.f) && e['n'] !== undefined
    if (steady && !shown.has(e)) {
      if (e.f === 'commit' && e.type === 'ok') folded.set(e.incarnation, (folded.get(e.incarnation) ?? 0) + 1)
      continue
    }
    const tell = TOLD[`${e.f} ${e.type}`]
    if (!tell) continue
    flush(e)
    lines.push({ t: e.t, who: e.incarnation, what: tell(e) })
  }
  return lines
}

export function timelineBlocks(cell: CellResult, events: readonly HistoryEvent[]): Block[] {
  const sorted = events.toSorted((a, b) => a.t - b.t)
  const start = sorted[0]?.t ?? 0
  const { evidence } = cell
  const marker = evidence.marker_at
  const at = marker
    ? ` at ${marker.topic}-${marker.partition} offset ${marker.offset}, epoch ${marker.epoch}`
    : ''
  return [
    heading(2, printable(`${cell.cell}: ${cell.verdict}`)),
    text(printable(cell.story)),
    table(
      [right('ms'), left('who'), words('what')],
      linesOf(sorted).map(({ t, who, what }) => [(t - start).toFixed(1), who, printable(what)]),
    ),
    list(
      [
        `evidence: ${evidence.summary}`,
        `marker in the raw log: ${evidence.marker ?? 'none'}${at}`,
        `anomalies: ${cell.anomalies.join(', ') || 'none'}`,
        `to repeat it: ${cell.command}`,
      ].map(printable),
    ),
  ]
}
