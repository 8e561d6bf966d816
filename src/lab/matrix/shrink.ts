/**
 * `crash-matrix --shrink RESULTS`: an invalid cell of a stored run, on the real broker again with fewer kills
 * and fewer orders, as long as it is invalid by the same anomaly.
 *
 * Promises: every try is a run of its own below results/shrink/, so what is left was seen to fail; the result is
 * one command that repeats it. At most TRIES cells, none begun after BOUND_MS.
 * Does not: reduce what a schedule does (nobody controls that on a real broker); a failure that needs luck may
 * stay as it is.
 */
import path from 'node:path'
import { readVerdict } from '../../adapters/files/results.ts'
import { hostClock } from '../../adapters/host/clock.ts'
import { resolvePoints } from '../../core/crash/points.ts'
import { LabError } from '../../core/errors.ts'
import type { CellResult, RunResult } from '../../core/matrix/result.ts'
import type { AnomalyName, Verdict } from '../../core/oracle/verdict.ts'
import { type Block, code, heading, left, table, text, words } from '../../core/report/blocks.ts'
import { asRunResult } from '../../core/report/read.ts'
import type { Scenario } from '../../core/scenario/resolve.ts'
import { forTerminal } from '../report/report.ts'
import { type ExperimentOptions, runExperimentOn, withExperimentBroker } from './experiment.ts'
import { shownPath } from './results.ts'
import { loadScenario } from './scenario.ts'

const TRIES = 10
const BOUND_MS = 180_000
/** Smallest first: what fails at once is over in one try. Fewer leave a kill nothing before or after it. */
const ORDERS = [40, 80, 160, 400]

export interface Shrunk {
  readonly verdict: Verdict
  readonly results: string
  readonly cell: string
  readonly primary: AnomalyName
  readonly before: { readonly point: string; readonly orders: number }
  readonly after: { readonly point: string; readonly orders: number; readonly results: string }
  readonly tries: readonly {
    readonly point: string
    readonly orders: number
    readonly verdict: Verdict
    readonly kept: boolean
  }[]
  readonly command: string
}

export type ShrinkOptions = Pick<ExperimentOptions, 'brokers' | 'stateDir' | 'quiet' | 'argv'> & {
  readonly say: (text: string) => void
}

interface Failing {
  readonly dir: string
  readonly scenario: Scenario
  readonly cell: CellResult
  readonly primary: AnomalyName
}

/** A cell, as far as it is reduced. */
interface Small {
  readonly point: string
  readonly orders: number
  readonly dir: string
}

export async function shrinkRun(folder: string, options: ShrinkOptions): Promise<Shrunk> {
  const failing = await failingIn(path.resolve(folder))
  return withExperimentBroker(options, [failing.scenario], async (broker) => {
    const { cell, primary, scenario } = failing
    const started = hostClock.monotonicMs()
    const before = { point: cell.point, orders: cell.orders }
    let best: Small = { ...before, dir: failing.dir }
    const tries: Shrunk['tries'][number][] = []
    const keeps = async (point: string, orders: number): Promise<boolean> => {
      if (tries.length >= TRIES || hostClock.monotonicMs() - started > BOUND_MS) return false
      const run = await runExperimentOn(broker, { ...options, scenario: reduced(failing, point, orders) })
      const [again] = run.cells
      const kept = again?.verdict === 'invalid' && again.anomalies.includes(primary)
      tries.push({ point, orders, verdict: again?.verdict ?? 'unknown', kept })
      options.say(
        `try ${tries.length}: ${point}, ${orders} orders: ${kept ? `still ${primary}` : 'not kept'}`,
      )
      if (kept) best = { point, orders, dir: path.resolve(run.results) }
      return kept
    }
    for (const point of fewerKills(cell.point)) if (await keeps(point, best.orders)) break
    if (scenario.from === null) {
      for (const orders of ORDERS) {
        if (orders >= best.orders || (await keeps(best.point, orders))) break
      }
    }
    const { point, orders, dir } = best
    return {
      verdict: 'invalid',
      results: shownPath(failing.dir),
      cell: cell.cell,
      primary,
      before,
      after: { point, orders, results: shownPath(dir) },
      tries,
      command: `eoslab run ${path.join(shownPath(dir), 'scenario.resolved.yaml')}`,
    }
  })
}

async function failingIn(dir: string): Promise<Failing> {
  const run = await runIn(dir)
  const scenario = await loadScenario(path.join(dir, 'scenario.resolved.yaml'))
  const predicted = scenario.expect.primary
  for (const cell of run.cells) {
    const primary = cell.anomalies.find((name) => name === predicted) ?? cell.anomalies[0]
    if (cell.verdict === 'invalid' && primary !== undefined) return { dir, scenario, cell, primary }
  }
  throw new LabError('NOTHING_TO_SHOW', `${shownPath(dir)} has no invalid cell: there is nothing to reduce`, {
    hint: `its verdict is ${run.verdict}; name a run with an anomaly`,
  })
}

async function runIn(dir: string): Promise<RunResult> {
  const read = asRunResult(await readVerdict(dir))
  if ('problem' in read) {
    throw new LabError('RESULTS_UNUSABLE', `${shownPath(dir)}/verdict.json is no run: ${read.problem}`, {
      hint: 'it may be of another version of eoslab; repeat the run',
    })
  }
  if (read.run.brokers !== 'simulated') return read.run
  throw new LabError('USAGE', `--shrink ${shownPath(dir)}: that run was simulated, and is reduced already`, {
    hint: 'its cells carry the commands; eoslab explain simulated.1 shows the first',
  })
}

function reduced({ scenario, cell }: Failing, point: string, orders: number): Scenario {
  return {
    ...scenario,
    name: 'shrink',
    description: `reduced from ${cell.cell}`,
    seed: cell.seed,
    prefix: null,
    points: [],
    cells: [{ point, mode: cell.mode }],
    repeat: 1,
    orders,
    keep: false,
    sweep: null,
  }
}

/** Of a pair or a loop each kill alone; nothing of a single kill. */
function fewerKills(point: string): string[] {
  const parts = point.split('+')
  if (parts.length > 1) return parts
  const [found] = resolvePoints([point])
  return found?.point.repeats ? [found.point.repeats.point] : []
}

export function shrunkForTerminal(shrunk: Shrunk): string {
  const { before, after, cell, primary, tries } = shrunk
  const rows = tries.map((t, i) => [
    String(i + 1),
    t.point,
    String(t.orders),
    t.verdict,
    t.kept ? 'kept' : '',
  ])
  const columns = [left('try'), words('kill'), left('orders'), left('verdict'), left('')]
  const blocks: Block[] = [
    heading(2, `${cell}, reduced: still ${primary}`),
    table(columns, rows),
    text(`From ${before.orders} orders and ${before.point} to ${after.orders} and ${after.point}.`),
    code([shrunk.command]),
  ]
  return forTerminal(blocks)
}
