/**
 * `eoslab explain [CELL]`: the timeline of one cell of a stored run, or the cells that there are.
 *
 * Promises: reads results only, no broker. A run that was stopped is read from what it left: journals, and the
 * evidence of the cells that were judged. Does not: judge again (`eoslab check` does).
 */
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { readJournals } from '../../adapters/files/journal.ts'
import { readVerdict, storedInput } from '../../adapters/files/results.ts'
import { readLines } from '../../adapters/files/stored-input.ts'
import { LabError } from '../../core/errors.ts'
import type { HistoryEvent } from '../../core/history/event.ts'
import { NO_EVIDENCE, type CellResult } from '../../core/matrix/result.ts'
import type { RawPartition } from '../../core/oracle/input.ts'
import { decodeInput } from '../../core/oracle/stored.ts'
import type { Verdict } from '../../core/oracle/verdict.ts'
import { code, heading, left, table, text, words, type Block } from '../../core/report/blocks.ts'
import { asRunResult } from '../../core/report/read.ts'
import { timelineBlocks, type CellTold } from '../../core/report/timeline.ts'
import { resultsRoot, shownPath } from '../matrix/results.ts'
import { forTerminal } from '../report/report.ts'

type StoredCell = CellTold & Pick<CellResult, 'findings' | 'point'>

export interface Explained {
  readonly cell: StoredCell
  readonly results: string
  readonly events: readonly HistoryEvent[]
  /** Raw logs, if what the oracle was given was kept. */
  readonly partitions: readonly RawPartition[]
}

/** As `--json` prints it: without the raw logs, which are what makes a stored input large. */
export type ExplainedJson = Omit<Explained, 'partitions'>

export interface CellsListed {
  readonly results: string
  /** False for a run that was stopped. */
  readonly complete: boolean
  readonly cells: readonly {
    readonly cell: string
    readonly verdict: Verdict | null
    readonly summary: string
  }[]
}

interface StoredRun {
  readonly dir: string
  readonly complete: boolean
  readonly cells: readonly StoredCell[]
}

/** Folder names are made of cell names so (adapters/files/results.ts). */
const folderOf = (cell: string): string => cell.replaceAll(/[^A-Za-z0-9._-]+/g, '-')

async function storedRun(run: string | undefined): Promise<StoredRun> {
  const named = folderNamed(run ?? path.join(resultsRoot(), 'latest'))
  if (!existsSync(named)) throw nothing(`there is no run in ${shownPath(named)}`)
  const dir = realpathSync(named)
  if (!existsSync(path.join(dir, 'verdict.json'))) {
    const cells = remains(dir)
    if (cells.length > 0) return { dir, complete: false, cells }
    throw nothing(`there is no run in ${shownPath(named)}: neither verdict.json nor journals`)
  }
  const read = asRunResult(await readVerdict(dir))
  if ('run' in read) return { dir, complete: true, cells: read.run.cells }
  throw new LabError('RESULTS_UNUSABLE', `${shownPath(dir)}/verdict.json is no run: ${read.problem}`, {
    hint: 'it may be of another version of eoslab; repeat the run',
  })
}

/** A run by its folder, by `<experiment>/<run>`, or by its experiment, whose newest it is. */
function folderNamed(run: string): string {
  const given = path.resolve(run)
  const below = path.join(resultsRoot(), run)
  const holdsRun = (dir: string): boolean =>
    ['verdict.json', 'journals'].some((name) => existsSync(path.join(dir, name)))
  return [given, below, path.join(below, 'latest')].find((place) => holdsRun(place)) ?? given
}

const nothing = (message: string): LabError =>
  new LabError('NOTHING_TO_SHOW', message, {
    hint: 'make one: eoslab crash-matrix --at mid-commit; or name another: --run takes a folder or an experiment',
  })

const NOT_JUDGED = 'the run was stopped before this cell was judged'

/** What a stopped run left: cells with journals, and their evidence where they came so far. */
function remains(dir: string): StoredCell[] {
  const journals = path.join(dir, 'journals')
  if (!existsSync(journals)) return []
  return readdirSync(journals).map((folder) => {
    const file = path.join(dir, 'evidence', `${folder}.json`)
    const kept = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Partial<StoredCell>) : {}
    const evidence = kept.evidence ?? { ...NO_EVIDENCE, summary: NOT_JUDGED }
    const { cell = folder, story = NOT_JUDGED, findings = [] } = kept
    const names = [...new Set(findings.map(({ name }) => name))]
    const told = { cell, story, findings, evidence, point: cell, command: '', prefix: '', anomalies: names }
    return { ...told, verdict: names.length > 0 ? 'invalid' : 'unknown' }
  })
}

export async function listCells(run: string | undefined): Promise<CellsListed> {
  const { dir, complete, cells } = await storedRun(run)
  return {
    results: shownPath(dir),
    complete,
    cells: cells.map(({ cell, verdict, anomalies, evidence }) => ({
      cell,
      verdict: complete || verdict === 'invalid' ? verdict : null,
      summary: anomalies.length > 0 ? anomalies.join(', ') : evidence.summary,
    })),
  }
}

export function listText({ results, complete, cells }: CellsListed, run: string | undefined): string {
  const from = run === undefined ? '' : ` --run ${run}`
  const rows = cells.map(({ cell, verdict, summary }) => [cell, verdict ?? '–', summary])
  const blocks: Block[] = [heading(2, results)]
  if (!complete) blocks.push(text('The run was stopped; this is what it left.'))
  blocks.push(table([left('cell'), left('verdict'), words('anomalies, or evidence')], rows))
  const [first] = cells
  if (first) blocks.push(text('One of them on a timeline:'), code([`eoslab explain ${first.cell}${from}`]))
  return forTerminal(blocks)
}

export async function explain(name: string, run: string | undefined): Promise<Explained> {
  const { dir, cells } = await storedRun(run)
  const cell = cells.find((c) => c.cell === name) ?? cells.find((c) => c.point === name)
  if (!cell) {
    throw new LabError('NOTHING_TO_SHOW', `${shownPath(dir)} has no cell called ${name}`, {
      hint: `it has: ${cells.map((c) => c.cell).join(', ')}`,
    })
  }
  const events = readJournals(path.join(dir, 'journals', folderOf(cell.cell)))
  const file = await storedInput(dir, cell.cell)
  const input = file === undefined ? undefined : decodeInput(readLines(file))
  const partitions = Object.values(input?.topics ?? {}).flatMap((topic) => topic?.partitions ?? [])
  return {
    cell: { ...cell, prefix: input?.prefix ?? cell.prefix },
    results: shownPath(dir),
    events,
    partitions,
  }
}

export const explainText = ({ cell, events, partitions }: Explained): string =>
  forTerminal(timelineBlocks(cell, events, { partitions, findings: cell.findings }))
