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
import type { Chart } from '../../core/report/charts-style.ts'
import { runCharts } from '../../core/report/charts.ts'
import { cellId, reportPage } from '../../core/report/html-page.ts'
import type { PageRun, Picture } from '../../core/report/html-page.ts'

const draw = (chart: Chart, ids: string): Promise<string> => drawSvg(chart.option, { ...chart, ids })

const historyOf = (dir: string, run: RunResult): Promise<Map<string, readonly HistoryEvent[]>> =>
  readHistory(
    dir,
    run.cells.map((cell) => cell.cell),
  )

/** The charts of one run: what lies in its folder as charts/<name>.svg. */
export async function chartsOf(dir: string, run: RunResult): Promise<Picture[]> {
  const pictures: Picture[] = []
  for (const chart of runCharts(run, await historyOf(dir, run))) {
    pictures.push({ name: chart.name, title: chart.title, svg: await draw(chart, chart.name) })
  }
  return pictures
}

async function pageRun(run: RunResult, at: number): Promise<PageRun> {
  const events = await historyOf(path.resolve(run.results), run)
  const pictures: Picture[] = []
  for (const chart of runCharts(run, events)) {
    pictures.push({
      name: chart.name,
      title: chart.title,
      svg: await draw(chart, `r${at + 1}-${chart.name}`),
    })
  }
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
  return reportPage(pages)
}
