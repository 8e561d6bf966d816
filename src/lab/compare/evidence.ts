/**
 * `eoslab evidence`: the evidence of a step of the plan, beyond the cells of its experiment file.
 *
 * Promises: what is printed lies in a results folder too; the verdict is of what was found, not assumed.
 */
import path from 'node:path'
import { markdown } from '../../adapters/formats/markdown.ts'
import { drawSvg } from '../../adapters/formats/svg.ts'
import { hostClock } from '../../adapters/host/clock.ts'
import { p2Blocks, p2Valid } from '../../core/compare/p2.ts'
import { waysBlocks, waysCsv, waysValid, WAYS_COLUMNS } from '../../core/compare/ways.ts'
import { p3Blocks, p3Chart, p3Valid } from '../../core/compare/p3.ts'
import type { Verdict } from '../../core/oracle/verdict.ts'
import { text, type Block } from '../../core/report/blocks.ts'
import { csv } from '../../adapters/formats/csv.ts'
import { parseCount, parseWindowSeconds } from '../../core/scenario/units.ts'
import { runP2 } from './evidence-p2.ts'
import { runP3 } from './evidence-p3.ts'
import { runWays } from './ways.ts'
import { forTerminal } from '../report/report.ts'
import { shownPath, startRun, type ResultsFolder } from '../matrix/results.ts'
import { checkPrefix } from '../workload/topics.ts'

export const STEPS = ['p2', 'p3', 'ways'] as const
type StepName = (typeof STEPS)[number]

export interface EvidenceFlags {
  readonly brokers?: string | undefined
  readonly 'state-dir': string
  readonly prefix?: string | undefined
  readonly seed: string
  /** Of `ways` alone. */
  readonly from?: string | undefined
  readonly repeat: string
  readonly orders: string
  readonly window: string
  readonly quiet: boolean
  readonly say: (text: string) => void
}

export interface EvidenceDone {
  readonly verdict: Verdict
  readonly text: string
  /** What `--json` prints. */
  readonly result: object
}

interface Found {
  readonly valid: boolean
  readonly blocks: readonly Block[]
  readonly data: object
  /** Its path in the results folder. */
  readonly chart?: string
}

export async function evidence(step: StepName, flags: EvidenceFlags): Promise<EvidenceDone> {
  const seed = parseCount(flags.seed, '--seed', { max: 2 ** 32 - 1 })
  const folder = await startRun({ experiment: `evidence-${step}`, seed, startedMs: hostClock.wallMs() })
  const found = await FINDERS[step](flags, seed, folder)
  const verdict = found.valid ? 'valid' : 'invalid'
  const result = { kind: `evidence-${step}`, verdict, seed, results: shownPath(folder.dir), ...found.data }
  const blocks = [...found.blocks, whereBlock(result.results, found.chart)]
  await folder.writeText('summary.md', markdown(found.blocks))
  await folder.finish(result)
  return { verdict, text: forTerminal(blocks), result }
}

/** Said on the terminal alone: a file need not say where it lies. */
const whereBlock = (results: string, chart: string | undefined): Block =>
  text(`Results: ${results}${chart === undefined ? '' : `; the chart: ${results}/${chart}`}`)

type Finder = (flags: EvidenceFlags, seed: number, folder: ResultsFolder) => Promise<Found>

const FINDERS: Readonly<Record<StepName, Finder>> = { p2, p3, ways }

async function p2(flags: EvidenceFlags): Promise<Found> {
  const { brokers, say } = flags
  const prefix = flags.prefix === undefined ? undefined : checkPrefix(flags.prefix)
  const found = await runP2({ brokers, stateDir: flags['state-dir'], prefix, say })
  return { valid: p2Valid(found), blocks: p2Blocks(found), data: found }
}

async function p3(flags: EvidenceFlags, seed: number, folder: ResultsFolder): Promise<Found> {
  const { brokers, quiet } = flags
  const prefix = checkPrefix(flags.prefix ?? 'p3.')
  const run = await runP3({ brokers, stateDir: flags['state-dir'], prefix, seed, quiet })
  const found = { ...run, keys: run.artefacts.keys }
  const { option, frame } = p3Chart(run.kills)
  const chart = 'charts/lag.svg'
  await folder.writeText(chart, await drawSvg(option, frame))
  return { valid: p3Valid(found), blocks: p3Blocks(found), data: run, chart }
}

async function ways(flags: EvidenceFlags, seed: number, folder: ResultsFolder): Promise<Found> {
  const { brokers, from, quiet } = flags
  const found = await runWays({
    brokers,
    stateDir: flags['state-dir'],
    prefix: checkPrefix(flags.prefix ?? `ways-${hostClock.wallMs().toString(36).slice(-6)}.`),
    from,
    orders: parseCount(flags.orders, '--orders', { min: 2_000, max: 10_000_000 }),
    repeat: parseCount(flags.repeat, '--repeat', { min: 1, max: 1_000 }),
    seed,
    window: parseWindowSeconds(flags.window),
    keepAt: path.join(folder.dir, 'state.db'),
    quiet,
  })
  await folder.writeText('cells.csv', csv(WAYS_COLUMNS, waysCsv(found)))
  return { valid: waysValid(found), blocks: waysBlocks(found), data: found }
}
