/**
 * The matrix as a grid of verdicts: a row for each moment, a column for each operator and mode, and in each
 * field one verdict per cell that was killed there, leading to what is known of it.
 *
 * Promises: every cell of the run is in it once; a verdict is a sign and a word, never a colour alone.
 */
import type { CellResult } from '../matrix/result.ts'
import { nameOfKills } from '../matrix/coverage.ts'
import { VERDICTS } from '../oracle/verdict.ts'
import type { Verdict } from '../oracle/verdict.ts'
import { markup } from './html.ts'
import type { Html } from './html.ts'

const SIGN: Readonly<Record<Verdict, string>> = { valid: '✓', vacuous: '○', unknown: '?', invalid: '✗' }

export const chip = (verdict: Verdict, words: string = verdict): Html =>
  markup`<span class="chip ${verdict}"><span aria-hidden="true">${SIGN[verdict]}</span>${words}</span>`

/** `opb.commit.mid+opb.replay.mid` -> `commit.mid+replay.mid`: the operator is the column. */
const momentOf = (cell: CellResult): string => nameOfKills(cell).replaceAll(/\bop[ab]\./g, '')

const columnOf = (cell: CellResult): string =>
  [
    cell.operator,
    ...(cell.mode === 'cold' ? ['cold'] : []),
    ...(cell.mutant === null ? [] : [cell.mutant]),
  ].join(', ')

const unique = (texts: readonly string[]): string[] => [...new Set(texts)]

const link = (cell: CellResult, id: string): Html =>
  markup`<a class="chip ${cell.verdict}" href="#${id}">
    <span aria-hidden="true">${SIGN[cell.verdict]}</span>${cell.verdict}
    <span><span aria-hidden="true">:${cell.hit}</span><span class="sr">, ${cell.cell}, hit ${cell.hit}</span></span>
  </a>`

/** `idOf`: of the cell's details. */
export function verdictGrid(cells: readonly CellResult[], idOf: (cell: CellResult) => string): Html {
  const columns = unique(cells.map(columnOf)).toSorted()
  const rows = unique(cells.map(momentOf)).map((moment) => {
    const own = cells.filter((cell) => momentOf(cell) === moment)
    const fields = columns.map(
      (column) =>
        markup`<td>
          ${own.filter((cell) => columnOf(cell) === column).map((cell) => link(cell, idOf(cell)))}
        </td>`,
    )
    return markup`<tr>
      <th scope="row">${moment}</th>
      ${fields}
    </tr>`
  })
  const caption = 'Verdict and hit by crash point and killed operator'
  return markup`<div class="scroll" role="group" aria-label="Grid of verdicts" tabindex="0">
      <table class="grid">
        <caption>
          ${caption}
        </caption>
        <thead>
          <tr>
            <th scope="col">killed at</th>
            ${columns.map((column) => markup`<th scope="col">${column}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>
    <p class="soft">
      ${VERDICTS.filter((verdict) => cells.some((cell) => cell.verdict === verdict)).map(
        (verdict) => markup`${chip(verdict)} ${MEANS[verdict]} `,
      )}
    </p>`
}

const MEANS: Readonly<Record<Verdict, string>> = {
  valid: 'the kill hit, everything was judged, nothing is wrong.',
  vacuous: 'nothing is wrong, but it proves nothing.',
  unknown: 'a check could not be made.',
  invalid: 'an anomaly was found.',
}
