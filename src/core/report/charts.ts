/**
 * The charts of one run: TTR by phase, lag to zero, what isolation hides, snapshot cost, latency.
 *
 * Promises: a chart is left out where nothing of it was measured; a bar is the median of the cells that
 * share a point, a whisker the interval of that median; with one sample there is no whisker. Lag shows every
 * cell as a thin line and the median of each operator's as a thick one.
 */
import { PHASES, type CellResult, type RunResult } from '../matrix/result.ts'
import type { HistoryEvent } from '../history/event.ts'
import { medianOf } from '../stats/median.ts'
import { lagOf } from './charts-lag.ts'
import type { LagStep } from './charts-lag.ts'
import {
  base,
  gridFor,
  heightFor,
  INK,
  names,
  OPERATOR_COLOURS,
  PHASE_COLOURS,
  SERIES,
  valueAxis,
  WIDTH,
} from './charts-style.ts'
import type { Chart } from './charts-style.ts'
import { metricOf } from './metrics.ts'
import type { MetricName } from './metrics.ts'
import { number } from './numbers.ts'
import { groups } from './tables.ts'
import type { Group } from './tables.ts'

/** Events of a cell, by its name; a cell without journals has none. */
export type Histories = ReadonlyMap<string, readonly HistoryEvent[]>

export function runCharts(run: RunResult, histories: Histories): Chart[] {
  const of = groups(run.cells)
  return [
    ttrChart(of),
    lagChart(run.cells, histories),
    isolationChart(of),
    snapshotChart(of),
    latencyChart(of),
  ].filter((chart) => chart !== undefined)
}

const median = (group: Group, name: MetricName): number | null =>
  medianOf(group.cells.map((cell) => metricOf(cell, name)))?.median ?? null

const labelled = ({ label, cells }: Group): string =>
  cells.length > 1 ? `${label} (n ${cells.length})` : label

const measured = (of: readonly Group[], name: MetricName): Group[] =>
  of.filter((group) => median(group, name) !== null)

interface RenderApi {
  value(dimension: number): number
  coord(point: readonly [number, number]): readonly [number, number]
}

const line = (x1: number, y1: number, x2: number, y2: number) => ({
  type: 'line',
  shape: { x1, y1, x2, y2 },
  style: { stroke: INK, lineWidth: 1.5 },
})

/** From low to high at a row: what echarts calls for each [low, high, row]. */
function whisker(_: unknown, api: RenderApi): unknown {
  const [left, y] = api.coord([api.value(0), api.value(2)])
  const [right] = api.coord([api.value(1), api.value(2)])
  const end = 4
  return {
    type: 'group',
    children: [
      line(left, y, right, y),
      line(left, y - end, left, y + end),
      line(right, y - end, right, y + end),
    ],
  }
}

/** Intervals of the groups' medians, as rows for `whisker`. */
const intervals = (of: readonly Group[], name: MetricName): number[][] =>
  of.flatMap((group, row) => {
    const found = medianOf(group.cells.map((cell) => metricOf(cell, name)))
    return found && found.n > 1 ? [[found.low, found.high, row]] : []
  })

const whiskers = (of: readonly Group[], name: MetricName, title: string) => ({
  name: title,
  type: 'custom',
  renderItem: whisker,
  itemStyle: { color: INK },
  encode: { x: [0, 1], y: 2 },
  data: intervals(of, name),
  z: 10,
})

/** The group's median as a number, at the right end of its row. */
const ends = (of: readonly Group[], name: MetricName, unit: string) => ({
  type: 'scatter',
  symbolSize: 0,
  data: of.map((group, row) => {
    const interval = medianOf(group.cells.map((cell) => metricOf(cell, name)))
    return { value: [interval?.high ?? 0, row], name: `${number(interval?.median)} ${unit}` }
  }),
  label: { show: true, position: 'right', distance: 6, formatter: '{b}', color: INK },
})

function ttrChart(all: readonly Group[]): Chart | undefined {
  const of = measured(all, 'ttr_ms')
  if (of.length === 0) return undefined
  const phases = PHASES.map((phase) => ({
    name: phase.replace(/_ms$/, '').replace('_', ' '),
    type: 'bar',
    stack: 'ttr',
    barWidth: 16,
    itemStyle: { color: PHASE_COLOURS[phase] },
    data: of.map((group) => median(group, phase) ?? 0),
  }))
  return {
    name: 'ttr-phases',
    title: 'Time to recover, by phase',
    description: `Milliseconds from the process being gone to its first committed output. ${of
      .map((group) => `${labelled(group)}: ${number(median(group, 'ttr_ms'))} ms`)
      .join('; ')}.`,
    width: WIDTH,
    height: heightFor(of.length) + 20,
    option: base({
      grid: gridFor(of.map(labelled), 64),
      xAxis: valueAxis('milliseconds, median'),
      yAxis: names(of.map(labelled)),
      series: [...phases, whiskers(of, 'ttr_ms', 'interval of the median'), ends(of, 'ttr_ms', 'ms')],
    }),
  }
}

/** Least and largest moment of the lag chart, around the kill. */
const BEFORE = -250
const STEPS = 120

const at = (steps: readonly LagStep[], t: number): number => steps.findLast(([from]) => from <= t)?.[1] ?? 0

function lagChart(cells: readonly CellResult[], histories: Histories): Chart | undefined {
  const lines = cells.flatMap((cell) => {
    const events = histories.get(cell.cell)
    const steps = events && cell.lag_zero_ms !== null ? lagOf(events)[cell.operator] : []
    return steps.length > 0 ? [{ operator: cell.operator, steps, end: cell.lag_zero_ms ?? 0 }] : []
  })
  if (lines.length === 0) return undefined
  const end = Math.max(...lines.map((each) => each.end)) * 1.05
  const grid = Array.from({ length: STEPS + 1 }, (_, step) => BEFORE + ((end - BEFORE) * step) / STEPS)
  const operators = (['opa', 'opb'] as const).filter((name) => lines.some((each) => each.operator === name))
  const series = operators.flatMap((operator) => {
    const own = lines.filter((each) => each.operator === operator)
    const colour = OPERATOR_COLOURS[operator]
    const thin = own.map(({ steps }) => ({
      type: 'line',
      step: 'end',
      showSymbol: false,
      silent: true,
      lineStyle: { color: colour, width: 1, opacity: 0.3 },
      data: [[BEFORE, at(steps, BEFORE)], ...steps.filter(([t]) => t > BEFORE && t < end)],
    }))
    const middle = {
      name: `${operator} killed: records waiting for it (median of ${own.length})`,
      type: 'line',
      step: 'end',
      showSymbol: false,
      itemStyle: { color: colour },
      lineStyle: { color: colour, width: 3 },
      data: grid.map((t) => [Math.round(t), medianOf(own.map(({ steps }) => at(steps, t)))?.median ?? 0]),
    }
    return [...thin, middle]
  })
  return {
    name: 'lag-to-zero',
    title: 'Lag of the killed operator, back to zero',
    description: `Records waiting for the killed operator, by milliseconds since the kill. ${operators
      .map((operator) => {
        const zero = medianOf(lines.filter((l) => l.operator === operator).map((l) => l.end))
        return `${operator}: zero after ${number(zero?.median)} ms (median of ${zero?.n})`
      })
      .join('; ')}.`,
    width: WIDTH,
    height: 320,
    option: base({
      xAxis: valueAxis('milliseconds since the kill', { min: BEFORE, max: Math.ceil(end / 100) * 100 }),
      yAxis: valueAxis('records waiting', { nameGap: 44 }),
      series: series.map((each, i) => (i === 0 ? { ...each, markLine: killLine } : each)),
    }),
  }
}

const killLine = {
  symbol: 'none',
  silent: true,
  lineStyle: { color: INK, type: 'dashed', width: 1 },
  label: { formatter: 'kill', color: INK },
  data: [{ xAxis: 0 }],
}

function isolationChart(all: readonly Group[]): Chart | undefined {
  const of = measured(all, 'uncommitted_seen')
  if (!of.some((group) => (median(group, 'uncommitted_seen') ?? 0) > 0)) return undefined
  return bars(of, {
    name: 'isolation',
    title: 'What read_uncommitted sees and read_committed does not',
    about: 'Records of the killed transaction, visible while it dangled',
    unit: 'records',
    metrics: [['uncommitted_seen', 'seen by read_uncommitted alone']],
  })
}

const snapshotChart = (all: readonly Group[]): Chart | undefined =>
  bars(measured(all, 'snapshot_time_ms'), {
    name: 'snapshot-cost',
    title: 'What a snapshot cost',
    about: 'Milliseconds for one snapshot',
    unit: 'ms',
    metrics: [['snapshot_time_ms', 'time of a snapshot']],
  })

const latencyChart = (all: readonly Group[]): Chart | undefined =>
  bars(measured(all, 'latency_p50_ms'), {
    name: 'latency',
    title: 'From order to committed output, with a kill in between',
    about: 'Milliseconds from the append of an order to the commit of its output',
    unit: 'ms',
    metrics: [
      ['latency_p50_ms', 'p50'],
      ['latency_p95_ms', 'p95'],
      ['latency_p99_ms', 'p99'],
    ],
  })

interface Bars {
  readonly name: string
  readonly title: string
  readonly about: string
  readonly unit: string
  readonly metrics: readonly (readonly [MetricName, string])[]
}

function bars(of: readonly Group[], spec: Bars): Chart | undefined {
  if (of.length === 0) return undefined
  const [single] = spec.metrics
  const alone = spec.metrics.length === 1 && single
  return {
    name: spec.name,
    title: spec.title,
    description: `${spec.about}, median. ${of
      .map(
        (group) =>
          `${labelled(group)}: ${spec.metrics.map(([name, title]) => `${title} ${number(median(group, name))}`).join(', ')}`,
      )
      .join('; ')}.`,
    width: WIDTH,
    height: heightFor(of.length * (alone ? 1 : 1.4)),
    option: base({
      grid: gridFor(of.map(labelled)),
      xAxis: valueAxis(`${spec.unit}, median`),
      yAxis: names(of.map(labelled)),
      series: [
        ...spec.metrics.map(([name, title], i) => ({
          name: title,
          type: 'bar',
          barMaxWidth: 16,
          itemStyle: { color: SERIES[i % SERIES.length] },
          data: of.map((group) => median(group, name) ?? 0),
        })),
        ...(alone ? [whiskers(of, single[0], 'interval of the median'), ends(of, single[0], spec.unit)] : []),
      ],
    }),
  }
}
