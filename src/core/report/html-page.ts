/**
 * The report as one page that needs nothing else: no network, no files beside it, no script to be readable.
 *
 * Promises: every cell of the runs is in the grid and has its details; numbers come from the same functions
 * as the Markdown report's; the page forbids itself (by its content security policy) to load or run
 * anything but the one script it carries. The same runs give the same page.
 * Does not: read results or draw charts; pictures are given to it as SVG.
 */
import { createHash } from 'node:crypto'
import type { CellResult, RunResult } from '../matrix/result.ts'
import type { HistoryEvent } from '../history/event.ts'
import type { Block } from './blocks.ts'
import { killsText, mutantsText, scoreOf } from './badge.ts'
import type { Score } from './badge.ts'
import { themed } from './charts-style.ts'
import type { Picture } from './charts-style.ts'
import { differencesWithin } from './compare.ts'
import { blocksHtml, markup, raw, tableHtml } from './html.ts'
import type { Html } from './html.ts'
import { cellDetails, figure } from './html-cell.ts'
import { chip, verdictGrid } from './html-grid.ts'
import { SCRIPT, STYLE } from './html-style.ts'
import { sweepId, sweepSection } from './html-sweep.ts'
import type { PageSweep } from './html-sweep.ts'
import { NOTHING, spread } from './numbers.ts'
import { expectations, INTERVAL, isSimulated, kindOf, provenanceLines, stopped, twin } from './report.ts'
import {
  costTable,
  findingsTable,
  isolationTable,
  latencyTable,
  recoveryTable,
  totalsTable,
} from './tables.ts'
import { metricOf } from './metrics.ts'
import type { MetricName } from './metrics.ts'

export interface PageRun {
  readonly run: RunResult
  /** The run's charts, as drawn. */
  readonly pictures: readonly Picture[]
  /** By the name of the cell. */
  readonly events: ReadonlyMap<string, readonly HistoryEvent[]>
  readonly timelines: ReadonlyMap<string, string>
}

export const cellId = (run: number, cell: number): string => `r${run + 1}c${cell + 1}`

function documentHtml(title: string, body: Html): string {
  const hash = createHash('sha256').update(SCRIPT).digest('base64')
  const policy = `default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`
  return markup`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <link rel="icon" href="data:," />
        <style>
          ${raw(STYLE)}
        </style>
      </head>
      <body>
        <a class="skip" href="#main">Skip to the content</a>
        ${body}
        <script>
          ${raw(SCRIPT)}
        </script>
      </body>
    </html> `.html
}

const KILLED =
  'Each cell runs a Kafka pipeline as real processes, kills one at a named point, lets it recover and judges every committed record.'
const SCHEDULED =
  'Each cell is a schedule of the same code over a log in memory, in virtual time: no broker, and no process was killed.'

const titled = (run: RunResult): string => `${run.experiment}: ${run.verdict}`

export function reportPage(runs: readonly PageRun[], sweeps: readonly PageSweep[] = []): string {
  const score = scoreOf(runs.map(({ run }) => run))
  const body = markup`<header class="top">
      <h1>eoslab report: ${kindOf(runs.map(({ run }) => run))}</h1>
      <p class="soft">
        ${runs.every(({ run }) => isSimulated(run)) ? SCHEDULED : KILLED} Times are medians; brackets hold the
        interval of the median.
      </p>
      ${tiles(runs, score)} ${runs.length > 1 ? navigation(runs, sweeps) : undefined}
    </header>
    <main id="main">
      ${sweeps.map((each, at) => sweepSection(each, at))} ${runs.map((each, at) => runSection(each, at))}
    </main>
    <footer><p>Made by eoslab. Nothing on this page is loaded from elsewhere.</p></footer>`
  return documentHtml('eoslab report', body)
}

/** Blocks, such as a comparison, as a page of the same kind. */
export const blocksPage = (title: string, blocks: readonly Block[]): string =>
  documentHtml(title, markup`<main id="main">${blocksHtml(blocks, title)}</main>`)

function tiles(runs: readonly PageRun[], score: Score): Html {
  const sound = runs.flatMap(({ run }) => run.cells.filter((cell) => cell.mutant === null))
  const facts: [string, string | Html][] = [
    ['kills survived', killsText(score)],
    ['mutants caught', mutantsText(score)],
    ['to recover, all kills', msOf(sound, 'ttr_ms')],
    ['to lag zero, all kills', msOf(sound, 'lag_zero_ms')],
  ]
  return markup`<ul class="tiles">
    ${facts.map(([name, value]) => markup`<li><b>${value}</b>${name}</li>`)}
  </ul>`
}

/** 726 ms, and its interval and number of cells small beside it. */
function msOf(cells: readonly CellResult[], name: MetricName): Html {
  const samples = cells.map((cell) => metricOf(cell, name))
  const [median = NOTHING, ...interval] = spread(samples).split(' ')
  const n = samples.filter((value) => value !== null).length
  return markup`${median} ms <small>${[...interval, ...(n > 1 ? [`n ${n}`] : [])].join(' ')}</small>`
}

const navigation = (runs: readonly PageRun[], sweeps: readonly PageSweep[]): Html =>
  markup`<nav aria-label="Runs">
    <ul>
      ${sweeps.map(({ name }, at) => markup`<li><a href="#${sweepId(at)}">${name}: all runs</a></li>`)}
      ${runs.map(({ run }, at) => markup`<li><a href="#run-${at + 1}">${titled(run)}</a></li>`)}
    </ul>
  </nav>`

function runSection(each: PageRun, at: number): Html {
  const { run } = each
  const ids = new Map(run.cells.map((cell, i) => [cell, cellId(at, i)]))
  const idOf = (cell: CellResult): string => ids.get(cell) ?? ''
  const inside = (blocks: readonly Block[]): Html[] => blocksHtml(blocks, run.experiment)
  return markup`<section id="run-${at + 1}" aria-label="${titled(run)}">
    <h2>${run.experiment} ${chip(run.verdict)}</h2>
    <p class="soft">seed ${run.seed}, started ${run.provenance.started}, ${run.results}</p>
    ${inside(stopped(run))} ${inside(twin(run))} ${inside(expectations(run))}
    <h3>Verdicts</h3>
    ${verdictGrid(run.cells, idOf)} ${findings(run)} ${measurements(each)}
    <h3>Cells</h3>
    <p>
      <button type="button" data-all="open" hidden>Open all</button>
      <button type="button" data-all="close" hidden>Close all</button>
    </p>
    ${run.cells.map((cell) =>
      cellDetails({
        cell,
        id: idOf(cell),
        events: each.events.get(cell.cell) ?? [],
        picture: picture(each.timelines.get(cell.cell)),
      }),
    )}
    <h3>Versions and machine</h3>
    <ul>
      ${provenanceLines(run).map((line) => markup`<li>${line}</li>`)}
    </ul>
  </section>`
}

const picture = (svg: string | undefined): string | undefined => (svg === undefined ? undefined : themed(svg))

const findings = (run: RunResult): Html[] => {
  const found = findingsTable(run.cells)
  return found ? [markup`<h3>Findings</h3>`, ...blocksHtml([found], 'Anomalies, with their places')] : []
}

const numbersOf = (block: Block, caption: string): Html =>
  markup`<details>
    <summary>${caption}</summary>
    ${blocksHtml([block], caption)}
  </details>`

function measurements({ run, pictures }: PageRun): Html {
  const shown = (name: string, caption: string): Html | undefined => {
    const found = pictures.find((each) => each.name === name)
    return found && figure(themed(found.svg), `${found.title}. ${caption}`)
  }
  const latencies = latencyTable(run.cells)
  return markup`<h3>Time to recover</h3>
    ${shown('ttr-phases', 'Each phase is a median of its own, so a bar may be a little shorter or longer than the median of the whole, which stands at its end.')}
    <p class="soft">${INTERVAL}</p>
    ${numbersOf(recoveryTable(run.cells), 'Time to recover in numbers (milliseconds)')}
    ${differences(run, 'ttr_ms', 'Time to recover')}
    ${shown('lag-to-zero', 'A thin line is a cell, a thick one the median of its operator; the kill is at zero.')}
    <h3>Isolation</h3>
    ${shown('isolation', 'A reader with read_committed saw none of them.')}
    ${numbersOf(isolationTable(run.cells), 'Records per topic that read_uncommitted shows beyond read_committed: while the killed transaction dangled / at the end')}
    <h3>Snapshot, restore and replay</h3>
    ${shown('snapshot-cost', 'One snapshot a cell, taken before the kill.')}
    ${numbersOf(costTable(run.cells), 'Snapshot, restore and replay in numbers')}
    ${numbersOf(totalsTable(run.cells), 'Totals in and out')}
    ${latencies && markup`<h3>From order to committed output</h3>`}
    ${shown('latency', 'Of the orders released with the kill; at full speed, without a rate, the wait in the queue is most of it.')}
    ${latencies && numbersOf(latencies, 'Latency and throughput in numbers')}
    ${differences(run, 'latency_p95_ms', 'Latency (p95)')}`
}

/** The judged differences, closed until somebody asks. */
const differences = (run: RunResult, metric: MetricName, title: string): Html[] =>
  differencesWithin(run.cells, metric).map(({ name, table }) => {
    const caption = `${title}, ${name}: is it a difference?`
    return markup`<details>
      <summary>${caption}</summary>
      ${tableHtml(table, caption)}
    </details>`
  })
