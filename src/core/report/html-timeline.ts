/**
 * What happened in a cell around its kill, line by line, as sentences.
 *
 * Promises: only what the journals hold, in their order; times are milliseconds since the kill. Of the lives
 * of the killed operator the last transaction before the kill, the recovery, and the first two commits after
 * it; transactions between are counted in one line.
 */
import type { CellResult } from '../matrix/result.ts'
import type { HistoryEvent } from '../history/event.ts'
import { zeroOf } from './charts-lag.ts'
import { left, right, words } from './blocks.ts'
import type { Table } from './blocks.ts'
import { number, printable } from './numbers.ts'

type Say = (event: HistoryEvent) => string | undefined

const n = (value: unknown): string => number(typeof value === 'number' ? value : Number(value))
const word = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : 'none'

/** By `event type`; what is not here is not told. */
const SENTENCES: Readonly<Record<string, Say>> = {
  'spawn info': (e) => `${word(e['worker'])} was started (process ${word(e['pid'])})`,
  'boot info': () => 'its first line: the process is up',
  'fence invoke': (e) => `fences every earlier owner of ${word(e['transactionalId'])}`,
  'fence ok': (e) => `fenced: producer ${word(e['producerId'])}, epoch ${word(e['epoch'])}`,
  'committed-offset ok': (e) =>
    typeof e['offset'] === 'number'
      ? `found the input committed up to ${e['offset']}`
      : 'found no committed input offset',
  'manifest ok': (e) =>
    typeof e['snapshotId'] === 'string' ? `found the manifest of ${e['snapshotId']}` : 'found no manifest',
  'restore ok': (e) =>
    e['source'] === 'none'
      ? 'begins with an empty state'
      : `has ${n(e['keys'])} keys, source: ${word(e['source'])}`,
  'replay ok': (e) =>
    `replayed ${n(e['records'])} changelog records: ${n(e['applied'])} applied, ${n(e['skipped'])} skipped`,
  'resume info': (e) => `resumes the input at ${word(e['offset'])}`,
  'first-input info': (e) => `has its first input record, offset ${word(e['offset'])}`,
  'txn invoke': (e) => `begins transaction ${word(e['n'])}: ${n(e['records'])} records`,
  'produce ok': (e) => `records of transaction ${word(e['n'])} are acknowledged`,
  'offsets ok': (e) => `offsets of transaction ${word(e['n'])} are added: ${word(e['offset'])}`,
  'arm ok': (e) => `the next commit is the one: ${word(e['point'])}, hit ${word(e['hit'])}`,
  'commit invoke': (e) => `sends the commit of transaction ${word(e['n'])}`,
  'commit ok': (e) => `transaction ${word(e['n'])} is committed`,
  'commit fail': (e) => `commit of transaction ${word(e['n'])} refused: ${word(e['code'])}`,
  'commit info': (e) => `fate of transaction ${word(e['n'])} is unknown: ${word(e['code'])}`,
  'abort ok': (e) => `transaction ${word(e['n'])} is aborted`,
  'apply ok': (e) => `the state follows, up to input ${word(e['nextInput'])}`,
  'snapshot ok': (e) => `snapshot ${word(e['snapshotId'])}: ${n(e['keys'])} keys, ${n(e['bytes'])} bytes`,
  'manifest-commit ok': (e) => `its manifest is committed: ${word(e['snapshotId'])}`,
  'frame info': (e) => `on the wire: ${word(e['api'])} ${word(e['direction'] ?? '')} ${word(e['moment'])}`,
  'kill info': (e) => `kills itself at ${word(e['point'])}, hit ${word(e['hit'])}`,
  'sigkill invoke': (e) => `SIGKILL to ${word(e['worker'])}: ${word(e['why'])}`,
  'pause invoke': (e) => `stops itself at ${word(e['point'])}, hit ${word(e['hit'])}`,
  'pause ok': () => 'wakes up',
  'sigcont invoke': (e) => `SIGCONT to ${word(e['worker'])}`,
  'exit info': (e) => `${word(e['life'])} is gone: ${word(e['signal'] ?? `code ${word(e['code'])}`)}`,
  'error info': (e) => `error ${word(e['code'])}: ${word(e['message'])}`,
  'lag-zero info': (e) => `lag is zero at ${word(e['position'])}`,
  'drained info': () => 'everything fed has been processed',
}

/** Lines of a transaction that are left out away from the kill. */
const ROUTINE = new Set(['txn', 'produce', 'offsets', 'commit', 'apply', 'arm', 'lag-zero'])

function selected(
  cell: CellResult,
  events: readonly HistoryEvent[],
  zero: number,
): (HistoryEvent | number)[] {
  const told = events.filter(
    (e) => `${e.f} ${e.type}` in SENTENCES && (e.who === cell.operator || e.who === 'supervisor'),
  )
  const lastBegin = told.findLastIndex((e) => e.f === 'txn' && e.t <= zero && e['kind'] === 'data')
  const commits = told.filter(
    (e) => e.t > zero && e.f === 'commit' && e.type === 'ok' && e['kind'] === 'data',
  )
  const enough = commits[1]?.t ?? Infinity
  const lines: (HistoryEvent | number)[] = []
  for (const [i, event] of told.entries()) {
    const near = i >= lastBegin && event.t <= enough
    const zeroLag = event.f === 'lag-zero' && event.t > enough
    if (near || !ROUTINE.has(event.f) || zeroLag) lines.push(event)
    else if (event.f === 'commit' && event.type === 'ok') {
      const last = lines.at(-1)
      if (typeof last === 'number') lines[lines.length - 1] = last + 1
      else lines.push(1)
    }
  }
  return lines
}

export function timelineTable(cell: CellResult, events: readonly HistoryEvent[]): Table | undefined {
  const zero = zeroOf(events)
  if (zero === undefined) return undefined
  const bare = (text: string): string =>
    printable(cell.prefix === '' ? text : text.replaceAll(cell.prefix, ''))
  const rows = selected(cell, events, zero).map((line) =>
    typeof line === 'number'
      ? [
          '',
          cell.operator,
          line === 1 ? '1 more transaction is committed' : `${number(line)} more transactions are committed`,
        ]
      : [
          (line.t - zero).toFixed(1),
          line.who === 'supervisor' ? 'supervisor' : line.incarnation,
          bare(SENTENCES[`${line.f} ${line.type}`]?.(line) ?? ''),
        ],
  )
  return { columns: [right('ms'), left('who'), words('what')], rows }
}
