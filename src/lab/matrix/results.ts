/**
 * Writes a run's results: the folder of src/adapters/files/results.ts, filled with what the core renders.
 *
 * Promises: `completeRun` leaves the whole folder of the design behind and returns the run with its place in
 * it; a run that is never completed leaves evidence and journals, and is never taken for the newest.
 */
import path from 'node:path'
import { createResults, INTERRUPTED_FILE } from '../../adapters/files/results.ts'
import type { ResultsFolder } from '../../adapters/files/results.ts'
import { csv } from '../../adapters/formats/csv.ts'
import { markdown } from '../../adapters/formats/markdown.ts'
import type { RunResult } from '../../core/matrix/result.ts'
import { messageOf } from '../../core/errors.ts'
import { CSV_COLUMNS, csvRows } from '../../core/report/csv-rows.ts'
import { summaryBlocks } from '../../core/report/report.ts'
import type { Scenario } from '../../core/scenario/resolve.ts'
import { refuseKernelFolder } from '../../program/real-folder.ts'
import { chartsOf } from '../report/report-html.ts'
import { resolvedYaml } from './scenario.ts'

export type { ResultsFolder }

/** EOSLAB_RESULTS, else ./results. */
export const resultsRoot = (env: NodeJS.ProcessEnv = process.env): string =>
  path.resolve(env['EOSLAB_RESULTS'] || 'results')

/** A path as a person types it: relative below the working directory, absolute elsewhere. */
export function shownPath(absolute: string, from: string = process.cwd()): string {
  const relative = path.relative(from, absolute)
  return relative === '' || relative.startsWith('..') ? absolute : relative
}

export interface RunStart {
  readonly experiment: string
  readonly seed: number
  /** Wall clock, milliseconds. */
  readonly startedMs: number
  readonly root?: string
}

/** Claims the folder of a run; refuses (RESULTS_UNUSABLE) before anything has been measured in vain. */
export async function startRun(start: RunStart): Promise<ResultsFolder> {
  const root = refuseKernelFolder(start.root ?? resultsRoot(), 'EOSLAB_RESULTS', 'RESULTS_UNUSABLE')
  return await createResults({ ...start, root })
}

export interface CompleteRun {
  /** `results` may be empty: it is filled in here. */
  readonly result: RunResult
  readonly scenario: Scenario
  /** In Prometheus' text format. */
  readonly metrics?: string
}

export async function completeRun(
  folder: ResultsFolder,
  { result, scenario, metrics }: CompleteRun,
): Promise<{ readonly result: RunResult; readonly notes: readonly string[] }> {
  const placed: RunResult = { ...result, results: shownPath(folder.dir) }
  await writeFiles(folder, { result: placed, scenario })
  if (metrics !== undefined) await folder.writeText('metrics.prom', metrics)
  const notes = [...(await folder.finish(placed)), ...(await addCharts(folder, placed))]
  return { result: placed, notes }
}

/** What a stopped run has measured: the same files, and `interrupted.json` in place of a verdict. */
export async function interruptRun(folder: ResultsFolder, { result, scenario }: CompleteRun): Promise<void> {
  const placed: RunResult = { ...result, results: shownPath(folder.dir), interrupted: true }
  await writeFiles(folder, { result: placed, scenario })
  await folder.writeJson(INTERRUPTED_FILE, placed)
}

async function writeFiles(folder: ResultsFolder, { result, scenario }: CompleteRun): Promise<void> {
  await folder.writeText('scenario.resolved.yaml', resolvedYaml(scenario))
  await folder.writeJson('provenance.json', result.provenance)
  await folder.writeText('cells.csv', csv(CSV_COLUMNS, csvRows(result.cells)))
  await folder.writeText('summary.md', markdown(summaryBlocks(result)))
}

/** Charts can be drawn again from the rest: what hinders them is told, and never costs the run. */
async function addCharts(folder: ResultsFolder, result: RunResult): Promise<string[]> {
  try {
    for (const { name, svg } of await chartsOf(folder.dir, result)) {
      await folder.writeText(path.join('charts', `${name}.svg`), svg)
    }
    return []
  } catch (error) {
    return [`charts were not drawn: ${messageOf(error)}`]
  }
}
