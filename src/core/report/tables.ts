/**
 * The tables of one run: what was proven, what recovery cost, what went in and came out.
 *
 * Promises: the verdict table has every cell; the tables of numbers have one row per cell, or per crash
 * point where repeats share it (median, its interval, n). Column names are the field names of the data.
 */
import { nameOfKills } from '../matrix/coverage.ts'
import { PHASES, type CellResult } from '../matrix/result.ts'
import type { AnomalyName, AnomalyPlace } from '../oracle/verdict.ts'
import { left, list, right, table, words } from './blocks.ts'
import type { Block } from './blocks.ts'
import { metricOf } from './metrics.ts'
import type { MetricName } from './metrics.ts'
import { NOTHING, number, printable, spread } from './numbers.ts'

export interface Group {
  readonly label: string
  readonly cells: readonly CellResult[]
}

/** Cells that differ only in their repeat, in order of first appearance. */
export function groups(cells: readonly CellResult[]): Group[] {
  const byPoint = new Map<string, CellResult[]>()
  for (const cell of cells) {
    const key = JSON.stringify([nameOfKills(cell), cell.mode, cell.guarantee, cell.mutant])
    const others = byPoint.get(key)
    if (others) others.push(cell)
    else byPoint.set(key, [cell])
  }
  return [...byPoint.values()].map((same) => ({ label: labelOf(same), cells: same }))
}

const labelOf = (same: readonly CellResult[]): string => {
  const [first] = same
  if (!first) return NOTHING
  if (same.length === 1) return first.cell
  return first.mode === 'cold' ? `${nameOfKills(first)} (cold)` : nameOfKills(first)
}

export const verdictTable = (cells: readonly CellResult[]): Block =>
  table(
    [left('cell'), left('mode'), right('hit'), left('verdict'), words('anomalies'), words('evidence')],
    cells.map((cell) => [
      cell.cell,
      cell.mode,
      String(cell.hit),
      cell.verdict,
      cell.anomalies.join(', ') || NOTHING,
      printable(`${cell.evidence.verdict}: ${cell.evidence.summary}`),
    ]),
  )

function metricTable(cells: readonly CellResult[], names: readonly MetricName[]): Block {
  const grouped = groups(cells)
  const repeated = grouped.some((group) => group.cells.length > 1)
  return table(
    [left('cell'), ...(repeated ? [right('n')] : []), ...names.map((name) => right(name))],
    grouped.map(({ label, cells: same }) => [
      label,
      ...(repeated ? [String(same.length)] : []),
      ...names.map((name) => spread(same.map((cell) => metricOf(cell, name)))),
    ]),
  )
}

/** Time to recover, and its phases. */
export const recoveryTable = (cells: readonly CellResult[]): Block =>
  metricTable(cells, ['ttr_ms', ...PHASES, 'caught_up_ms', 'lag_zero_ms'])

/** What was snapshotted, restored and replayed. */
export const costTable = (cells: readonly CellResult[]): Block =>
  metricTable(cells, [
    'snapshot_time_ms',
    'snapshot_bytes',
    'restored_keys',
    'replay_bytes',
    'replay_rate',
    'applied',
    'skipped',
  ])

/** How long orders took, as far as it was measured; undefined for results of older versions. */
export function latencyTable(cells: readonly CellResult[]): Block | undefined {
  const names = ['latency_p50_ms', 'latency_p95_ms', 'latency_p99_ms', 'latency_max_ms'] as const
  if (!cells.some((cell) => metricOf(cell, 'latency_p50_ms') !== null)) return undefined
  return metricTable(cells, [...names, 'throughput', 'lag_max'])
}

/** Records and money, in and out. */
export const totalsTable = (cells: readonly CellResult[]): Block =>
  table(
    [
      left('cell'),
      ...['orders', 'rejected', 'orders_before_kill', 'orders_after_kill'].map(right),
      ...['enriched', 'dlq', 'output', 'sum_in', 'sum_out'].map(right),
    ],
    cells.map((cell) => [
      cell.cell,
      ...[cell.orders, cell.rejected, cell.orders_before_kill, cell.orders_after_kill].map(number),
      ...[cell.totals.enriched, cell.totals.dlq, cell.totals.output].map(number),
      ...[cell.totals.sum_in, cell.totals.sum_out].map(number),
    ]),
  )

/** Per topic: records that read_uncommitted shows beyond read_committed, dangling and at the end. */
export function isolationTable(cells: readonly CellResult[]): Block {
  const seen = cells.map((cell) => {
    const byTopic = new Map<string, readonly [number, number]>()
    const { uncommitted_dangling: dangling, uncommitted_at_end: atEnd } = cell.totals
    for (const topic of new Set([...Object.keys(dangling), ...Object.keys(atEnd)])) {
      // Topics of different cells differ only in their prefix.
      const name = topic.startsWith(cell.prefix) ? topic.slice(cell.prefix.length) : topic
      byTopic.set(name, [dangling[topic] ?? 0, atEnd[topic] ?? 0])
    }
    return { cell: cell.cell, byTopic }
  })
  const topics = [...new Set(seen.flatMap(({ byTopic }) => [...byTopic.keys()]))].sort()
  return table(
    [left('cell'), ...topics.map(right)],
    seen.map(({ cell, byTopic }) => [
      cell,
      ...topics.map((topic) => {
        const [dangling, atEnd] = byTopic.get(topic) ?? []
        return `${number(dangling)} / ${number(atEnd)}`
      }),
    ]),
  )
}

/** Findings shown of each anomaly of a cell; the count says how many there are. */
const SHOWN = 3

/** Anomalies with their places, names without the cell's prefix; undefined where there is none. */
export function findingsTable(cells: readonly CellResult[]): Block | undefined {
  const rows = cells.flatMap((cell) => cell.anomalies.flatMap((name) => findingRows(cell, name)))
  if (rows.length === 0) return undefined
  return table([left('cell'), left('anomaly'), right('times'), words('for example'), words('where')], rows)
}

function findingRows(cell: CellResult, name: AnomalyName): string[][] {
  const times = cell.checks.reduce(
    (sum, check) => sum + (check.anomalies.some((a) => a.name === name) ? check.count : 0),
    0,
  )
  const bare = (text: string): string =>
    printable(cell.prefix === '' ? text : text.replaceAll(cell.prefix, ''))
  return cell.findings
    .filter((finding) => finding.name === name)
    .slice(0, SHOWN)
    .map((finding, at) => [
      at === 0 ? cell.cell : '',
      at === 0 ? name : '',
      at === 0 ? number(times) : '',
      bare(finding.message),
      bare(placeOf(finding.place)),
    ])
}

/** One sentence per cell. */
export const stories = (cells: readonly CellResult[]): Block =>
  list(
    cells.map(
      (cell) =>
        `${cell.cell}: ${printable(cell.problem ? `${cell.story} It did not run to its end: ${cell.problem}` : cell.story)}`,
    ),
  )

const named = (name: string, value: string | undefined): string[] =>
  value === undefined ? [] : [`${name} ${value}`]

/** topic/partition@offset and whatever else is known of the place. */
export function placeOf(place: AnomalyPlace): string {
  const partition = place.partition === undefined ? '' : `/${place.partition}`
  const offset = place.offset === undefined ? '' : `@${place.offset}`
  const record = place.topic === undefined ? '' : `${place.topic}${partition}${offset}`
  const bare = record === '' && place.partition !== undefined ? [`partition ${place.partition}${offset}`] : []
  return [
    ...(record === '' ? bare : [record]),
    ...named('key', place.key),
    ...named('transaction', place.transaction?.split('/').slice(1).join('/')),
  ].join(', ')
}
