/**
 * `eoslab check`: collect, judge, and lay the judgement out as a table. It runs on any prefix of ours, a kept
 * cell included, and knows of it only what the log, the state directory and two flags say.
 */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { terminalText } from '../../adapters/terminal/table.ts'
import { colourFor, widthFor } from '../../adapters/terminal/colour.ts'
import { prefixDirectory } from '../../core/contracts/names.ts'
import { LabError } from '../../core/errors.ts'
import type { OracleInput } from '../../core/oracle/input.ts'
import { judge } from '../../core/oracle/judge.ts'
import type { Anomaly, AnomalyName, CheckResult, Judgement, Verdict } from '../../core/oracle/verdict.ts'
import { type Block, heading, left, right, table, text, words } from '../../core/report/blocks.ts'
import { number } from '../../core/report/numbers.ts'
import { parseWindowSeconds } from '../../core/scenario/units.ts'
import { resolveBroker, withBroker } from '../broker/broker.ts'
import { collect } from '../cell/collect.ts'
import { readKept } from '../matrix/kept.ts'
import { checkPrefix } from '../workload/topics.ts'

export interface CheckOptions {
  readonly brokers?: string | undefined
  readonly prefix: string
  readonly stateDir: string
  readonly window?: string | undefined
  readonly pipeline: string
  readonly say?: ((text: string) => void) | undefined
}

/** What `check --json` prints. */
export interface CheckReport {
  readonly verdict: Verdict
  readonly prefix: string
  readonly pipeline: string
  readonly window_s: number
  readonly clean_end: boolean
  readonly anomalies: readonly AnomalyName[]
  readonly findings: readonly Anomaly[]
  readonly checks: readonly CheckResult[]
  readonly totals: Judgement['totals']
  readonly overcharge: Judgement['overcharge']
  readonly overcharge_total: number
  readonly oracle_version: string
}

export async function check(options: CheckOptions): Promise<CheckReport> {
  const prefix = checkPrefix(options.prefix)
  const window = options.window === undefined ? undefined : parseWindowSeconds(options.window)
  const pipeline = pipelineOf(options.pipeline)
  const where = whereIs(options)
  const work = async ({ brokers }: { brokers: string }): Promise<CheckReport> => {
    const { stateRoot } = where
    const input = await collect({ brokers, prefix, stateRoot, window: window ?? where.window, pipeline })
    return reportOf(input, judge(input))
  }
  const { brokers, brokerData: dataDir } = where
  const place = { brokers, stateDir: options.stateDir, say: options.say }
  if (dataDir !== undefined) return withBroker({ ...place, dataDir }, work)
  return work(await resolveBroker(place))
}

function pipelineOf(name: string): OracleInput['pipeline'] {
  if (name === 'reference' || name === 'reference-stateless') return name
  throw new LabError('USAGE', `--pipeline ${name}: there is no such pipeline`, {
    hint: 'Known are: reference, reference-stateless',
  })
}

/** Where the prefix lives: the cell that the last matrix kept has its state elsewhere, perhaps its broker too. */
function whereIs({ stateDir, prefix, brokers }: CheckOptions): {
  stateRoot: string
  brokers?: string | undefined
  brokerData?: string | undefined
  window?: number
} {
  const kept = readKept(stateDir)
  const has = (root: string): boolean => existsSync(path.join(root, prefixDirectory(prefix)))
  if (kept?.prefix === prefix) {
    const { stateRoot, window } = kept
    return brokers === undefined ? kept : { stateRoot, window, brokers }
  }
  // With --keep the other cells of that matrix lie beside it.
  if (kept && !has(stateDir) && has(kept.stateRoot)) return { stateRoot: kept.stateRoot, brokers }
  return { stateRoot: stateDir, brokers }
}

function reportOf(input: OracleInput, judgement: Judgement): CheckReport {
  return {
    verdict: judgement.verdict,
    prefix: input.prefix,
    pipeline: input.pipeline,
    window_s: input.window,
    clean_end: input.cleanEnd,
    anomalies: judgement.anomalies,
    findings: judgement.checks.flatMap((c) => c.anomalies.slice(0, 5)),
    checks: judgement.checks,
    totals: judgement.totals,
    overcharge: judgement.overcharge,
    overcharge_total: judgement.overchargeTotal,
    oracle_version: judgement.oracleVersion,
  }
}

const TOPICS = ['orders', 'enriched', 'dlq', 'output', 'changelog', 'snapshots']

export function checkBlocks(report: CheckReport): Block[] {
  const { totals } = report
  const total = (name: string): string => (totals[name] === undefined ? '' : number(totals[name]))
  const checks = report.checks.map((c) => [
    c.check,
    c.verdict,
    c.count === 0 ? '' : String(c.count),
    c.anomalies[0]?.message ?? c.reason ?? '',
  ])
  const topics = TOPICS.filter((t) => totals[t] !== undefined).map((t) => [
    t,
    total(t),
    total(`uncommitted_${t}`),
  ])
  const rest = Object.keys(totals).filter((t) => !TOPICS.includes(t.replace(/^(uncommitted|open)_/, '')))
  const blocks: Block[] = [
    heading(2, `${report.prefix || '(no prefix)'}: ${report.verdict}`),
    table(
      [left('check'), left('verdict'), right('found'), words('first finding, or why not judged')],
      checks,
    ),
    table([left('topic'), right('committed'), right('uncommitted')], topics),
    text(rest.map((name) => `${name} ${total(name)}`).join(', ')),
  ]
  if (report.overcharge.length > 0) {
    const first = report.overcharge[0]!
    blocks.push(
      text(
        `Order ${first.orderId} was counted once too often, amount ${number(first.amount)}; ${number(report.overcharge.length)} such countings, total overcharged ${number(report.overcharge_total)}.`,
      ),
    )
  }
  return blocks
}

export const checkText = (report: CheckReport): string =>
  terminalText(checkBlocks(report), {
    width: widthFor(process.stdout, process.env),
    colour: colourFor(process.stdout, process.env),
  })
