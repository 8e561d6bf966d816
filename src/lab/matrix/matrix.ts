/**
 * `crash-matrix`: flags to a scenario, the scenario to a run, the run to text.
 *
 * Promises: wrong usage is found before any broker is looked for.
 */
import { checkOrders } from '../../adapters/files/orders-file.ts'
import { FAULTS } from '../../core/crash/faults.ts'
import { CRASH_POINTS, resolvePoints } from '../../core/crash/points.ts'
import { readHits } from '../../core/crash/hits.ts'
import { distinct, FULL } from '../../core/crash/selection.ts'
import { LabError } from '../../core/errors.ts'
import type { RunResult } from '../../core/matrix/result.ts'
import { heading, left, list, table, text, words } from '../../core/report/blocks.ts'
import { resolveScenario, type Scenario } from '../../core/scenario/resolve.ts'
import { parseCount, parsePort, parseWindowSeconds } from '../../core/scenario/units.ts'
import { runExperiment } from './experiment.ts'
import { forTerminal, runForTerminal } from '../report/report.ts'

export interface MatrixFlags {
  readonly at?: readonly string[] | undefined
  readonly repeat: string
  readonly seed: string
  readonly orders?: string | undefined
  readonly keys?: string | undefined
  readonly partitions: string
  readonly instances?: string | undefined
  readonly from?: string | undefined
  readonly window: string
  readonly cold: boolean
  /** Every point, pair and loop; not with --at. */
  readonly full?: boolean
  /** Every fault beyond a kill; not with --at. */
  readonly faults?: boolean
  /** first, middle, last: by the counts of a run without a kill. */
  readonly hits?: string | undefined
  readonly keep: boolean
  readonly brokers?: string | undefined
  readonly stateDir: string
  readonly quiet: boolean
  readonly verbose?: boolean | undefined
  readonly argv: readonly string[]
  readonly metricsPort?: string | undefined
}

const MAX_SEED = 2 ** 32 - 1

export const readSeed = (text: string): number => parseCount(text, '--seed', { min: 0, max: MAX_SEED })

/** The scenario that the flags ask for; checks every one of them. */
export async function matrixScenario(flags: MatrixFlags): Promise<Scenario> {
  if (flags.full && (flags.at || flags.cold)) {
    throw new LabError('USAGE', '--full is every point already; it goes with neither --at nor --cold', {
      hint: 'name the points, or run all of them',
    })
  }
  if (flags.faults && (flags.at || flags.cold || flags.full)) {
    throw new LabError(
      'USAGE',
      '--faults is a selection of its own; it goes with none of --at, --cold, --full',
      {
        hint: 'name single ones: --at fault.state-older, or --at fault.state-*',
      },
    )
  }
  const orders = flags.orders === undefined ? undefined : parseCount(flags.orders, '--orders', { min: 1 })
  const partitions = parseCount(flags.partitions, '--partitions', { min: 1, max: 100 })
  const file = {
    name: flags.full ? 'crash-matrix-full' : flags.faults ? 'crash-matrix-faults' : 'crash-matrix',
    points: pointsAsked(flags),
    cells: flags.full ? FULL.cold.map((point) => ({ point, mode: 'cold' as const })) : undefined,
    seed: readSeed(flags.seed),
    keys:
      flags.keys === undefined ? undefined : parseCount(flags.keys, '--keys', { min: 1, max: 10_000_000 }),
    partitions,
    instances: instancesOf(flags, partitions),
    repeat: parseCount(flags.repeat, '--repeat', { min: 1, max: 1000 }),
    window: parseWindowSeconds(flags.window),
    keep: flags.keep,
    from: flags.from,
    orders,
  }
  if (flags.at) resolvePoints(flags.at)
  const known = flags.from === undefined ? undefined : (await checkOrders(flags.from)).orders
  const scenario = resolveScenario(withoutUndefined(file))
  const fed = known === undefined ? scenario.orders : Math.min(known, orders ?? known)
  const cold = flags.cold ? coldCells(flags) : {}
  return { ...scenario, orders: fed, ...cold }
}

function pointsAsked({ at, full, faults }: MatrixFlags): string[] | undefined {
  if (faults) return ['fault.*']
  if (full) return [...FULL.points]
  return at === undefined ? undefined : [...at]
}

/** More than one: a killed instance's tasks are taken over by a living one. */
function instancesOf(flags: MatrixFlags, partitions: number): number | undefined {
  if (flags.instances === undefined) return undefined
  const instances = parseCount(flags.instances, '--instances', { min: 1, max: 10 })
  if (instances <= partitions) return instances
  throw new LabError('USAGE', `--instances ${instances}: there are ${partitions} partition(s) to share`, {
    hint: `give at least as many: --partitions ${instances}`,
  })
}

/** With --cold every point is a single cell whose local state is deleted. */
function coldCells(flags: MatrixFlags): Pick<Scenario, 'points' | 'cells'> {
  const wanted = flags.at
    ? resolvePoints(flags.at)
    : CRASH_POINTS.filter((p) => p.stateful && p.byDefault).map((point) => ({ point, hit: null }))
  const cells = wanted.map(({ point, hit }) => ({
    point: point.name,
    mode: 'cold' as const,
    ...(hit === null ? {} : { hit }),
  }))
  return { points: [], cells }
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> }

const withoutUndefined = <T extends object>(value: T): Defined<T> =>
  Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as Defined<T>

export async function crashMatrix(flags: MatrixFlags): Promise<RunResult> {
  const scenario = await matrixScenario(flags)
  const { brokers, stateDir, quiet, verbose, argv } = flags
  const metricsPort = parsePort(flags.metricsPort)
  const hitNames = flags.hits === undefined ? undefined : readHits(flags.hits)
  const options = { scenario, brokers, stateDir, quiet, verbose, metricsPort, hitNames }
  return runExperiment({ ...options, argv: ['crash-matrix', ...argv] })
}

export const matrixText = (result: RunResult): string => runForTerminal(result)

export function listPoints(): { points: object[]; faults: object[]; full: string[]; text: string } {
  const points = CRASH_POINTS.map(({ name, sentence, precondition, made, byDefault }) => ({
    point: name,
    sentence,
    precondition,
    made,
    default: byDefault,
  }))
  const rows = points.map((p) => [p.point, p.default ? 'yes' : '', p.sentence, p.precondition, p.made])
  const columns = [left('point'), left('default'), words('killed when'), words('needs'), left('killed by')]
  const full = distinct(FULL)
  const pairs = full.filter((name) => name.includes('+'))
  const faults = FAULTS.map(({ name, sentence, precondition, fault }) => ({
    fault: name,
    sentence,
    precondition,
    how: fault!.how,
    expected: fault!.expected,
  }))
  const faultRows = faults.map((f) => [f.fault, f.sentence, f.precondition, f.how, f.expected])
  const blocks = [
    heading(1, 'Crash points'),
    table(columns, rows),
    heading(2, 'Pairs of --full: the second kill is of the life that follows the first'),
    list(pairs),
    heading(2, 'Faults beyond a kill (--faults)'),
    table(
      [left('fault'), words('what happens'), words('needs'), words('how it is made'), left('must be')],
      faultRows,
    ),
    text(
      `--full: ${full.length} distinct points and pairs, and ${FULL.cold.length} restarts without local state.`,
    ),
  ]
  return { points, faults, full, text: forTerminal(blocks) }
}
