/**
 * `eoslab check RESULTS`: a stored run, judged again by today's oracle from what was kept of it.
 *
 * Promises: reads results only, no broker; evidence of the kill and the reason why a cell could not run to
 * its end stand as they were, for they are no judgement; the run's expectations are weighed again.
 * A cell whose input was not kept is unknown, never what it was. Of a run that was cut off what is there is judged,
 * and what is missing is named.
 */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { readVerdict, storedCells, storedInput, VERDICT_FILE } from '../../adapters/files/results.ts'
import { readLines } from '../../adapters/files/stored-input.ts'
import { LabError } from '../../core/errors.ts'
import type { CellResult, Expectation } from '../../core/matrix/result.ts'
import { ORACLE_VERSION, judge } from '../../core/oracle/judge.ts'
import { decodeInput } from '../../core/oracle/stored.ts'
import { type AnomalyName, type Verdict, worst } from '../../core/oracle/verdict.ts'
import { type Block, heading, left, list, table, text, words } from '../../core/report/blocks.ts'
import { asRunResult } from '../../core/report/read.ts'
import { scoreText } from '../../core/report/report.ts'
import { evaluate } from '../../core/scenario/expect.ts'
import { forTerminal, knownScore } from '../report/report.ts'
import { loadScenario } from '../matrix/scenario.ts'
import { shownPath } from '../matrix/results.ts'

export interface CellAgain {
  readonly cell: string
  /** Null where the run was cut off before it said. */
  readonly before: Verdict | null
  readonly now: Verdict
  readonly anomalies_before: readonly AnomalyName[]
  readonly anomalies: readonly AnomalyName[]
  /** Why it could not be judged again. */
  readonly problem: string | null
}

export interface JudgedAgain {
  readonly verdict: Verdict
  readonly results: string
  readonly experiment: string
  readonly oracle_then: string | null
  readonly oracle_version: string
  readonly mutation_score: string
  readonly cells: readonly CellAgain[]
  readonly expectations: readonly Expectation[]
  /** What a run that came to its end would have; then the verdict is unknown at best. */
  readonly missing: readonly string[]
}

interface Kept {
  readonly experiment: string
  readonly oracleThen: string | null
  readonly cells: readonly CellKept[]
  /** What a complete run would have. */
  readonly missing: readonly string[]
}

/** Of a run that did not come to its end nobody has judged the cells yet. */
type CellKept = Pick<CellResult, 'cell' | 'anomalies'> & {
  readonly verdict: Verdict | null
  readonly of?: CellResult
}

async function keptIn(dir: string): Promise<Kept> {
  if (!existsSync(path.join(dir, VERDICT_FILE))) return unfinished(dir)
  const read = asRunResult(await readVerdict(dir))
  if ('run' in read) {
    const { experiment, oracle_version, cells, interrupted } = read.run
    const missing = interrupted ? ['the cells that were left when it was interrupted'] : []
    const kept = cells.map((of) => ({ cell: of.cell, verdict: of.verdict, anomalies: of.anomalies, of }))
    return { experiment, oracleThen: oracle_version ?? null, cells: kept, missing }
  }
  throw new LabError('RESULTS_UNUSABLE', `${shownPath(dir)}/verdict.json is no run: ${read.problem}`, {
    hint: 'it may be of another version of eoslab; repeat the run',
  })
}

/** Killed before it could write its verdict: there is what each cell left when it was over. */
async function unfinished(dir: string): Promise<Kept> {
  const names = await storedCells(dir)
  if (names.length === 0) {
    throw new LabError('NOTHING_TO_SHOW', `there is no run in ${shownPath(dir)}, nor a cell of one`, {
      hint: 'name the folder of one run, such as results/latest',
    })
  }
  const cells = names.map((cell) => ({ cell, verdict: null, anomalies: [] }))
  const missing = [
    'verdict.json: the run did not come to its end',
    'the evidence that each kill hit is not weighed again',
    `cells after ${names.at(-1)}, if there were to be any`,
  ]
  return { experiment: path.basename(path.dirname(dir)), oracleThen: null, cells, missing }
}

type CellNow = CellKept & {
  readonly now: Verdict
  readonly found: readonly AnomalyName[]
  problem: string | null
}

async function judgeCell(dir: string, kept: CellKept): Promise<CellNow & { result?: CellResult }> {
  const file = await storedInput(dir, kept.cell)
  const { of } = kept
  if (file === undefined) {
    const problem = 'what the oracle was given was not kept'
    const result = of && { ...of, verdict: 'unknown' as const, anomalies: [] }
    return { ...kept, now: 'unknown', found: [], problem, ...(result ? { result } : {}) }
  }
  const { verdict, anomalies, checks } = judge(decodeInput(readLines(file)))
  const parts: Verdict[] = [verdict]
  if (of?.evidence.verdict === 'vacuous') parts.push('vacuous')
  // Without the evidence of the kill it proves nothing, whatever the log says.
  if (!of || of.problem) parts.push('unknown')
  const now = worst(parts)
  const result = of && { ...of, verdict: now, anomalies, checks }
  return { ...kept, now, found: anomalies, problem: null, ...(result ? { result } : {}) }
}

/** The run's expectations weighed again; without a verdict of its own the cells speak for themselves. */
async function outcome(dir: string, kept: Kept, cells: readonly (CellNow & { result?: CellResult })[]) {
  const whole = cells.flatMap(({ result }) => result ?? [])
  if (whole.length < cells.length || whole.length === 0)
    return { expectations: [], verdict: worst(['unknown', ...cells.map(({ now }) => now)]) }
  const { expect } = await loadScenario(path.join(dir, 'scenario.resolved.yaml'))
  const { expectations, verdict } = evaluate(expect, whole)
  return { expectations, verdict: kept.missing.length > 0 ? worst([verdict, 'unknown']) : verdict }
}

export async function judgeAgain(folder: string): Promise<JudgedAgain> {
  const dir = path.resolve(folder)
  const kept = await keptIn(dir)
  const cells = []
  for (const cell of kept.cells) cells.push(await judgeCell(dir, cell))
  return {
    ...(await outcome(dir, kept, cells)),
    results: shownPath(dir),
    experiment: kept.experiment,
    oracle_then: kept.oracleThen,
    oracle_version: ORACLE_VERSION,
    mutation_score: scoreText(knownScore(ORACLE_VERSION)),
    cells: cells.map(({ cell, verdict: before, now, anomalies, found, problem }) => ({
      cell,
      before,
      now,
      anomalies_before: anomalies,
      anomalies: found,
      problem,
    })),
    missing: kept.missing,
  }
}

function blocksOf(again: JudgedAgain): Block[] {
  const rows = again.cells.map((c) => [
    c.cell,
    c.before ?? '–',
    c.now,
    c.anomalies.join(', ') || '–',
    c.problem ??
      (c.before === null || c.before === c.now ? '' : `then: ${c.anomalies_before.join(', ') || 'nothing'}`),
  ])
  const noted = rows.some((row) => row.at(-1) !== '')
  return [
    heading(2, `${again.experiment}, judged again: ${again.verdict}`),
    table(
      [left('cell'), left('then'), left('now'), words('anomalies now'), ...(noted ? [words('note')] : [])],
      rows,
    ),
    list(again.expectations.map((e) => `${e.met ? '✓' : '✗'} ${e.text}; found: ${e.found}`)),
    ...(again.missing.length > 0 ? [text('Missing:'), list(again.missing)] : []),
    text(
      `Oracle version ${again.oracle_then ?? 'unknown'} then, ${again.oracle_version} now; mutation score ${again.mutation_score}. Results: ${again.results}`,
    ),
  ]
}

export const againForTerminal = (again: JudgedAgain): string => forTerminal(blocksOf(again))
