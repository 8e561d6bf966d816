/**
 * Two sets of measurements side by side: how far apart are they, and could that be chance?
 *
 * Promises: every difference comes with its judgement: significant (rank test, p corrected by Holm over all
 * rows of the table), not significant, or too few runs to tell. Only cells of one point, mode, guarantee and
 * mutant are set against each other; what only one side has is listed.
 * Does not: say which of two machines was busy; where hosts differ it says so.
 */
import { NO_KILL, type CellResult, type RunResult } from '../matrix/result.ts'
import { nameOfKills } from '../matrix/coverage.ts'
import { medianOf } from '../stats/median.ts'
import { holm, leastP, rankTest, SIGNIFICANT } from '../stats/rank-test.ts'
import { heading, left, list, right, table, text, words } from './blocks.ts'
import type { Block, Table } from './blocks.ts'
import { metricOf } from './metrics.ts'
import type { MetricName } from './metrics.ts'
import { NOTHING, number, printable, spread } from './numbers.ts'
import { groups } from './tables.ts'
import type { Group } from './tables.ts'

export interface Pair {
  readonly label: string
  readonly metric: MetricName
  readonly a: readonly CellResult[]
  readonly b: readonly CellResult[]
}

const samplesOf = (cells: readonly CellResult[], metric: MetricName): number[] =>
  cells.map((cell) => metricOf(cell, metric)).filter((value) => value !== null)

const COLUMNS = (a: string, b: string) => [
  left('cell'),
  left('metric'),
  right(a),
  right('n'),
  right(b),
  right('n'),
  right('change'),
  words('difference'),
]

/** One row a pair; pairs that one side has no measurement of are left out. */
export function differencesTable(pairs: readonly Pair[], [a, b]: readonly [string, string]): Table {
  const sampled = pairs
    .map((pair) => ({ pair, as: samplesOf(pair.a, pair.metric), bs: samplesOf(pair.b, pair.metric) }))
    .filter(({ as, bs }) => as.length > 0 && bs.length > 0)
  const ps = holm(sampled.map(({ as, bs }) => rankTest(as, bs)))
  const rows = sampled.map(({ pair, as, bs }, i) => [
    printable(pair.label),
    pair.metric,
    spread(as),
    String(as.length),
    spread(bs),
    String(bs.length),
    changeOf(as, bs),
    judgement(as, bs, ps[i] ?? 1),
  ])
  return { columns: COLUMNS(a, b), rows }
}

function changeOf(as: readonly number[], bs: readonly number[]): string {
  const [a, b] = [medianOf(as)?.median ?? 0, medianOf(bs)?.median ?? 0]
  if (a === b) return '0 %'
  if (a === 0) return NOTHING
  const percent = Math.round((b / a - 1) * 100)
  return `${percent > 0 ? '+' : ''}${percent} %`
}

function judgement(as: readonly number[], bs: readonly number[], p: number): string {
  if (new Set([...as, ...bs]).size === 1) return 'none: the same in every run'
  if (p < SIGNIFICANT) return `significant (p ${p < 0.001 ? '< 0.001' : p.toFixed(3)})`
  if (leastP(as.length, bs.length) >= SIGNIFICANT) return 'too few runs to tell'
  return `not significant (p ${p.toFixed(2)})`
}

const keyOf = (cell: CellResult): string =>
  JSON.stringify([nameOfKills(cell), cell.mode, cell.guarantee, cell.mutant])

const firstOf = (group: Group): CellResult => group.cells[0]!

/** Within a run: cold against warm of one point, OpB against OpA of one moment, a kill against none. */
export function pairsWithin(
  cells: readonly CellResult[],
  metric: MetricName,
): { name: string; pairs: Pair[] }[] {
  const all = groups(cells)
  const pairsOf = (
    matches: (a: CellResult, b: CellResult) => boolean,
    label: (a: CellResult, b: CellResult) => string,
  ): Pair[] =>
    all.flatMap((one) =>
      all
        .filter((other) => matches(firstOf(one), firstOf(other)))
        .map((other) => ({
          label: label(firstOf(one), firstOf(other)),
          metric,
          a: one.cells,
          b: other.cells,
        })),
    )
  const moment = (cell: CellResult): string => nameOfKills(cell).replaceAll(/\bop[ab]\./g, '')
  const alike = (a: CellResult, b: CellResult): boolean =>
    a.guarantee === b.guarantee && a.mutant === b.mutant
  return [
    {
      name: 'opa against opb',
      pairs: pairsOf(
        (a, b) =>
          a.operator === 'opa' &&
          b.operator === 'opb' &&
          moment(a) === moment(b) &&
          a.mode === b.mode &&
          alike(a, b),
        moment,
      ),
    },
    {
      name: 'warm against cold',
      pairs: pairsOf(
        (a, b) => a.mode === 'warm' && b.mode === 'cold' && nameOfKills(a) === nameOfKills(b) && alike(a, b),
        nameOfKills,
      ),
    },
    {
      name: 'nobody killed against killed',
      pairs: pairsOf(
        (a, b) => a.point === NO_KILL && b.point !== NO_KILL && alike(a, b),
        (_none, killed) => `${nameOfKills(killed)}${killed.mode === 'cold' ? ' (cold)' : ''}`,
      ),
    },
  ].filter(({ pairs }) => pairs.length > 0)
}

const SIDES: Readonly<Record<string, readonly [string, string]>> = {
  'opa against opb': ['opa', 'opb'],
  'warm against cold': ['warm', 'cold'],
  'nobody killed against killed': ['nobody killed', 'killed'],
}

/** Of the differences within a run that its tables invite to see: which are more than chance? */
export const differencesWithin = (
  cells: readonly CellResult[],
  metric: MetricName,
): { readonly name: string; readonly table: Table }[] =>
  pairsWithin(cells, metric)
    .map(({ name, pairs }) => ({ name, table: differencesTable(pairs, SIDES[name] ?? ['A', 'B']) }))
    .filter(({ table: { rows } }) => rows.length > 0)

const COMPARED: readonly MetricName[] = [
  'ttr_ms',
  'lag_zero_ms',
  'snapshot_time_ms',
  'snapshot_bytes',
  'replay_rate',
  'latency_p95_ms',
  'throughput',
]

export function pairsBetween(a: RunResult, b: RunResult): Pair[] {
  const inB = new Map(groups(b.cells).map((group) => [keyOf(firstOf(group)), group]))
  return groups(a.cells).flatMap((group) => {
    const other = inB.get(keyOf(firstOf(group)))
    if (!other) return []
    const point = nameOfKills(firstOf(group))
    const { mode } = firstOf(group)
    const label = `${point}${mode === 'cold' ? ' (cold)' : ''}${hitsApart(group, other)}`
    return COMPARED.map((metric) => ({ label, metric, a: group.cells, b: other.cells }))
  })
}

/** What follows one hit is not what follows another: where they differ, the row says so. */
function hitsApart(a: Group, b: Group): string {
  const hitsOf = (group: Group): string =>
    [...new Set(group.cells.map((cell) => cell.hit))].toSorted((x, y) => x - y).join(' ')
  return hitsOf(a) === hitsOf(b) ? '' : `, hit ${hitsOf(a)} against ${hitsOf(b)}`
}

export const compareTable = (a: RunResult, b: RunResult): Table =>
  differencesTable(pairsBetween(a, b), ['A', 'B'])

export function compareBlocks(a: RunResult, b: RunResult): Block[] {
  const differences = compareTable(a, b)
  return [
    heading(1, 'eoslab: two runs side by side'),
    heading(2, 'The runs'),
    runsTable(a, b),
    ...hosts(a, b),
    ...loads(a, b),
    heading(2, 'Verdicts'),
    ...verdicts(a, b),
    heading(2, 'Measurements'),
    text(
      'Medians with the interval of the median, and the number of cells. A difference is significant if the ' +
        'rank sum test says p below 0.05, corrected for the number of rows.',
    ),
    differences.rows.length > 0
      ? { kind: 'table', table: differences }
      : text('The runs have no crash point in common that was measured in both.'),
  ]
}

const runsTable = (a: RunResult, b: RunResult): Block =>
  table(
    [left('of the run'), words('A'), words('B')],
    (
      [
        ['experiment', (run) => run.experiment],
        ['verdict', (run) => run.verdict],
        ['cells', (run) => number(run.cells.length)],
        ['orders a cell', ordersOf],
        ['started', (run) => run.provenance.started],
        ['seed', (run) => String(run.seed)],
        [
          'eoslab',
          ({ provenance: p }) => `${p.eoslab} ${p.commit?.slice(0, 12) ?? ''}${p.dirty ? ' (changed)' : ''}`,
        ],
        ['client', (run) => run.provenance.client],
        ['Kafka, Node, SQLite', ({ provenance: p }) => `${p.kafka}, ${p.node}, ${p.sqlite}`],
        ['host', hostOf],
        ['results', (run) => run.results],
      ] as [string, (run: RunResult) => string][]
    ).map(([name, of]) => [name, printable(of(a)), printable(of(b))]),
  )

const hostOf = ({ provenance: { host } }: RunResult): string =>
  `${host.cpus} x ${host.cpu}, ${host.memory_gib} GiB, ${host.os}`

const hosts = (a: RunResult, b: RunResult): Block[] =>
  hostOf(a) === hostOf(b)
    ? []
    : [text('The runs were made on different machines: differences of time may be theirs.')]

/** How many orders the cells had; more than one number where they differ. */
const ordersOf = (run: RunResult): string =>
  [...new Set(run.cells.map((cell) => cell.orders))]
    .toSorted((x, y) => x - y)
    .map((orders) => number(orders))
    .join(' and ') || NOTHING

const loads = (a: RunResult, b: RunResult): Block[] =>
  ordersOf(a) === ordersOf(b)
    ? []
    : [text('The runs had different numbers of orders: differences in any measurement may come from that.')]

function verdicts(a: RunResult, b: RunResult): Block[] {
  const inB = new Map(b.cells.map((cell) => [cell.cell, cell]))
  const both = a.cells.filter((cell) => inB.has(cell.cell))
  const changed = both.filter((cell) => inB.get(cell.cell)?.verdict !== cell.verdict)
  const only = (side: string, cells: readonly CellResult[]): string[] =>
    cells.length > 0 ? [`Only in ${side}: ${cells.map((cell) => cell.cell).join(', ')}`] : []
  const inA = new Set(a.cells.map((cell) => cell.cell))
  return [
    list(
      [
        changed.length === 0
          ? `${number(both.length)} cells are in both, each with the same verdict.`
          : `${number(changed.length)} of ${number(both.length)} cells in both changed their verdict.`,
        ...only(
          'A',
          a.cells.filter((cell) => !inB.has(cell.cell)),
        ),
        ...only(
          'B',
          b.cells.filter((cell) => !inA.has(cell.cell)),
        ),
      ].map(printable),
    ),
    ...(changed.length > 0
      ? [
          table(
            [left('cell'), left('A'), left('B'), words('anomalies in A'), words('anomalies in B')],
            changed.map((cell) => [
              cell.cell,
              cell.verdict,
              inB.get(cell.cell)?.verdict ?? NOTHING,
              cell.anomalies.join(', ') || NOTHING,
              inB.get(cell.cell)?.anomalies.join(', ') || NOTHING,
            ]),
          ),
        ]
      : []),
  ]
}
