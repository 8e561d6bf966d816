/**
 * `eoslab run FILE...`: loads all experiments, then runs them one after the other.
 *
 * Promises: a damaged file is refused before anything runs; the verdict of the whole is the worst.
 */
import path from 'node:path'
import { checkOrders } from '../../adapters/files/orders-file.ts'
import type { RunResult } from '../../core/matrix/result.ts'
import { worst, type Verdict } from '../../core/oracle/verdict.ts'
import { sweepBlocks, sweepsOf } from '../../core/report/sweep.ts'
import { moneyBlocks } from '../../core/report/money.ts'
import { parseCount, parsePort } from '../../core/scenario/units.ts'
import type { Scenario } from '../../core/scenario/resolve.ts'
import { runExperimentOn, withExperimentBroker } from './experiment.ts'
import { forTerminal, runForTerminal } from '../report/report.ts'
import { writeSweep } from './sweep.ts'
import { loadScenarios, resolveFiles } from './scenario.ts'

export interface RunFilesOptions {
  readonly brokers?: string | undefined
  readonly stateDir: string
  readonly quiet: boolean
  readonly verbose?: boolean | undefined
  readonly argv: readonly string[]
  readonly metricsPort?: string | undefined
  readonly from?: string | undefined
  readonly seed?: string | undefined
  /** Called with the tables of each run. */
  readonly onRun: (text: string) => void
}

export interface RunsDone {
  readonly verdict: Verdict
  readonly runs: readonly RunResult[]
}

/** The file's scenario with the flags on top; a file of orders gives all of them unless fewer are asked for. */
async function withFlags(scenario: Scenario, options: RunFilesOptions): Promise<Scenario> {
  const seed =
    options.seed === undefined
      ? scenario.seed
      : parseCount(options.seed, '--seed', { min: 0, max: 2 ** 32 - 1 })
  const from = options.from === undefined ? scenario.from : path.resolve(options.from)
  if (from === null) return { ...scenario, seed }
  const { orders } = await checkOrders(from)
  return {
    ...scenario,
    seed,
    from,
    orders: scenario.from === null ? orders : Math.min(orders, scenario.orders),
  }
}

export async function runFiles(files: readonly string[], options: RunFilesOptions): Promise<RunsDone> {
  const scenarios: Scenario[] = []
  const say = (text: string): void => void (options.quiet || process.stderr.write(`${text}\n`))
  for (const file of resolveFiles(files, say)) {
    for (const scenario of await loadScenarios(file)) scenarios.push(await withFlags(scenario, options))
  }
  const { brokers, stateDir, quiet, verbose } = options
  const metricsPort = parsePort(options.metricsPort)
  const common = { brokers, stateDir, quiet, verbose, metricsPort, argv: ['run', ...options.argv] }
  const runs: RunResult[] = []
  await withExperimentBroker(common, scenarios, async (broker) => {
    for (const scenario of scenarios) {
      const result = await runExperimentOn(broker, { ...common, scenario })
      options.onRun(runForTerminal(result))
      runs.push(result)
    }
  })
  for (const [name, of] of sweepsOf(runs)) {
    options.onRun(forTerminal(sweepBlocks(name, of)))
    await writeSweep(name, of)
  }
  if (runs.length > 1 && runs.some((run) => !run.sweep)) options.onRun(forTerminal(moneyBlocks(runs)))
  return { verdict: worst(runs.map((run) => run.verdict)), runs }
}
