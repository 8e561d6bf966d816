/**
 * What `eoslab report` is about: the newest complete run of each experiment, or two named runs.
 *
 * Promises: reads results only, no broker; a run that cannot be read is named and left out, never guessed.
 */
import { existsSync, realpathSync } from 'node:fs'
import path from 'node:path'
import {
  INTERRUPTED_FILE,
  newestRuns,
  readVerdict,
  runsOf,
  VERDICT_FILE,
} from '../../adapters/files/results.ts'
import type { FoundRun } from '../../adapters/files/results.ts'
import { colourFor, widthFor } from '../../adapters/terminal/colour.ts'
import { terminalText } from '../../adapters/terminal/table.ts'
import { readScores } from '../../adapters/files/mutation-score.ts'
import { EXIT, LabError } from '../../core/errors.ts'
import type { RunResult, ScoreShown } from '../../core/matrix/result.ts'
import { exitOf, worst } from '../../core/oracle/verdict.ts'
import type { Verdict } from '../../core/oracle/verdict.ts'
import type { Block } from '../../core/report/blocks.ts'
import type { MutationScore } from '../../core/scenario/score.ts'
import { asRunResult } from '../../core/report/read.ts'
import { terminalBlocks } from '../../core/report/report.ts'
import { resultsRoot, shownPath } from '../matrix/results.ts'

export interface ReportOptions {
  readonly experiment?: string | undefined
  /** Just this one: a folder, an experiment (its newest run), or `<experiment>/<run>`. */
  readonly run?: string | undefined
  readonly root?: string
  /** The exit code is the worst verdict's. */
  readonly check?: boolean
}

export interface Report {
  readonly runs: readonly RunResult[]
  /** The worst of the runs. */
  readonly verdict: Verdict
  readonly exit: number
  /** What could not be read, one sentence each. */
  readonly notes: readonly string[]
}

export async function report(options: ReportOptions): Promise<Report> {
  const root = options.root ?? resultsRoot()
  if (options.run !== undefined) {
    if (options.experiment !== undefined) {
      throw new LabError(
        'USAGE',
        `both a run (${options.run}) and --experiment ${options.experiment} are named`,
        {
          hint: 'Name one of them.',
        },
      )
    }
    const run = await namedRun(options.run, root)
    const mutation_score = knownScore(run.oracle_version, root)
    return told([{ ...run, mutation_score }], options, run.interrupted ? [STOPPED] : [])
  }
  const found = await newestRuns(root)
  const wanted = found.filter(
    (run) => options.experiment === undefined || run.experiment === options.experiment,
  )
  const notes: string[] = []
  const runs: RunResult[] = []
  for (const run of wanted) {
    const read = await readRun(run)
    if ('page' in read) notes.push(`${read.page} has tables of its own`)
    else if ('problem' in read) notes.push(`${shownPath(run.dir)} is left out: ${read.problem}`)
    else {
      const mutation_score = knownScore(read.run.oracle_version, root)
      const newest = { ...read.run, results: shownPath(run.dir), mutation_score }
      const better = newest.verdict === 'valid' ? undefined : await earlierValid(root, run)
      runs.push(newest, ...(better ? [{ ...better, mutation_score }] : []))
      notes.push(...(await laterTries(root, run)), ...(better ? [besideNote(newest, better)] : []))
    }
  }
  if (runs.length === 0) throw nothingToShow({ root, experiment: options.experiment, found, notes })
  return told(runs, options, notes)
}

const STOPPED = 'this run was stopped before its end; what it had measured is shown'

function told(runs: readonly RunResult[], { check }: ReportOptions, notes: readonly string[]): Report {
  const verdict = worst(runs.map((run) => run.verdict))
  return { runs, verdict, exit: check ? exitOf(verdict) : EXIT.valid, notes }
}

/** A try that failed must not hide the one that was good, nor the other way round: both are shown. */
async function earlierValid(root: string, newest: FoundRun): Promise<RunResult | undefined> {
  for (const run of await runsOf(root, newest.experiment)) {
    if (!run.complete || run.name === newest.name) continue
    const read = await readRun(run)
    if ('run' in read && read.run.verdict === 'valid') return { ...read.run, results: shownPath(run.dir) }
  }
  return undefined
}

const besideNote = (newest: RunResult, valid: RunResult): string =>
  `${newest.experiment}: the newest run is ${newest.verdict} (${newest.results}); the newest valid one stands beside it (${valid.results})`

/** Runs begun after the newest complete one that never came to a verdict. */
async function laterTries(root: string, newest: FoundRun): Promise<string[]> {
  const all = await runsOf(root, newest.experiment)
  const later = all.slice(
    0,
    all.findIndex(({ name }) => name === newest.name),
  )
  return later.slice(0, 1).map(({ dir }) => {
    const more = later.length > 1 ? ` (and ${later.length - 1} more)` : ''
    return `${newest.experiment}: a later run has no verdict, it was stopped or is still going: ${shownPath(dir)}${more}`
  })
}

/** Two runs by folder, by experiment (its newest), or by `<experiment>/<run>`. */
export async function reportPair(
  names: readonly string[],
  root: string = resultsRoot(),
): Promise<readonly [RunResult, RunResult]> {
  const [a, b] = names
  if (a === undefined || b === undefined || names.length > 2) {
    throw new LabError('USAGE', `two runs are compared, ${names.length} were named`, {
      hint: 'eoslab report --compare A B, each a folder of results or the name of an experiment',
    })
  }
  return [await namedRun(a, root), await namedRun(b, root)]
}

async function namedRun(name: string, root: string): Promise<RunResult> {
  const places = [path.resolve(name), path.join(root, name), path.join(root, name, 'latest')]
  const has = (file: string) => places.find((place) => existsSync(path.join(place, file)))
  const complete = has(VERDICT_FILE)
  const dir = complete ?? has(INTERRUPTED_FILE)
  if (dir === undefined) {
    const notes = existsSync(name) ? [`${name} is there, but no run: it holds no ${VERDICT_FILE}`] : []
    throw nothingToShow({ root, experiment: name, found: await newestRuns(root), notes })
  }
  const read = asRunResult(await readVerdict(dir, complete ? VERDICT_FILE : INTERRUPTED_FILE))
  if ('run' in read) return { ...read.run, results: shownPath(realpathSync(dir)) }
  throw new LabError('RESULTS_UNUSABLE', `${shownPath(dir)} can't be read: ${read.problem}`, {
    hint: 'Name another run, or repeat that one.',
  })
}

/** The page, or the end of one run, for a terminal (or a file, where stdout is one). */
export const forTerminal = (blocks: readonly Block[]): string =>
  terminalText(blocks, {
    width: widthFor(process.stdout, process.env),
    colour: colourFor(process.stdout, process.env),
  })

export const runForTerminal = (run: RunResult): string => forTerminal(terminalBlocks(run))

async function readRun(run: FoundRun): Promise<ReturnType<typeof asRunResult> | { readonly page: string }> {
  try {
    const value = await readVerdict(run.dir)
    // Comparisons and the evidence of the plan are no lists of cells; they say so.
    const other = typeof value === 'object' && value !== null && 'kind' in value
    return other ? { page: shownPath(path.join(run.dir, 'summary.md')) } : asRunResult(value)
  } catch (error) {
    if (error instanceof LabError) return { problem: error.message }
    throw error
  }
}

interface Nothing {
  readonly root: string
  readonly experiment: string | undefined
  readonly found: readonly FoundRun[]
  readonly notes: readonly string[]
}

function nothingToShow({ root, experiment, found, notes }: Nothing): LabError {
  const known = found.map((run) => run.experiment).join(', ')
  const of = experiment === undefined ? '' : ` of "${experiment}"`
  const next =
    experiment !== undefined && known !== ''
      ? `There are runs of: ${known}`
      : 'Make one: eoslab crash-matrix --at mid-commit (other results: set EOSLAB_RESULTS)'
  return new LabError('NOTHING_TO_SHOW', `there is no complete run${of} in ${shownPath(root)}`, {
    hint: [...notes, next].join('\n'),
  })
}

/** The score of an oracle version, if it was measured here; else the newest of another one, which then says so. */
export function knownScore(version: string | undefined, root: string = resultsRoot()): ScoreShown | null {
  if (version === undefined) return null
  const known = Object.entries(readScores(root)).flatMap(([of, score]) => scoreShown(of, score))
  const own = known.find((score) => score.oracle_version === version)
  if (!own) return known.toSorted((a, b) => (a.measured < b.measured ? 1 : -1))[0] ?? null
  const { oracle_version: _own, ...shown } = own
  return shown
}

function scoreShown(oracle_version: string, stored: unknown): (ScoreShown & { oracle_version: string })[] {
  const { caught, of, measured } = (stored ?? {}) as Partial<MutationScore>
  if (typeof caught !== 'number' || typeof of !== 'number') return []
  return [{ oracle_version, caught, of, measured: String(measured) }]
}
