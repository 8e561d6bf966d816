/**
 * What a person needs who stands before a cell that isn't valid: what happened, where the evidence lies, and
 * which command to run next.
 *
 * Promises: every cell that isn't as it was expected to be is in it. In a run that came out as expected (a
 * mutant that was caught) there is none, and nothing is said.
 */
import type { CellResult, RunResult } from '../matrix/result.ts'
import { code, heading, list, text, type Block } from './blocks.ts'
import { printable } from './numbers.ts'
import { placeOf } from './tables.ts'

export interface FailedCell {
  readonly cell: CellResult
  /** One sentence an anomaly with its place; else why nothing was proven. */
  readonly what: readonly string[]
  /** Folder or file, as a person types it. */
  readonly evidence: string
  /** Shows what happened, and runs it again. */
  readonly commands: readonly string[]
}

/** Sentences of one cell; the table of findings has more. */
const SENTENCES = 5

/** The cells whose verdict isn't what the run expected of them. */
export function failedCells(run: RunResult): FailedCell[] {
  if (run.verdict === 'valid') return []
  const odd = run.cells.filter((cell) => cell.verdict !== 'valid')
  // A mutant that got away has nothing but valid cells: they are what went wrong.
  const failed = run.cells.some((cell) => cell.mutant !== null) ? run.cells : odd
  return failed.map((cell) => ({
    cell,
    what: sentencesOf(cell),
    evidence: `${run.results}/evidence/${fileOf(cell.cell)}.json`,
    commands: [`eoslab explain ${cell.cell} --run ${run.results}`, ...(cell.command ? [cell.command] : [])],
  }))
}

/** As the results folder names it (src/adapters/files/results.ts). */
const fileOf = (cell: string): string => cell.replaceAll(/[^A-Za-z0-9._-]+/g, '-').replace(/^\.+/, '') || '_'

function sentencesOf(cell: CellResult): string[] {
  const bare = (words: string): string =>
    printable(cell.prefix === '' ? words : words.replaceAll(cell.prefix, ''))
  const found = cell.anomalies.map((name) => {
    const first = cell.findings.find((finding) => finding.name === name)
    if (!first) return name
    const where = bare(placeOf(first.place))
    return `${name}: ${bare(first.message)}${where === '' ? '' : ` (${where})`}`
  })
  const proof = cell.evidence.verdict === 'vacuous' ? [`no proof of the kill: ${cell.evidence.summary}`] : []
  const problem = cell.problem ? [`it did not run to its end: ${cell.problem}`] : []
  const unjudged = cell.checks
    .filter((check) => check.verdict === 'unknown')
    .map((check) => `${check.check} could not be judged: ${check.reason ?? 'no reason given'}`)
  const all = [...problem, ...found, ...proof, ...unjudged].map(printable)
  const rest = all.length - SENTENCES
  return [
    ...all.slice(0, SENTENCES),
    ...(rest > 0 ? [`and ${rest} more`] : all.length === 0 ? ['nothing was found in it'] : []),
  ]
}

/** The end of a page about a run that isn't valid. */
export function failedBlocks(run: RunResult): Block[] {
  const failed = failedCells(run)
  if (failed.length === 0) return []
  return [
    heading(3, 'What to look at'),
    ...failed.flatMap(({ cell, what, evidence, commands }) => [
      text(`${cell.cell}: ${cell.verdict}. Evidence: ${printable(evidence)}`),
      list(what),
      code(commands.map(printable)),
    ]),
  ]
}
