/**
 * What `eoslab report` prints: runs, or two of them side by side, in each of its formats.
 *
 * Promises: one text per format, data only. A badge of a comparison is refused: it has no score.
 */
import { csv } from '../../adapters/formats/csv.ts'
import { markdown } from '../../adapters/formats/markdown.ts'
import { LabError } from '../../core/errors.ts'
import type { RunResult } from '../../core/matrix/result.ts'
import type { Verdict } from '../../core/oracle/verdict.ts'
import type { Block } from '../../core/report/blocks.ts'
import { badgeSvg, scoreOf } from '../../core/report/badge.ts'
import { compareBlocks, compareTable } from '../../core/report/compare.ts'
import { CSV_COLUMNS, csvRows } from '../../core/report/csv-rows.ts'
import { blocksPage } from '../../core/report/html-page.ts'
import { reportBlocks } from '../../core/report/report.ts'
import { reportHtml } from './report-html.ts'
import { forTerminal } from './report.ts'

export type Format = 'md' | 'csv' | 'json' | 'html' | 'badge' | 'table'

const COMPARED_FIELDS = ['cell', 'metric', 'a', 'a_n', 'b', 'b_n', 'change', 'difference'] as const

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

export async function reportText(
  report: { readonly verdict: Verdict; readonly runs: readonly RunResult[] },
  format: Format,
): Promise<string> {
  const { runs } = report
  switch (format) {
    case 'csv':
      return csv(
        ['experiment', 'results', ...CSV_COLUMNS],
        runs.flatMap((run) => csvRows(run.cells).map((row) => [run.experiment, run.results, ...row])),
      )
    case 'json':
      return json(report)
    case 'html':
      return await reportHtml(runs)
    case 'badge':
      return badgeSvg(scoreOf(runs))
    default:
      return blocksText(reportBlocks(runs), format)
  }
}

const blocksText = (blocks: readonly Block[], format: 'md' | 'table'): string =>
  format === 'md' ? markdown(blocks) : forTerminal(blocks)

export function comparisonText(a: RunResult, b: RunResult, format: Format): string {
  switch (format) {
    case 'csv': {
      return csv(COMPARED_FIELDS, compareTable(a, b).rows)
    }
    case 'json':
      return json(comparison(a, b))
    case 'html':
      return blocksPage('eoslab: two runs side by side', compareBlocks(a, b))
    case 'badge':
      throw new LabError('USAGE', 'a comparison has no badge', {
        hint: 'leave out --compare, or name another --format',
      })
    default:
      return blocksText(compareBlocks(a, b), format)
  }
}

/** The comparison as data. Medians and intervals are texts, as in the table. */
export const comparison = (a: RunResult, b: RunResult) => ({
  a: a.results,
  b: b.results,
  differences: compareTable(a, b).rows.map((row) =>
    Object.fromEntries(COMPARED_FIELDS.map((field, i) => [field, row[i] ?? ''])),
  ),
})
