/**
 * `eoslab check RESULTS`: a stored run, judged again by today's oracle from what was kept of it.
 *
 * Promises: reads results only, no broker; evidence of the kill and the reason why a cell could not run to
 * its end stand as they were, for they are no judgement; the run's expectations are weighed again.
 * A cell whose input was not kept is unknown, never what it was.
 */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { readVerdict, storedInput } from '../../adapters/files/results.ts'
import { readLines } from '../../adapters/files/stored-input.ts'
import { LabError } from '../../core/errors.ts'
import type { CellResult, Expectation, RunResult } from '../../core/matrix/result.ts'
import { ORACLE_VERSION, judge } from '../../core/oracle/judge.ts'
import { decodeInput } from '../../core/oracle/stored.ts'
import { type AnomalyName, type Verdict, worst } from '../../core/oracle/verdict.ts'
import { type Block, heading, left, list, table, text, words } from '../../core/report/blocks.ts'
import { asRunResult } from '../../core/report/read.ts'
import { evaluate } from '../../core/scenario/expect.ts'
import { forTerminal, knownScore } from '../report/report.ts'
import { loadScenario } from '../matrix/scenario.ts'
import { shownPath } from '../matrix/results.ts'

export interface CellAgain {
  readonly cell: string
  readonly before: Verdict
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
}

async function runIn(dir: string): Promise<RunResult> {
  if (!existsSync(path.join(dir, 'verdict.json'))) {
    throw new LabError('NOTHING_TO_SHOW', `there is no complete run in ${shownPath(dir)}`, {
      hint: 'name the folder of one run, such as results/latest',
    })
  }
  const read = asRunResult(await readVerdict(dir))
  if ('run' in read) return read.run
  throw new LabError('RESULTS_UNUSABLE', `${shownPath(dir)}/verdict.json is no run: ${read.problem}`, {
    hint: 'it may be of another version of eoslab; repeat the run',
  })
}

async function judgeCell(dir: string, cell: CellResult): Promise<CellResult & { missing: string | null }> {
  const file = await storedInput(dir, cell.cell)
  if (file === undefined) {
    const missing = 'what the oracle was given was not kept'
    return { ...cell, verdict: 'unknown', anomalies: [], missing }
  }
  const judgement = judge(decodeInput(readLines(file)))
  const parts: Verdict[] = [judgement.verdict]
  if (cell.evidence.verdict === 'vacuous') parts.push('vacuous')
  if (cell.problem) parts.push('unknown')
  const { anomalies, checks } = judgement
  return { ...cell, verdict: worst(parts), anomalies, checks, missing: null }
}

export async function judgeAgain(folder: string): Promise<JudgedAgain> {
  const dir = path.resolve(folder)
  const run = await runIn(dir)
  const cells = []
  for (const cell of run.cells) cells.push(await judgeCell(dir, cell))
  const { expect } = await loadScenario(path.join(dir, 'scenario.resolved.yaml'))
  const { expectations, verdict } = evaluate(expect, cells)
  const score = knownScore(ORACLE_VERSION)
  return {
    verdict,
    results: shownPath(dir),
    experiment: run.experiment,
    oracle_then: run.oracle_version ?? null,
    oracle_version: ORACLE_VERSION,
    mutation_score: score ? `${score.caught} of ${score.of}` : 'not measured',
    cells: cells.map(({ cell, verdict: now, anomalies, missing }, i) => ({
      cell,
      before: run.cells[i]!.verdict,
      now,
      anomalies_before: run.cells[i]!.anomalies,
      anomalies,
      problem: missing,
    })),
    expectations,
  }
}

function blocksOf(again: JudgedAgain): Block[] {
  const rows = again.cells.map((c) => [
    c.cell,
    c.before,
    c.now,
    c.anomalies.join(', ') || '–',
    c.problem ?? (c.before === c.now ? '' : `then: ${c.anomalies_before.join(', ') || 'nothing'}`),
  ])
  return [
    heading(2, `${again.experiment}, judged again: ${again.verdict}`),
    table([left('cell'), left('then'), left('now'), words('anomalies now'), words('')], rows),
    list(again.expectations.map((e) => `${e.met ? '✓' : '✗'} ${e.text}; found: ${e.found}`)),
    text(
      `Oracle version ${again.oracle_then ?? 'unknown'} then, ${again.oracle_version} now; mutation score ${again.mutation_score}. Results: ${again.results}`,
    ),
  ]
}

export const againForTerminal = (again: JudgedAgain): string => forTerminal(blocksOf(again))
