/**
 * What all charts share: a chart as data, colours, and the parts of an echarts option that are always the same.
 *
 * Promises: colours keep a contrast of 3:1 against white and against a dark page; text, lines and ground use
 * exactly INK, RULE and PAPER, so that a page can swap these for its own.
 * Does not: draw (src/adapters/formats/svg.ts does).
 */
import type { Phases } from '../matrix/result.ts'

export interface Chart {
  /** Of its file, and begins its ids. */
  readonly name: string
  readonly title: string
  /** A sentence on how to read it, where it stands on a page. */
  readonly note?: string
  /** What can be read off it, for those who can't see it. */
  readonly description: string
  readonly width: number
  readonly height: number
  /** An echarts option. */
  readonly option: Readonly<Record<string, unknown>>
}

/** A chart as drawn. */
export interface Picture {
  readonly name: string
  readonly title: string
  /** A sentence on how to read it. */
  readonly note?: string
  readonly svg: string
}

export const INK = '#1f2328'
export const RULE = '#d1d9e0'
export const PAPER = '#ffffff'

/** Charts are drawn for white paper; on the page they take its colours, light or dark. */
export const themed = (svg: string): string =>
  svg
    .replaceAll(`"${INK}"`, '"var(--ink)"')
    .replaceAll(`"${RULE}"`, '"var(--rule)"')
    .replaceAll(`"${PAPER}"`, '"var(--paper)"')

export const PHASE_COLOURS: Readonly<Record<keyof Phases, string>> = {
  detect_ms: '#768390',
  boot_ms: '#8250df',
  fence_ms: '#1a7fdc',
  manifest_ms: '#1b8a91',
  restore_ms: '#2f9a4b',
  replay_ms: '#a9750b',
  resume_ms: '#cf5a1c',
  first_commit_ms: '#bf4b8a',
}

export const OPERATOR_COLOURS = { opa: '#1a7fdc', opb: '#cf5a1c' } as const
/** Colours for series without a meaning of their own. */
export const SERIES = ['#1a7fdc', '#cf5a1c', '#2f9a4b', '#8250df', '#a9750b', '#bf4b8a'] as const

/** Widths are estimated without a font at hand; these are the fonts whose widths they are. */
const FONT = 'Arial, Helvetica, sans-serif'

/** A chart as wide as a slide's column, with room for the names on its left. */
export const WIDTH = 860
const ROW = 30
const FRAME = 110

export const heightFor = (rows: number): number => FRAME + ROW * Math.max(1, rows)

export const base = (extra: Readonly<Record<string, unknown>>): Record<string, unknown> => ({
  backgroundColor: PAPER,
  textStyle: { color: INK, fontFamily: FONT },
  grid: { left: 64, right: 96, top: 44, bottom: 44 },
  legend: { top: 4, left: 8, itemWidth: 14, itemHeight: 10, itemGap: 20, textStyle: { color: INK } },
  ...extra,
})

const AXIS = {
  axisLabel: { color: INK },
  axisLine: { lineStyle: { color: RULE } },
  axisTick: { show: false },
  splitLine: { lineStyle: { color: RULE } },
  nameTextStyle: { color: INK },
}

export const valueAxis = (name: string, extra: Readonly<Record<string, unknown>> = {}) => ({
  type: 'value',
  name,
  nameLocation: 'middle',
  nameGap: 28,
  ...AXIS,
  ...extra,
})

/** Room on the left for the longest of the names. */
export const gridFor = (data: readonly string[], top = 44) => ({
  left: 20 + Math.round(6.6 * Math.max(6, ...data.map((name) => name.length))),
  right: 96,
  top,
  bottom: 44,
})

/** Names from top to bottom. */
export const names = (data: readonly string[]) => ({
  type: 'category',
  data,
  inverse: true,
  ...AXIS,
  splitLine: { show: false },
})
