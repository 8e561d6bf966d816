/**
 * The table over all runs of a sweep: the values that were varied, and what came out.
 *
 * Promises: runs of one sweep only, in the order they were run; numbers are medians with their intervals over
 * cells that differ only in their repeat; a column that nothing was measured for is left out. What a step of one field changed is said
 * with its judgement: significant, not significant, or too few runs to tell.
 */
import type { RunResult } from '../matrix/result.ts'
import { worst } from '../oracle/verdict.ts'
import { heading, left, right, table, text } from './blocks.ts'
import type { Block } from './blocks.ts'
import { differencesTable, pairsBetween } from './compare.ts'
import type { Pair } from './compare.ts'
import { CSV_COLUMNS, csvRows } from './csv-rows.ts'
import { metricOf, type MetricName } from './metrics.ts'
import { modelBlocks } from './model.ts'
import { NOTHING, spread } from './numbers.ts'
import { groups } from './tables.ts'

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
  // Read back from their folders they come by name, and 1000 stands before 200.
  for (const of of sweeps.values()) of.sort((a, b) => startedMs(a) - startedMs(b))
  return sweeps
}

const startedMs = (run: RunResult): number => Date.parse(run.provenance.started)

/** One row a run; where its cells differ in more than their repeat, one for each group of them. */
function sweepTable(runs: readonly RunResult[]): Block {
  const fields = [...new Set(runs.flatMap((run) => Object.keys(run.sweep?.values ?? {})))]
  const metrics = SHOWN.filter((name) =>
    runs.some((run) => run.cells.some((c) => metricOf(c, name) !== null)),
  )
  return table(
    [...fields.map(right), left('cell'), left('verdict'), right('n'), ...metrics.map(right)],
    runs.flatMap((run) =>
      groups(run.cells).map(({ label, cells }) => [
        ...fields.map((field) => String(run.sweep?.values[field] ?? NOTHING)),
        label,
        worst(cells.map((cell) => cell.verdict)),
        String(cells.length),
        ...metrics.map((name) => spread(cells.map((cell) => metricOf(cell, name)))),
      ]),
    ),
  )
}

export const sweepBlocks = (name: string, runs: readonly RunResult[]): Block[] => [
  heading(2, `${name}: all ${runs.length} runs`),
  sweepTable(runs),
  ...stepBlocks(runs),
  ...modelBlocks(runs),
]

/** What the question behind a sweep is mostly about; more rows would make each harder to tell from chance. */
const STEPPED: readonly MetricName[] = ['ttr_ms', 'latency_p95_ms']

/** Two runs next to each other that differ in one field: 20ms against 100ms, all else alike. */
function stepsOf(runs: readonly RunResult[]): Pair[] {
  return runs.flatMap((a, at) => {
    const seen = new Set<string>()
    return runs.slice(at + 1).flatMap((b) => {
      const before = a.sweep?.values ?? {}
      const after = b.sweep?.values ?? {}
      const [field, ...more] = Object.keys(after).filter((name) => before[name] !== after[name])
      if (field === undefined || more.length > 0 || seen.has(field)) return []
      seen.add(field)
      const beside = Object.keys(after).filter((name) => name !== field)
      const rest = beside.map((name) => `, ${name} ${after[name]}`).join('')
      return pairsBetween(a, b)
        .filter(({ metric }) => STEPPED.includes(metric))
        .map((pair) => ({
          ...pair,
          label: `${field} ${before[field]} → ${after[field]}${rest}: ${pair.label}`,
        }))
    })
  })
}

/** Nothing where no value was measured twice: then every row would say "too few runs to tell". */
function stepBlocks(runs: readonly RunResult[]): Block[] {
  const pairs = stepsOf(runs)
  if (!pairs.some(({ a, b }) => a.length > 1 && b.length > 1)) return []
  return [
    heading(3, 'What each step changed'),
    text(
      'Medians with their intervals; significant if the rank sum test says p below 0.05, corrected for the number of rows.',
    ),
    { kind: 'table', table: differencesTable(pairs, ['before', 'after']) },
  ]
}

/** Every cell of every run, the varied values first: sweep.csv. */
export function sweepRows(runs: readonly RunResult[]): { columns: string[]; rows: unknown[][] } {
  const fields = [...new Set(runs.flatMap((run) => Object.keys(run.sweep?.values ?? {})))]
  const rows = runs.flatMap((run) =>
    csvRows(run.cells).map((row) => [...fields.map((field) => run.sweep?.values[field] ?? null), ...row]),
  )
  return { columns: [...fields.map((field) => `sweep_${field}`), ...CSV_COLUMNS], rows }
}
