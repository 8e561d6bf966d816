/**
 * One cell of the matrix, closed until somebody asks: its story, timeline, phases, evidence, findings, and
 * the command that replays it.
 *
 * Promises: what was not measured is left out or a dash; every foreign text is escaped by the tag.
 */
import type { CellResult } from '../matrix/result.ts'
import type { HistoryEvent } from '../history/event.ts'
import { PHASES } from '../matrix/result.ts'
import { PHASE_COLOURS } from './charts-style.ts'
import { blocksHtml, codeHtml, markup, raw, tableHtml } from './html.ts'
import type { Html } from './html.ts'
import { chip } from './html-grid.ts'
import { timelineTable } from './html-timeline.ts'
import { number } from './numbers.ts'
import { findingsTable } from './tables.ts'

export interface CellPage {
  readonly cell: CellResult
  readonly id: string
  readonly events: readonly HistoryEvent[]
  /** The timeline as SVG, if it was drawn. */
  readonly picture: string | undefined
}

export const figure = (svg: string, caption: string): Html =>
  markup`<figure>
    <div class="pic" role="group" aria-label="${caption}" tabindex="0">${raw(svg)}</div>
    <figcaption>${caption}</figcaption>
  </figure>`

export const cellDetails = ({ cell, id, events, picture }: CellPage): Html =>
  markup`<details class="cell" id="${id}">
    <summary>
      ${chip(cell.verdict)}<b>${cell.cell}</b
      ><span class="soft"
        >${cell.ttr_ms === null ? 'no recovery measured' : `back in ${number(cell.ttr_ms)} ms`}</span
      >
    </summary>
    <p>${cell.story}${cell.problem ? ` It did not run to its end: ${cell.problem}` : ''}</p>
    ${picture === undefined ? undefined : figure(picture, 'Lives, recovery and transactions; below, how many records waited.')}
    ${eventsOf(cell, events)} ${phasesOf(cell)}
    <h4>Evidence</h4>
    ${evidenceOf(cell)} ${findingsOf(cell)} ${moneyOf(cell)}
    <h4>Replay this cell</h4>
    ${cell.command === '' ? markup`<p>No command was stored.</p>` : codeHtml([cell.command])}
  </details>`

function eventsOf(cell: CellResult, events: readonly HistoryEvent[]): Html | undefined {
  const table = timelineTable(cell, events)
  if (!table) return markup`<p class="soft">No journals of this cell are at hand.</p>`
  return markup`<details>
    <summary>Line by line (${table.rows.length})</summary>
    ${tableHtml(table, `What happened in ${cell.cell}, by milliseconds since the kill`)}
  </details>`
}

function phasesOf(cell: CellResult): Html | undefined {
  const { phases } = cell
  if (!phases) return undefined
  const most = Math.max(...PHASES.map((name) => phases[name]), 1)
  const rows = PHASES.map((name) => {
    const width = ((phases[name] / most) * 100).toFixed(1)
    return markup`<tr>
      <th scope="row">${name.replace(/_ms$/, '').replace('_', ' ')}</th>
      <td class="right">${phases[name].toFixed(1)}</td>
      <td class="track">
        <span class="bar" style="width:${width}%;background:${PHASE_COLOURS[name]}"></span>
      </td>
    </tr>`
  })
  return markup`<h4>Phases of the recovery</h4>
    <table>
      <caption>
        Milliseconds; together ${number(cell.ttr_ms)} from the process being gone to its first committed
        output
      </caption>
      <thead>
        <tr>
          <th scope="col">phase</th>
          <th scope="col" class="right">ms</th>
          <th scope="col">share</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>`
}

function evidenceOf(cell: CellResult): Html {
  const { evidence } = cell
  const at = evidence.marker_at
  const facts: [string, string | null | undefined][] = [
    ['kill', `${cell.point}, hit ${cell.hit}, ${cell.mode}: ${evidence.verdict}`],
    ['proof', evidence.summary],
    ['exit signal', evidence.exit_signal],
    ['last journal line', evidence.last_event],
    ['transaction', evidence.transaction],
    ['marker', evidence.marker],
    ['marker at', at ? `${at.topic}/${at.partition}@${at.offset}, epoch ${at.epoch}` : undefined],
    ['orders', `${number(cell.orders_before_kill)} before the kill, ${number(cell.orders_after_kill)} after`],
    ['wire', evidence.frames?.map((f) => `${f.api} ${f.moment} (${f.detail})`).join('; ')],
    ['kills in a row', killsOf(cell)],
    ['judged', judgedBy(cell)],
  ]
  return markup`<dl>
    ${facts
      .filter(([, value]) => value !== null && value !== undefined && value !== '')
      .map(
        ([name, value]) =>
          markup`<dt>${name}</dt>
            <dd>${value ?? ''}</dd>`,
      )}
  </dl>`
}

const killsOf = ({ kills = [] }: CellResult): string =>
  kills.length > 1 ? kills.map(({ point, hit }) => `${point}:${hit}`).join(', then ') : ''

/** 31 checks valid; those that are not, by name. */
function judgedBy({ checks }: CellResult): string {
  const others = checks.filter((check) => check.verdict !== 'valid')
  return [
    `${checks.length - others.length} checks valid`,
    ...others.map((check) => `${check.check} ${check.verdict}`),
  ].join('; ')
}

function findingsOf(cell: CellResult): Html[] {
  const found = findingsTable([cell])
  return found ? [markup`<h4>Findings</h4>`, ...blocksHtml([found], `Anomalies found in ${cell.cell}`)] : []
}

const moneyOf = (cell: CellResult): Html | undefined =>
  (cell.overcharge_total ?? 0) > 0
    ? markup`<p>Overcharged: ${number(cell.overcharge_total)} in all.</p>`
    : undefined
