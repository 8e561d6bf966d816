/**
 * All runs of a sweep in one section of the page: charts over the varied values, then the tables.
 *
 * Promises: shows what `sweepBlocks` says, so no number is here alone. Does not: repeat the runs, which follow.
 */
import type { RunResult } from '../matrix/result.ts'
import { blocksHtml, markup } from './html.ts'
import type { Html } from './html.ts'
import { figure } from './html-cell.ts'
import { themed } from './charts-style.ts'
import type { Picture } from './charts-style.ts'
import { INTERVAL } from './report.ts'
import { sweepBlocks } from './sweep.ts'

export interface PageSweep {
  readonly name: string
  readonly runs: readonly RunResult[]
  readonly pictures: readonly Picture[]
}

export const sweepId = (at: number): string => `sweep-${at + 1}`

export const sweepSection = ({ name, runs, pictures }: PageSweep, at: number): Html => {
  const [title, ...blocks] = sweepBlocks(name, runs)
  return markup`<section id="${sweepId(at)}" aria-label="${name}: all runs">
    ${title && blocksHtml([title], name)}
    ${pictures.map((each) => figure(themed(each.svg), `${each.title}. ${each.note ?? ''}`.trim()))}
    <p class="soft">${INTERVAL}</p>
    ${blocksHtml(blocks, `${name}: every run in numbers`)}
  </section>`
}
