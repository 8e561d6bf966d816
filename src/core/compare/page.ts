/**
 * The page that compare-changelog's rows are shown as.
 *
 * Promises: one line a variant, whatever the number of its runs: medians, with the interval that holds the true
 * one and its confidence (src/core/stats/median.ts); the worst verdict of them; what was not measured is a dash.
 */
import { PHASES } from '../matrix/result.ts'
import { worst } from '../oracle/verdict.ts'
import { heading, left, list, right, table, text, words, type Block } from '../report/blocks.ts'
import { NOTHING, number, spread } from '../report/numbers.ts'
import { medianOf } from '../stats/median.ts'
import type { ComparedResult, ComparedRow } from './result.ts'
import { mustLose } from './variants.ts'

/** Runs of one variant; never empty. */
export interface VariantRuns {
  readonly first: ComparedRow
  readonly rows: readonly ComparedRow[]
}

export function byVariant(rows: readonly ComparedRow[]): VariantRuns[] {
  const runs = [...Map.groupBy(rows, (row) => row.variant).values()]
  return runs.map((found) => ({ first: found[0]!, rows: found }))
}

export const nameOf = (row: ComparedRow): string[] => [
  row.changelog,
  row.compaction ?? NOTHING,
  row.snapshot_every ?? 'none',
]

const NAMES = [left('changelog'), left('compaction'), left('snapshot_every')]

/** With the interval where it is a time or a rate: what the rest is worth stands in `cells.csv`, run by run. */
const COSTS = [
  ['snapshot_time_ms', true],
  ['snapshot_bytes', false],
  ['replay_records', false],
  ['replay_bytes', false],
  ['replay_rate', true],
  ['ttr_ms', true],
  ['applied', false],
  ['skipped', false],
] as const satisfies readonly (readonly [keyof ComparedRow, boolean])[]

const costTable = (variants: readonly VariantRuns[]): Block =>
  table(
    [...NAMES, right('n'), ...COSTS.map(([cost]) => right(cost)), left('verdict'), words('anomalies')],
    variants.map(({ first, rows }) => [
      ...nameOf(first),
      String(rows.length),
      ...COSTS.map(([cost, range]) => (range ? spread : middle)(rows.map((row) => row[cost]))),
      verdictsOf(rows),
      rows.find((row) => row.problem !== null)?.problem ??
        ([...new Set(rows.flatMap((row) => row.anomalies))].join(', ') || NOTHING),
    ]),
  )

function verdictsOf(rows: readonly ComparedRow[]): string {
  const verdict = worst(rows.map((row) => row.verdict))
  return rows.every((row) => row.as_expected && mustLose(row)) ? `${verdict}, as predicted` : verdict
}

/** Medians alone: eight intervals beside each other are more than anybody reads. */
const phaseTable = (variants: readonly VariantRuns[]): Block =>
  table(
    [...NAMES, right('ttr_ms'), ...PHASES.map(right), right('caught_up_ms'), right('held_ms')],
    variants.map(({ first, rows }) => [
      ...nameOf(first),
      middle(rows.map((row) => row.ttr_ms)),
      ...PHASES.map((phase) => middle(rows.map((row) => row.phases?.[phase]))),
      middle(rows.map((row) => row.caught_up_ms)),
      middle(rows.map((row) => row.held_ms)),
    ]),
  )

const middle = (samples: readonly (number | null | undefined)[]): string => number(medianOf(samples)?.median)

function losses(variants: readonly VariantRuns[]): Block[] {
  const named = variants.flatMap(({ first, rows }) => {
    const loss = rows.find((row) => row.loss !== null)?.loss
    return loss ? [`${nameOf(first).join(', ')}: ${loss.message}`] : []
  })
  if (named.length === 0) return []
  return [text('What compaction took from deltas alone, the first key of each:'), list(named)]
}

/** How the numbers are to be read. */
function reading({ rows, repeat }: ComparedResult): string {
  const confidence = medianOf(Array.from({ length: repeat }, (_, at) => at))?.confidence ?? 0
  const kinds = [...new Set(rows.flatMap((row) => row.snapshot_kind ?? []))].toSorted()
  return [
    repeat > 1
      ? `Medians of n runs; in brackets the interval that holds the true median with ${Math.round(confidence * 100)} % confidence, where the runs differ.`
      : 'One run of each, which says nothing about its spread: --repeat 6 gives medians with 95 % intervals.',
    kinds.length > 0
      ? `snapshot_time_ms is the median over the snapshots of the killed life, snapshot_bytes the newest one's (${kinds.join(' or ')}).`
      : '',
    rows.some((row) => row.changelog === 'off')
      ? 'With the changelog off, replay is reading orders.enriched again.'
      : '',
  ]
    .filter(Boolean)
    .join(' ')
}

/** The table, the phases, and what was lost. */
export function comparedBlocks(result: ComparedResult): Block[] {
  const { rows, state_hashes: hashes } = result
  const variants = byVariant(rows)
  const first = rows.find((row) => row.changelog_records_compacted !== null)
  const blocks: Block[] = [
    heading(2, `compare-changelog: ${result.verdict}`),
    text(
      `OpB alone in each row, on the same ${number(result.orders)} orders (seed ${result.seed}, window ${result.window_s} s): killed by SIGKILL after three quarters of them, its local state deleted, restarted, judged. ttr_ms: process gone to first committed output. ${reading(result)}`,
    ),
    costTable(variants),
    phaseTable(variants),
  ]
  if (first) {
    blocks.push(
      text(
        `After compaction: the cleaner had left ${number(first.changelog_records_compacted)} of ${number(first.changelog_records)} changelog records before the restart; its time is in held_ms and in nothing else.`,
      ),
    )
  }
  blocks.push(...losses(variants))
  const kept = rows.filter((row) => !mustLose(row)).length
  blocks.push(
    text(
      hashes.length === 1
        ? `All ${kept} runs that must lose nothing ended in one state, hash ${hashes[0]!.slice(0, 16)}…`
        : `The ${kept} runs that must lose nothing ended in ${hashes.length} different states.`,
    ),
  )
  return blocks
}
