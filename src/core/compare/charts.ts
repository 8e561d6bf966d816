/**
 * The chart of a comparison, as data for ECharts.
 *
 * Promises: pure; the axis has its unit; title and description say in words what is drawn.
 */
import type { ComparedRow } from './result.ts'
import { PHASES } from '../matrix/result.ts'
import { medianOf } from '../stats/median.ts'
import { byVariant, nameOf } from './page.ts'

export interface Chart {
  readonly option: Readonly<Record<string, unknown>>
  readonly frame: { readonly width: number; readonly height: number; title: string; description: string }
}

/** Told apart also by people who see no red or green (Okabe and Ito). */
const COLOURS = ['#999999', '#0072b2', '#56b4e9', '#009e73', '#f0e442', '#e69f00', '#d55e00', '#cc79a7']
const WIDTH = 960

const common = (title: string, names: readonly string[]) => ({
  color: COLOURS,
  backgroundColor: '#ffffff',
  title: { text: title, left: 'center', textStyle: { fontSize: 16 } },
  legend: { top: 40, data: [...names] },
})

/** Time to recover as bars made of phases, medians over the runs of a variant; one that never came back has none. */
export function phaseChart(rows: readonly ComparedRow[]): Chart {
  const variants = byVariant(rows)
  const most = Math.max(...variants.map((variant) => variant.rows.length))
  const title =
    'Time to recover after SIGKILL and loss of the local state, by phase' +
    (most > 1 ? `, medians of ${most}` : '')
  const names = PHASES.map((phase) => phase.replace(/_ms$/, '').replaceAll('_', ' '))
  const series = PHASES.map((phase, i) => ({
    name: names[i],
    type: 'bar',
    stack: 'ttr',
    data: variants.map((variant) => medianOf(variant.rows.map((row) => row.phases?.[phase]))?.median ?? null),
  }))
  const option = {
    ...common(title, names),
    grid: { left: 200, right: 40, top: 70, bottom: 50 },
    xAxis: { type: 'value', name: 'milliseconds', nameLocation: 'middle', nameGap: 28 },
    yAxis: { type: 'category', inverse: true, data: variants.map(({ first }) => nameOf(first).join(', ')) },
    series,
  }
  const back = (own: readonly ComparedRow[]) => medianOf(own.map((row) => row.ttr_ms))?.median ?? 'not back'
  const bars = variants.map(({ first, rows: own }) => `${nameOf(first).join(', ')}: ${back(own)}`).join('; ')
  const frame = { width: WIDTH, height: 130 + 26 * variants.length, title, description: `ttr_ms: ${bars}` }
  return { option, frame }
}
export interface LagLine {
  readonly name: string
  /** Milliseconds since the kill, and the records still to be committed from then on. */
  readonly points: readonly (readonly [number, number])[]
}

/** Lag in steps: what was sampled holds until the next sample. */
export function lagChart(title: string, lines: readonly LagLine[]): Chart {
  const names = lines.map(({ name }) => name)
  const series = lines.map(({ name, points }) => ({
    name,
    type: 'line',
    step: 'end',
    showSymbol: false,
    data: points.map(([ms, lag]) => [ms, lag]),
  }))
  const option = {
    ...common(title, names),
    grid: { left: 80, right: 40, top: 70, bottom: 50 },
    xAxis: {
      type: 'value',
      name: 'milliseconds since the kill',
      nameLocation: 'middle',
      nameGap: 30,
    },
    yAxis: { type: 'value', name: 'records' },
    series,
  }
  const ends = lines.map(({ name, points }) => `${name} ends at ${points.at(-1)?.[0] ?? '?'} ms`).join('; ')
  return { option, frame: { width: WIDTH, height: 420, title, description: ends } }
}
