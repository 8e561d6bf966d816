/**
 * The score of a set of runs: kills survived and mutants caught, as numbers and as a badge (SVG).
 *
 * Promises: counts every killed cell of the runs that are no mutants: a vacuous or unknown one was not survived,
 * only not lost. Mutants are counted by the score of the oracle that judged these runs, the worst where they
 * had several; without one by the mutants among the runs, caught if the whole run met its expectations.
 * What was not run is said to be not measured.
 */
import { NO_KILL, type RunResult } from '../matrix/result.ts'

export interface Score {
  readonly kills: number
  readonly survived: number
  /** Some cell that is no mutant's is invalid. */
  readonly lost: boolean
  readonly mutants: number
  readonly caught: number
}

const isMutant = (run: RunResult): boolean => run.cells.some((cell) => cell.mutant !== null)

export function scoreOf(runs: readonly RunResult[]): Score {
  const cells = runs
    .filter((run) => !isMutant(run))
    .flatMap((run) => run.cells)
    .filter((cell) => cell.point !== NO_KILL)
  const mutants = runs.filter(isMutant)
  const [scored] = runs
    .flatMap((run) =>
      isMutant(run) || run.mutation_score?.oracle_version !== undefined ? [] : (run.mutation_score ?? []),
    )
    .toSorted((a, b) => b.of - b.caught - (a.of - a.caught))
  return {
    kills: cells.length,
    survived: cells.filter((cell) => cell.verdict === 'valid').length,
    lost: cells.some((cell) => cell.verdict === 'invalid'),
    mutants: scored?.of ?? mutants.length,
    caught: scored?.caught ?? mutants.filter((run) => run.verdict === 'valid').length,
  }
}

export const killsText = ({ kills, survived }: Score): string =>
  kills === 0 ? 'not measured' : `${survived}/${kills}`

export const mutantsText = ({ mutants, caught }: Score): string =>
  mutants === 0 ? 'not measured' : `${caught}/${mutants}`

const GREEN = '#1a7f37'
const RED = '#cf222e'
const GREY = '#59636e'

function colourOf(score: Score): string {
  if (score.lost || score.caught < score.mutants) return RED
  return score.kills > 0 && score.survived === score.kills ? GREEN : GREY
}

/** Estimated: a badge has no font to measure, so the text is told how long to be. */
const widthOf = (text: string): number => Math.round(text.length * 6.4) + 14

const TITLE = 'eoslab'

export function badgeSvg(score: Score): string {
  const words = `kills survived ${killsText(score)} · mutants caught ${mutantsText(score)}`
  const [left, right] = [widthOf(TITLE), widthOf(words)]
  const label = (text: string, x: number, width: number): string =>
    `<text x="${x + width / 2}" y="14" textLength="${width - 14}" lengthAdjust="spacingAndGlyphs">${text}</text>`
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${left + right}" height="20" role="img">
<title>${TITLE}: ${words}</title>
<clipPath id="r"><rect width="${left + right}" height="20" rx="3"/></clipPath>
<g clip-path="url(#r)"><rect width="${left}" height="20" fill="#24292f"/><rect x="${left}" width="${right}" height="20" fill="${colourOf(score)}"/></g>
<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">${label(TITLE, 0, left)}${label(words, left, right)}</g>
</svg>
`
}
