/**
 * The timeline of one cell: every life of a worker as a lane, its recovery and its transactions in it, and
 * below it how many records waited, on the same clock, whose zero is the kill.
 *
 * Promises: what is drawn is in the journals; a transaction without an answer is drawn as such, up to the end
 * of its life, whatever became of it. Only the time around the kill is drawn; the rest is in history.jsonl.
 */
import type { CellResult } from '../matrix/result.ts'
import type { HistoryEvent } from '../history/event.ts'
import { killsOf, lagOf, zeroOf } from './charts-lag.ts'
import { base, INK, names, OPERATOR_COLOURS, valueAxis, WIDTH } from './charts-style.ts'
import type { Chart } from './charts-style.ts'
import { number } from './numbers.ts'

interface Bar {
  readonly lane: number
  readonly from: number
  readonly to: number
}

export interface Life {
  readonly incarnation: string
  readonly operator: string
  readonly spawned: number
  readonly ended: number
  readonly killed: boolean
  /** First input of this life, where it got so far. */
  readonly ready: number | undefined
  readonly events: readonly HistoryEvent[]
}

/** Lives in the order they began. */
export function livesOf(events: readonly HistoryEvent[]): Life[] {
  const byLife = new Map<string, HistoryEvent[]>()
  for (const event of events) {
    if (event.who === 'supervisor') continue
    const of = byLife.get(event.incarnation)
    if (of) of.push(event)
    else byLife.set(event.incarnation, [event])
  }
  return [...byLife].map(([incarnation, own]) => {
    const first = own[0]!
    const worker = incarnation.split('.').slice(0, -1).join('.')
    const spawn = events.findLast((e) => e.f === 'spawn' && e['worker'] === worker && e.t <= first.t)
    const exit = events.find((e) => e.f === 'exit' && e['life'] === incarnation)
    return {
      incarnation,
      operator: first.who,
      spawned: spawn?.t ?? first.t,
      ended: exit?.t ?? own.at(-1)!.t,
      killed: exit?.['signal'] === 'SIGKILL',
      ready: own.find((e) => e.f === 'first-input')?.t,
      events: own,
    }
  })
}

interface Lanes {
  readonly life: Bar[]
  readonly recovery: Bar[]
  readonly committed: Bar[]
  readonly unanswered: Bar[]
}

function lanesOf(lives: readonly Life[]): Lanes {
  const lanes: Lanes = { life: [], recovery: [], committed: [], unanswered: [] }
  for (const [lane, life] of lives.entries()) {
    lanes.life.push({ lane, from: life.spawned, to: life.ended })
    lanes.recovery.push({ lane, from: life.spawned, to: life.ready ?? life.ended })
    const begun = life.events.filter((e) => e.f === 'txn' && e.type === 'invoke')
    for (const txn of begun) {
      const answer = life.events.find(
        (e) =>
          e.f === 'commit' && e.type === 'ok' && e['n'] === txn['n'] && e.task === txn.task && e.t >= txn.t,
      )
      const bar = { lane, from: txn.t, to: answer?.t ?? life.ended }
      ;(answer ? lanes.committed : lanes.unanswered).push(bar)
    }
  }
  return lanes
}

interface RenderApi {
  value(dimension: number): number
  coord(point: readonly [number, number]): readonly [number, number]
}

/** A bar [from, to, lane] of a given thickness, at least as wide as can be seen, cut at the frame. */
const bar =
  (thickness: number, colour: string) =>
  (
    params: { readonly coordSys: { readonly x: number; readonly width: number } },
    api: RenderApi,
  ): unknown => {
    const { x: left, width } = params.coordSys
    const [from, y] = api.coord([api.value(0), api.value(2)])
    const [to] = api.coord([api.value(1), api.value(2)])
    const x = Math.max(left, from)
    const end = Math.min(left + width, Math.max(to, from + 1.5))
    if (end <= x) return undefined
    return {
      type: 'rect',
      shape: { x, y: y - thickness / 2, width: end - x, height: thickness },
      style: { fill: colour },
    }
  }

const LANE = 30
const LAG_HEIGHT = 130
const TOP = 44

interface Scene {
  readonly zero: number
  readonly range: { readonly min: number; readonly max: number }
  readonly lives: readonly Life[]
  readonly events: readonly HistoryEvent[]
}

/** Lines at every kill, in both halves of the picture. */
const killLines = ({ events, zero }: Scene) => ({
  symbol: 'none',
  silent: true,
  lineStyle: { color: INK, type: 'dashed', width: 1 },
  label: { formatter: 'kill', color: INK },
  data: killsOf(events).map((e) => ({ xAxis: e.t - zero })),
})

function laneSeries(scene: Scene): Record<string, unknown>[] {
  const lanes = lanesOf(scene.lives)
  const series = (name: string, bars: readonly Bar[], thickness: number, colour: string) => ({
    name,
    type: 'custom',
    renderItem: bar(thickness, colour),
    itemStyle: { color: colour },
    encode: { x: [0, 1], y: 2 },
    data: bars.map(({ from, to, lane }) => [from - scene.zero, to - scene.zero, lane]),
  })
  return [
    {
      ...series('life', lanes.life, 4, '#768390'),
      markLine: { ...killLines(scene), label: { show: false } },
    },
    series('recovering', lanes.recovery, 18, '#8250df'),
    series('transaction, committed', lanes.committed, 12, '#2f9a4b'),
    series('transaction, no answer', lanes.unanswered, 12, '#a9750b'),
  ]
}

function lagSeries(scene: Scene): Record<string, unknown>[] {
  const lag = lagOf(scene.events)
  const { min, max } = scene.range
  return (['opa', 'opb'] as const).map((operator, i) => {
    const before = lag[operator].findLast(([t]) => t < min)?.[1] ?? 0
    return {
      name: `waiting for ${operator}`,
      type: 'line',
      step: 'end',
      showSymbol: false,
      xAxisIndex: 1,
      yAxisIndex: 1,
      itemStyle: { color: OPERATOR_COLOURS[operator] },
      lineStyle: { color: OPERATOR_COLOURS[operator], width: 2 },
      data: [[min, before], ...lag[operator].filter(([t]) => t >= min && t <= max)],
      ...(i === 0 ? { markLine: killLines(scene) } : {}),
    }
  })
}

function sceneOf(cell: CellResult, events: readonly HistoryEvent[], zero: number): Scene {
  const end = Math.max(cell.lag_zero_ms ?? 0, cell.caught_up_ms ?? 0, cell.ttr_ms ?? 0, 400) * 1.15
  const start = Math.min(-300, ...killsOf(events).map((e) => e.t - zero - 100))
  const range = { min: Math.floor(start / 100) * 100, max: Math.ceil(end / 100) * 100 }
  return { zero, range, lives: livesOf(events), events }
}

export function cellChart(cell: CellResult, events: readonly HistoryEvent[]): Chart | undefined {
  const zero = zeroOf(events)
  if (zero === undefined) return undefined
  const scene = sceneOf(cell, events, zero)
  const { range, lives } = scene
  const lanes = LANE * lives.length
  const laneNames = { ...names(lives.map((life) => life.incarnation)), axisLine: { show: false } }
  return {
    name: 'cell',
    title: `Timeline of ${cell.cell}`,
    description:
      `Lives: ${lives.map((life) => `${life.incarnation}${life.killed ? ' (killed)' : ''}`).join(', ')}. ` +
      `Recovered after ${number(cell.ttr_ms)} ms, lag zero after ${number(cell.lag_zero_ms)} ms.`,
    width: WIDTH,
    height: TOP + lanes + 24 + LAG_HEIGHT + 50,
    option: base({
      grid: [
        { left: 72, right: 24, top: TOP, height: lanes },
        { left: 72, right: 24, top: TOP + lanes + 24, height: LAG_HEIGHT },
      ],
      xAxis: [
        { ...valueAxis('', range), axisLabel: { show: false } },
        { ...valueAxis('milliseconds since the kill', range), gridIndex: 1 },
      ],
      yAxis: [laneNames, { ...valueAxis('records', { nameGap: 48 }), gridIndex: 1 }],
      series: [...laneSeries(scene), ...lagSeries(scene)],
    }),
  }
}
