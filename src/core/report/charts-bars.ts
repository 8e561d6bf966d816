/**
 * Horizontal bars with whiskers: what every chart of medians is made of.
 *
 * Promises: a bar is the median of its samples, a whisker the interval of that median (src/core/stats/median.ts);
 * with one sample there is no whisker, and nothing is drawn where nothing was measured. The number stands at
 * the end of its bar, and the row says how many cells it comes from.
 */
import { medianOf } from '../stats/median.ts'
import { base, gridFor, heightFor, INK, names, SERIES, valueAxis, WIDTH } from './charts-style.ts'
import type { Chart } from './charts-style.ts'
import { number } from './numbers.ts'

type Samples = readonly (number | null)[]

export interface BarRow {
  readonly label: string
  /** One list of samples for each series, in its order. */
  readonly samples: readonly Samples[]
}

export interface Bars {
  readonly name: string
  readonly title: string
  readonly note?: string
  readonly about: string
  readonly unit: string
  readonly series: readonly string[]
}

/** A bar's thickness, and from the middle of one to the middle of the next. */
const THICK = 14
const STEP = 18

/** How far below the middle of its row the middle of a bar lies, in pixels. */
const shift = (at: number, of: number): number => (at - (of - 1) / 2) * STEP

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
const whisker = (below: number) => (_: unknown, api: RenderApi) => {
  const [left, middle] = api.coord([api.value(0), api.value(2)])
  const [right] = api.coord([api.value(1), api.value(2)])
  const y = middle + below
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

/** The interval of each row's median; `below` moves it from the middle of the row to its bar. A name gets into the legend. */
export const whiskers = (rows: readonly Samples[], below = 0, named = true) => ({
  ...(named ? { name: 'interval of the median' } : {}),
  type: 'custom',
  renderItem: whisker(below),
  itemStyle: { color: INK },
  encode: { x: [0, 1], y: 2 },
  data: rows.flatMap((samples, row) => {
    const found = medianOf(samples)
    return found && found.n > 1 ? [[found.low, found.high, row]] : []
  }),
  z: 10,
})

/** Each row's median as a number, right of its bar and whisker. */
export const ends = (rows: readonly Samples[], unit: string, below = 0) => ({
  type: 'scatter',
  symbolSize: 0.01,
  symbolOffset: [0, below],
  silent: true,
  data: rows.flatMap((samples, row) => {
    const found = medianOf(samples)
    return found ? [{ value: [found.high, row], name: `${number(found.median)} ${unit}` }] : []
  }),
  label: { show: true, position: 'right', distance: 6, formatter: '{b}', color: INK },
})

/** "c (n 3)": the most that one of its bars was measured. */
export function counted({ label, samples }: BarRow): string {
  const n = Math.max(0, ...samples.map((each) => medianOf(each)?.n ?? 0))
  return n > 1 ? `${label} (n ${n})` : label
}

/** undefined if no row has a sample; such rows are left out. */
export function bars(all: readonly BarRow[], spec: Bars): Chart | undefined {
  const rows = all.filter(({ samples }) => samples.some((each) => medianOf(each) !== undefined))
  if (rows.length === 0) return undefined
  const labels = rows.map(counted)
  const of = spec.series.length
  const column = (at: number): Samples[] => rows.map(({ samples }) => samples[at] ?? [])
  const told = rows.map(({ samples }, row) => {
    const values = spec.series.map(
      (title, at) => `${title} ${number(medianOf(samples[at] ?? [])?.median)} ${spec.unit}`,
    )
    return `${labels[row]}: ${values.join(', ')}`
  })
  return {
    name: spec.name,
    title: spec.title,
    ...(spec.note === undefined ? {} : { note: spec.note }),
    description: `${spec.about}, median. ${told.join('; ')}.`,
    width: WIDTH,
    height: of === 1 ? heightFor(rows.length) : heightFor(0) + rows.length * (of * STEP + 16),
    option: base({
      grid: gridFor(labels),
      xAxis: valueAxis(`${spec.unit}, median`),
      yAxis: names(labels),
      series: spec.series.flatMap((title, at) => [
        {
          name: title,
          type: 'bar',
          barWidth: THICK,
          barGap: `${Math.round((100 * (STEP - THICK)) / THICK)}%`,
          itemStyle: { color: SERIES[at % SERIES.length] },
          data: column(at).map((samples) => medianOf(samples)?.median ?? null),
        },
        whiskers(column(at), shift(at, of), at === of - 1),
        ends(column(at), spec.unit, shift(at, of)),
      ]),
    }),
  }
}
