/**
 * cells.csv: one row a cell, every number of it, for spreadsheets and plots.
 *
 * Promises: the columns and their order depend on the code alone, never on the data; an empty field means
 * "not measured". Numbers are written in full, unrounded.
 */
import type { CellResult } from '../matrix/result.ts'
import { METRIC_NAMES, metricOf } from './metrics.ts'

type Field = string | number | null

const WORDS = {
  cell: (cell) => cell.cell,
  point: (cell) => cell.point,
  hit: (cell) => cell.hit,
  operator: (cell) => cell.operator,
  guarantee: (cell) => cell.guarantee,
  mutant: (cell) => cell.mutant,
  mode: (cell) => cell.mode,
  repeat: (cell) => cell.repeat,
  seed: (cell) => cell.seed,
  prefix: (cell) => cell.prefix,
  verdict: (cell) => cell.verdict,
  anomalies: (cell) => cell.anomalies.join(' '),
  evidence: (cell) => cell.evidence.verdict,
  restore_source: (cell) => cell.restore_source,
} as const satisfies Record<string, (cell: CellResult) => Field>

const TOTALS = ['enriched', 'dlq', 'output', 'sum_in', 'sum_out'] as const

export const CSV_COLUMNS: readonly string[] = [...Object.keys(WORDS), ...METRIC_NAMES, ...TOTALS]

export const csvRows = (cells: readonly CellResult[]): Field[][] =>
  cells.map((cell) => [
    ...Object.values(WORDS).map((read) => read(cell)),
    ...METRIC_NAMES.map((name) => metricOf(cell, name)),
    ...TOTALS.map((name) => cell.totals[name]),
  ])
