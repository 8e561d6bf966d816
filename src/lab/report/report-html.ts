/**
 * The report as one HTML page, and its charts as files: reads journals, draws, and puts it together.
 *
 * Promises: reads results only; a run without journals has a page without timelines.
 */
import path from 'node:path'
import { readHistory } from '../../adapters/files/history-file.ts'
import { drawSvg } from '../../adapters/formats/svg.ts'
import type { HistoryEvent } from '../../core/history/event.ts'
import type { RunResult } from '../../core/matrix/result.ts'
import { cellChart } from '../../core/report/charts-cell.ts'
import type { Chart, Picture } from '../../core/report/charts-style.ts'
import { sweepCharts } from '../../core/report/charts-sweep.ts'
import { runCharts } from '../../core/report/charts.ts'
import { cellId, reportPage } from '../../core/report/html-page.ts'
import type { PageRun } from '../../core/report/html-page.ts'
import type { PageSweep } from '../../core/report/html-sweep.ts'
import { sweepsOf } from '../../core/report/sweep.ts'

const draw = (chart: Chart, ids: string): Promise<string> => drawSvg(chart.option, { ...chart, ids })

async function drawn(charts: readonly Chart[], begin = ''): Promise<Picture[]> {
  const pictures: Picture[] = []
  for (const chart of charts) {
    const { name, title, note } = chart
    const svg = await draw(chart, `${begin}${name}`)
    pictures.push({ name, title, svg, ...(note === undefined ? {} : { note }) })
  }
  return pictures
}

const historyOf = (dir: string, run: RunResult): Promise<Map<string, readonly HistoryEvent[]>> =>
  readHistory(
    dir,
    run.cells.map((cell) => cell.cell),
  )

/** The charts of one run: what lies in its folder as charts/<name>.svg. */
export const chartsOf = async (dir: string, run: RunResult): Promise<Picture[]> =>
  await drawn(runCharts(run, await historyOf(dir, run)))

/** The charts over all runs of a sweep: what lies in its folder as charts/<name>.svg. */
export async function sweepChartsOf(runs: readonly RunResult[]): Promise<Picture[]> {
  const swept = []
  for (const run of runs) swept.push({ run, events: await historyOf(path.resolve(run.results), run) })
  return await drawn(sweepCharts(swept))
}

async function pageRun(run: RunResult, at: number): Promise<PageRun> {
  const events = await historyOf(path.resolve(run.results), run)
  const pictures = await drawn(runCharts(run, events), `r${at + 1}-`)
  const timelines = new Map<string, string>()
  for (const [i, cell] of run.cells.entries()) {
    const chart = cellChart(cell, events.get(cell.cell) ?? [])
    if (chart) timelines.set(cell.cell, await draw(chart, cellId(at, i)))
  }
  return { run, pictures, events, timelines }
}

export async function reportHtml(runs: readonly RunResult[]): Promise<string> {
  const pages: PageRun[] = []
  for (const [at, run] of runs.entries()) pages.push(await pageRun(run, at))
  const sweeps: PageSweep[] = []
  for (const [name, of] of sweepsOf(runs)) {
    const swept = of.flatMap((run) => pages.filter((page) => page.run === run))
    sweeps.push({ name, runs: of, pictures: await drawn(sweepCharts(swept), `s${sweeps.length + 1}-`) })
  }
  return reportPage(pages, sweeps)
}
