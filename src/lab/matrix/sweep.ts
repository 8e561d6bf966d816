/** The table over all runs of a sweep, beside their own folders: sweep.csv, summary.md and charts. */
import { csv } from '../../adapters/formats/csv.ts'
import { markdown } from '../../adapters/formats/markdown.ts'
import type { RunResult } from '../../core/matrix/result.ts'
import { sweepBlocks, sweepRows } from '../../core/report/sweep.ts'
import { sweepChartsOf } from '../report/report-html.ts'
import { startRun } from './results.ts'

/** Not a run of its own: without verdict.json the folder is never taken for the newest. */
export async function writeSweep(name: string, runs: readonly RunResult[]): Promise<void> {
  const { seed, provenance } = runs[0]!
  const folder = await startRun({ experiment: name, seed, startedMs: Date.parse(provenance.started) })
  const { columns, rows } = sweepRows(runs)
  await folder.writeText('sweep.csv', csv(columns, rows))
  await folder.writeText('summary.md', markdown(sweepBlocks(name, runs)))
  for (const { name: chart, svg } of await sweepChartsOf(runs)) {
    await folder.writeText(`charts/${chart}.svg`, svg)
  }
}
