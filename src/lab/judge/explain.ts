/**
 * `eoslab explain CELL`: the timeline of one cell of a stored run. Reads results only.
 */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { readJournals } from '../../adapters/files/journal.ts'
import { readVerdict } from '../../adapters/files/results.ts'
import { LabError } from '../../core/errors.ts'
import type { HistoryEvent } from '../../core/history/event.ts'
import type { CellResult } from '../../core/matrix/result.ts'
import { asRunResult } from '../../core/report/read.ts'
import { timelineBlocks } from '../../core/report/timeline.ts'
import { forTerminal } from '../report/report.ts'
import { resultsRoot, shownPath } from '../matrix/results.ts'

export interface Explained {
  readonly cell: CellResult
  readonly results: string
  readonly events: readonly HistoryEvent[]
}

export async function explain(name: string, run: string | undefined): Promise<Explained> {
  const dir = path.resolve(run ?? path.join(resultsRoot(), 'latest'))
  if (!existsSync(path.join(dir, 'verdict.json'))) {
    throw new LabError('NOTHING_TO_SHOW', `there is no complete run in ${shownPath(dir)}`, {
      hint: 'make one: eoslab crash-matrix --at mid-commit; or name one with --run',
    })
  }
  const read = asRunResult(await readVerdict(dir))
  if ('problem' in read) {
    throw new LabError('RESULTS_UNUSABLE', `${shownPath(dir)}/verdict.json is no run: ${read.problem}`, {
      hint: 'it may be of another version of eoslab; repeat the run',
    })
  }
  const { cells } = read.run
  const cell = cells.find((c) => c.cell === name) ?? cells.find((c) => c.point === name)
  if (!cell) {
    throw new LabError('NOTHING_TO_SHOW', `${shownPath(dir)} has no cell called ${name}`, {
      hint: `it has: ${cells.map((c) => c.cell).join(', ')}`,
    })
  }
  const journals = path.join(dir, 'journals', cell.cell.replaceAll(/[^A-Za-z0-9._-]+/g, '-'))
  return { cell, results: shownPath(dir), events: readJournals(journals) }
}

export const explainText = ({ cell, events }: Explained): string => forTerminal(timelineBlocks(cell, events))
