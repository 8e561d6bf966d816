/**
 * The charts of one run: TTR by phase, lag to zero, what isolation hides, snapshot cost, latency.
 *
 * Promises: a chart is left out where nothing of it was measured; a bar is the median of the cells that
 * share a point, a whisker the interval of that median; with one sample there is no whisker. Lag shows every
 * cell as a thin line and the median of each operator's as a thick one.
 */
import { NO_KILL, PHASES, type CellResult, type RunResult } from '../matrix/result.ts'
import type { HistoryEvent } from '../history/event.ts'
import { medianOf } from '../stats/median.ts'
import { bars, counted, ends, whiskers } from './charts-bars.ts'
import type { BarRow } from './charts-bars.ts'
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

const samplesOf = (group: Group, name: MetricName): (number | null)[] =>
  group.cells.map((cell) => metricOf(cell, name))

const median = (group: Group, name: MetricName): number | null =>
  medianOf(samplesOf(group, name))?.median ?? null

const labelled = (group: Group): string =>
  counted({ label: group.label, samples: [samplesOf(group, 'ttr_ms')] })

const measured = (of: readonly Group[], name: MetricName): Group[] =>
  of.filter((group) => median(group, name) !== null)

function ttrChart(all: readonly Group[]): Chart | undefined {
  const of = measured(all, 'ttr_ms')
  if (of.length === 0) return undefined
  const totals = of.map((group) => samplesOf(group, 'ttr_ms'))
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
      series: [...phases, whiskers(totals), ends(totals, 'ms')],
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

const rowsOf = (of: readonly Group[], metrics: readonly MetricName[]): BarRow[] =>
  of.map((group) => ({ label: group.label, samples: metrics.map((name) => samplesOf(group, name)) }))

function isolationChart(of: readonly Group[]): Chart | undefined {
  if (!of.some((group) => (median(group, 'uncommitted_seen') ?? 0) > 0)) return undefined
  return bars(rowsOf(of, ['uncommitted_seen']), {
    name: 'isolation',
    title: 'What read_uncommitted sees and read_committed does not',
    about: 'Records of the killed transaction, visible while it dangled',
    unit: 'records',
    series: ['seen by read_uncommitted alone'],
  })
}

const snapshotChart = (of: readonly Group[]): Chart | undefined =>
  bars(rowsOf(of, ['snapshot_time_ms']), {
    name: 'snapshot-cost',
    title: 'What a snapshot cost',
    about: 'Milliseconds for one snapshot',
    unit: 'ms',
    series: ['time of a snapshot'],
  })

/** With kills and, where a cell had none, without. */
const latencyChart = (of: readonly Group[]): Chart | undefined =>
  bars(latencyRows(of), { ...LATENCY, name: 'latency' })

export const LATENCY = {
  title: 'From order to committed output',
  about: 'Milliseconds from the append of an order to the commit of its output',
  unit: 'ms',
  series: ['p50', 'p95', 'p99'],
} as const

export const latencyRows = (of: readonly Group[]): BarRow[] =>
  rowsOf(of, ['latency_p50_ms', 'latency_p95_ms', 'latency_p99_ms']).map((row) => ({
    ...row,
    label: row.label === NO_KILL ? 'nobody killed' : row.label,
  }))
