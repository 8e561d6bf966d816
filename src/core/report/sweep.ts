/**
 * The table over all runs of a sweep: the values that were varied, and what came out, one row a run.
 *
 * Promises: runs of one sweep only, in the order they were run; numbers are medians (least–largest) over a
 * run's cells; a column that nothing was measured for is left out.
 */
import type { RunResult } from '../matrix/result.ts'
import { heading, left, right, table } from './blocks.ts'
import type { Block } from './blocks.ts'
import { CSV_COLUMNS, csvRows } from './csv-rows.ts'
import { metricOf, type MetricName } from './metrics.ts'
import { modelBlocks } from './model.ts'
import { NOTHING, spread } from './numbers.ts'

const SHOWN: readonly MetricName[] = [
  'ttr_ms',
  'caught_up_ms',
  'lag_zero_ms',
  'restored_keys',
  'snapshot_time_ms',
  'snapshot_bytes',
  'replay_bytes',
  'replay_rate',
  'latency_p50_ms',
  'latency_p95_ms',
  'latency_p99_ms',
  'throughput',
  'lag_max',
]

/** Runs by the sweep they are part of. */
export function sweepsOf(runs: readonly RunResult[]): Map<string, RunResult[]> {
  const sweeps = new Map<string, RunResult[]>()
  for (const run of runs) {
    if (!run.sweep) continue
    const known = sweeps.get(run.sweep.of)
    if (known) known.push(run)
    else sweeps.set(run.sweep.of, [run])
  }
  return sweeps
}

function sweepTable(runs: readonly RunResult[]): Block {
  const fields = [...new Set(runs.flatMap((run) => Object.keys(run.sweep?.values ?? {})))]
  const metrics = SHOWN.filter((name) =>
    runs.some((run) => run.cells.some((c) => metricOf(c, name) !== null)),
  )
  return table(
    [...fields.map(right), left('verdict'), right('cells'), ...metrics.map(right)],
    runs.map((run) => [
      ...fields.map((field) => String(run.sweep?.values[field] ?? NOTHING)),
      run.verdict,
      String(run.cells.length),
      ...metrics.map((name) => spread(run.cells.map((cell) => metricOf(cell, name)))),
    ]),
  )
}

export const sweepBlocks = (name: string, runs: readonly RunResult[]): Block[] => [
  heading(2, `${name}: all ${runs.length} runs`),
  sweepTable(runs),
  ...modelBlocks(runs),
]

/** Every cell of every run, the varied values first: sweep.csv. */
export function sweepRows(runs: readonly RunResult[]): { columns: string[]; rows: unknown[][] } {
  const fields = [...new Set(runs.flatMap((run) => Object.keys(run.sweep?.values ?? {})))]
  const rows = runs.flatMap((run) =>
    csvRows(run.cells).map((row) => [...fields.map((field) => run.sweep?.values[field] ?? null), ...row]),
  )
  return { columns: [...fields.map((field) => `sweep_${field}`), ...CSV_COLUMNS], rows }
}
