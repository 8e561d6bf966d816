/**
 * The timeline of one cell as blocks: its verdict and story, the rows of timeline-rows.ts, the evidence.
 *
 * Promises: times count from the first row. Does not: judge; the verdict stands above it.
 */
import type { HistoryEvent } from '../history/event.ts'
import type { CellResult } from '../matrix/result.ts'
import { type Block, heading, left, list, right, table, text, words } from './blocks.ts'
import { printable } from './numbers.ts'
import { timelineRows, type Beside } from './timeline-rows.ts'

/** What a timeline says of its cell; a run that was stopped knows less of it. */
export type CellTold = Pick<
  CellResult,
  'cell' | 'verdict' | 'story' | 'evidence' | 'anomalies' | 'command' | 'prefix'
>

export function timelineBlocks(
  cell: CellTold,
  events: readonly HistoryEvent[],
  beside: Beside = {},
): Block[] {
  const rows = timelineRows(events, beside)
  const start = rows[0]?.t ?? 0
  const { evidence } = cell
  const marker = evidence.marker_at
  const at = marker
    ? ` at ${marker.topic}-${marker.partition} offset ${marker.offset}, epoch ${marker.epoch}`
    : ''
  return [
    heading(2, printable(`${cell.cell}: ${cell.verdict}`)),
    text(printable(cell.story)),
    table(
      [right('ms'), left('who'), words('what')],
      rows.map(({ t, who, what }) => [(t - start).toFixed(1), who, printable(unprefixed(what, cell))]),
    ),
    list(
      [
        `evidence: ${evidence.summary}`,
        `marker in the raw log: ${evidence.marker ?? 'none'}${at}`,
        `anomalies: ${cell.anomalies.join(', ') || 'none'}`,
        ...(cell.command === '' ? [] : [`to repeat it: ${cell.command}`]),
      ].map(printable),
    ),
  ]
}

/** The prefix is the same in every name of a cell. */
const unprefixed = (what: string, { prefix }: CellTold): string =>
  prefix === '' ? what : what.replaceAll(prefix, '')
