/**
 * Verdicts for a CI server: JUnit XML, and a summary in Markdown.
 *
 * Promises: a file that can't be written is refused before anything runs; the JUnit file is written whole or
 * not at all, the summary is appended, also to $GITHUB_STEP_SUMMARY where that is set.
 */
import { existsSync } from 'node:fs'
import { access, appendFile, constants, mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import writeFileAtomic from 'write-file-atomic'
import { markdown } from '../../adapters/formats/markdown.ts'
import { LabError, messageOf } from '../../core/errors.ts'
import type { RunResult } from '../../core/matrix/result.ts'
import type { CheckResult } from '../../core/oracle/verdict.ts'
import { heading, left, table, words, type Block } from '../../core/report/blocks.ts'
import { junitXml, runSuite, type JunitCase, type JunitSuite } from '../../core/report/junit.ts'
import { printable } from '../../core/report/numbers.ts'
import { ciBlocks } from '../../core/report/report.ts'
import type { MutationScore } from '../../core/scenario/score.ts'
import { refuseKernelFolder } from '../../program/real-folder.ts'
import type { CheckReport } from '../judge/check.ts'
import type { JudgedAgain } from '../judge/judge-again.ts'

export interface CiFlags {
  readonly junit?: string | undefined
  readonly summary?: string | undefined
}

export interface CiOutcome {
  readonly suites: readonly JunitSuite[]
  readonly blocks: readonly Block[]
}

/** Where outcomes will be written; call before the work. */
export async function ciFiles(flags: CiFlags, env: NodeJS.ProcessEnv = process.env) {
  const junit = flags.junit === undefined ? undefined : path.resolve(flags.junit)
  const step = env['GITHUB_STEP_SUMMARY']
  const summaries = [flags.summary, step].filter((name) => name !== undefined && name !== '')
  const appended = [...new Set(summaries.map((name) => path.resolve(name!)))]
  if (junit !== undefined) await writable(junit, '--junit')
  for (const file of appended) {
    await writable(file, file === step ? 'GITHUB_STEP_SUMMARY' : '--summary')
  }
  return {
    write: async ({ suites, blocks }: CiOutcome): Promise<void> => {
      if (junit !== undefined) await writing(junit, () => writeFileAtomic(junit, junitXml(suites)))
      for (const file of appended) await writing(file, () => appendFile(file, `${markdown(blocks)}\n`))
    },
  }
}

async function writable(file: string, from: string): Promise<void> {
  refuseKernelFolder(file, from, 'RESULTS_UNUSABLE')
  try {
    await mkdir(path.dirname(file), { recursive: true })
    await access(path.dirname(file), constants.W_OK)
    // Appending nothing tells a file that can be written from one that can't, and from a folder. What that
    // makes goes again: an empty file is no document, should the run end before it has an outcome.
    const there = existsSync(file)
    await appendFile(file, '')
    if (!there) await rm(file)
  } catch (error) {
    throw cannotWrite(`${from} ${file}`, error)
  }
}

async function writing(file: string, write: () => Promise<void>): Promise<void> {
  try {
    await write()
  } catch (error) {
    throw cannotWrite(file, error)
  }
}

const cannotWrite = (file: string, error: unknown): LabError =>
  new LabError('RESULTS_UNUSABLE', `cannot write ${file}: ${messageOf(error)}`, {
    hint: 'Name a file in a folder that can be written.',
    cause: error,
  })

export const ofRuns = (runs: readonly RunResult[]): CiOutcome => ({
  suites: runs.map(runSuite),
  blocks: ciBlocks(runs),
})

const CHECK_NEXT = (report: CheckReport): string =>
  `next:\n  eoslab check --prefix ${report.prefix} --json\n  eoslab snapshot verify --prefix ${report.prefix}`

export function ofCheck(report: CheckReport): CiOutcome {
  const name = `check ${report.prefix || '(no prefix)'}`
  const judged = report.checks.filter((check) => check.verdict !== 'not-applicable')
  const cases = judged.map((check) => ({ name: check.check, ms: 0, ...badCheck(check, CHECK_NEXT(report)) }))
  const rows = judged.map((check) => [check.check, check.verdict, firstOf(check)])
  return {
    suites: [{ name, properties: { verdict: report.verdict, oracle: report.oracle_version }, cases }],
    blocks: [
      heading(2, `${name}: ${report.verdict}`),
      table([left('check'), left('verdict'), words('first finding, or why not judged')], rows),
    ],
  }
}

const firstOf = (check: CheckResult): string => printable(check.anomalies[0]?.message ?? check.reason ?? '')

function badCheck(check: CheckResult, next: string): Pick<JunitCase, 'bad'> {
  if (check.verdict === 'valid') return {}
  const kind = check.verdict === 'invalid' ? 'failure' : 'error'
  const found = check.anomalies.map((each) => `${each.name}: ${each.message} ${JSON.stringify(each.place)}`)
  const lines = found.length > 0 ? found : [`could not be judged: ${check.reason ?? 'no reason given'}`]
  return { bad: { kind, type: check.anomalies[0]?.name ?? check.verdict, text: [...lines, next].join('\n') } }
}

export function ofJudgedAgain(again: JudgedAgain): CiOutcome {
  const fine = again.verdict === 'valid'
  const cases = again.cells.map((cell): JunitCase => {
    if (fine || cell.now === 'valid') return { name: cell.cell, ms: 0 }
    const text = [
      cell.problem ??
        `${cell.now}: ${cell.anomalies.join(', ') || 'nothing proven'}; then: ${cell.before ?? 'not judged'}`,
      'next:',
      `  eoslab explain ${cell.cell} --run ${again.results}`,
    ].join('\n')
    const kind = cell.now === 'invalid' ? 'failure' : 'error'
    return { name: cell.cell, ms: 0, bad: { kind, type: cell.anomalies[0] ?? cell.now, text } }
  })
  const rows = again.cells.map((cell) => [cell.cell, cell.before ?? '–', cell.now, cell.anomalies.join(', ')])
  const name = `${again.experiment}, judged again`
  return {
    suites: [{ name, properties: { verdict: again.verdict, results: again.results }, cases }],
    blocks: [
      heading(2, `${name}: ${again.verdict}`),
      table([left('cell'), left('then'), left('now'), words('anomalies now')], rows),
    ],
  }
}

export function ofScore(score: MutationScore): CiOutcome {
  const cases = score.mutants.map((each): JunitCase => {
    if (each.outcome === 'as-predicted') return { name: each.mutant, ms: 0 }
    const text = [
      `${each.outcome}: ${each.wrong}; must show ${each.primary}, found ${each.found.join(', ') || 'nothing'}`,
      `evidence: ${each.results}`,
      `next:\n  eoslab run experiments/mutants/${each.mutant}.yaml`,
    ].join('\n')
    return { name: each.mutant, ms: 0, bad: { kind: 'failure', type: each.outcome, text } }
  })
  const rows = score.mutants.map((each) => [each.mutant, each.outcome, each.primary, each.found.join(', ')])
  return {
    suites: [
      { name: 'mutants', properties: { verdict: score.verdict, oracle: score.oracle_version }, cases },
    ],
    blocks: [
      heading(2, `Mutants: ${score.caught} of ${score.of} caught, ${score.verdict}`),
      table([left('mutant'), left('outcome'), left('must show'), words('found')], rows),
    ],
  }
}
