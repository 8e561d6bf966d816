/**
 * `make bench`: what speed was promised, measured on this machine with the program that was built.
 *
 *   node scripts/bench.ts [runs]      3 by default, in some minutes; from 7 on with restarts and replays
 *                                     of a million keys, too
 *
 * Promises: medians with the least, the largest, how many they are, and the goal beside them. Restarts after a
 * kill and replays are those of `crash-matrix --json`, `recover --json` and scripts/bench-*.ts, not of a path of
 * its own. It uses EOSLAB_BROKERS or a broker of its own in a folder of its own, which is gone at the end (restarts
 * by the number of keys always have their own).
 * Does not: fail when a goal is missed. The goals hold for an idle machine; the load is printed with them.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { build } from 'esbuild'
import { execa } from 'execa'
import { median } from 'simple-statistics'
import { reportError } from '../src/base.ts'
import { colourFor, widthFor } from '../src/adapters/terminal/colour.ts'
import { terminalText } from '../src/adapters/terminal/table.ts'
import type { CellResult, Phases, RunResult } from '../src/core/matrix/result.ts'
import { heading, left, right, table, text } from '../src/core/report/blocks.ts'
import { withBroker } from '../src/lab/broker/broker.ts'
import { onInterrupt, wasInterrupted } from '../src/lab/interrupt.ts'
import type { RecoverResult } from '../src/lab/recovery/recover.ts'

const RUNS = Math.max(1, Number(process.argv[2] ?? 3) || 3)
const WHOLE = RUNS >= 7
const SIZES = WHOLE ? [10_000, 100_000, 1_000_000] : [10_000, 100_000]
/** Milliseconds, idle machine. */
const GOAL = { opa: 450, opb: 600, help: 170 } as const
/** Milliseconds at a million keys; the rates are at least so many records a second. */
const TTR_GOAL: Readonly<Record<string, number>> = { warm: 700, cold: 2000 }
const RATE_GOAL: Readonly<Record<number, number>> = { 100_000: 150_000, 1_000_000: 60_000 }

const EOSLAB = path.resolve(import.meta.dirname, '../bin/eoslab')
const root = mkdtempSync(path.join(os.tmpdir(), 'eoslab-bench-'))
const env: NodeJS.ProcessEnv = { ...process.env, EOSLAB_RESULTS: path.join(root, 'results') }

interface Figure {
  readonly what: string
  readonly unit: string
  readonly values: readonly number[]
  readonly goal?: number
  /** The goal is the least, not the most. */
  readonly atLeast?: true
}

type Line = Readonly<Record<string, unknown>> & { readonly figure?: string; readonly during?: string }

/** A command that has to succeed; what it says goes on to stderr, its error ends the bench with its exit code. */
async function eoslab(...args: string[]): Promise<unknown> {
  const all = [...args, '--state-dir', path.join(root, 'state'), '--json']
  const { exitCode, stdout } = await execa(EOSLAB, all, {
    cwd: root,
    env,
    stdin: 'ignore',
    stderr: 'inherit',
    reject: false,
    maxBuffer: 256 << 20,
  })
  if (exitCode === 0) return JSON.parse(stdout) as unknown
  if (!wasInterrupted()) say(`eoslab ${args.join(' ')} ended with ${exitCode}\n${stdout.slice(0, 2000)}`)
  throw new Stopped(exitCode ?? 70)
}

class Stopped extends Error {
  readonly exit: number

  constructor(exit: number) {
    super(`stopped with ${exit}`)
    this.exit = exit
  }
}

/** Before we add to it. */
const load = os.loadavg()[0]?.toFixed(1)

const say = (what: string): void => void process.stderr.write(`bench: ${what}\n`)

async function timesOfHelp(): Promise<Figure> {
  say(`eoslab --help, ${RUNS} times`)
  const values: number[] = []
  // The first one fills the compile cache and does not count.
  for (let run = 0; run <= RUNS; run++) {
    const started = performance.now()
    await execa(EOSLAB, ['--help'], { env, stdio: 'ignore' })
    if (run > 0) values.push(performance.now() - started)
  }
  return { what: 'eoslab --help', unit: 'ms', values, goal: GOAL.help }
}

const PHASES = [
  'boot_ms',
  'fence_ms',
  'manifest_ms',
  'restore_ms',
  'replay_ms',
  'resume_ms',
  'first_commit_ms',
] as const

/** Everything after the supervisor has noticed and spawned the next life. */
const spawnToCommit = (phases: Phases): number => PHASES.reduce((sum, phase) => sum + phases[phase], 0)

async function recoveryTimes(): Promise<Figure[]> {
  say(`crash-matrix --at mid-commit --repeat ${RUNS}`)
  const args = ['crash-matrix', '--at', 'mid-commit', '--repeat', String(RUNS)]
  const run = (await eoslab(...args)) as RunResult
  return (['opa', 'opb'] as const).flatMap((operator) => {
    const cells = run.cells.filter((cell) => cell.operator === operator && cell.phases !== null)
    const figure = (what: string, of: (cell: CellResult) => number | null): Figure => ({
      what,
      unit: 'ms',
      values: cells.map(of).filter((value) => value !== null),
    })
    return [
      {
        ...figure(`${operator}.commit.mid: spawn to first commit`, (cell) => spawnToCommit(cell.phases!)),
        goal: GOAL[operator],
      },
      ...PHASES.map((phase) => figure(`${operator} ${phase}`, (cell) => cell.phases![phase])),
      figure(`${operator} ttr_ms (with detect_ms)`, (cell) => cell.ttr_ms),
    ]
  })
}

async function replayRate(keys: number): Promise<Figure> {
  const prefix = `bench${process.pid}-${keys}.`
  const count = keys.toLocaleString('en-US')
  say(`replay of a changelog with ${count} keys, ${RUNS} times`)
  const artefacts = ['--to', 'artefacts', '--keys', String(keys), '--tail', '100000', '--skipped', '5%']
  await eoslab('gen', '--prefix', prefix, ...artefacts, '--quiet')
  try {
    const values: number[] = []
    for (let run = 0; run < RUNS; run++) {
      const recover = ['recover', '--prefix', prefix, '--manifest', 'none', '--quiet']
      const { tasks } = (await eoslab(...recover)) as RecoverResult
      values.push(...tasks.flatMap((task) => task.replay_rate ?? []))
    }
    const goal = RATE_GOAL[keys]
    const what = `replay, ${count} keys`
    return { what, unit: 'records/s', values, atLeast: true, ...(goal === undefined ? {} : { goal }) }
  } finally {
    await eoslab('topics', 'delete', '--prefix', prefix)
  }
}

/** Beside the snapshot thread that was built: the one from source starts slower by a tenth of a second. */
async function bundled(name: string): Promise<string> {
  const outfile = path.resolve(import.meta.dirname, `../dist/${name}.js`)
  const entryPoints = [path.join(import.meta.dirname, `${name}.ts`)]
  await build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'esm', packages: 'external' })
  return outfile
}

/** The lines of JSON that one of the scripts beside this one prints. */
async function script(name: string, ...args: readonly (string | number)[]): Promise<Line[]> {
  say(`${name} ${args.join(' ')}`)
  const file = name === 'bench-recovery' ? path.join(import.meta.dirname, `${name}.ts`) : await bundled(name)
  const all = [file, ...args.map(String)]
  const options = { env, stdin: 'ignore', stderr: 'ignore', reject: false } as const
  const { exitCode, stdout } = await execa(process.execPath, all, options)
  if (exitCode !== 0) throw new Stopped(exitCode ?? 70)
  return stdout.split('\n').map((line) => JSON.parse(line) as Line)
}

async function restarts(keys: number): Promise<Figure[]> {
  const lines = await script('bench-recovery', keys, RUNS, 'warm,cold')
  return Object.entries(TTR_GOAL).map(([way, goal]) => ({
    what: `restart after a kill, ${way}, ${keys.toLocaleString('en-US')} keys`,
    unit: 'ms',
    values: lines.find(({ figure }) => figure === `restart, ${way}`)!['every_ttr_ms'] as number[],
    goal,
  }))
}

async function snapshots(): Promise<Figure[]> {
  const lines = await script('bench-state', 1e6, RUNS)
  const full = lines.find(({ figure }) => figure === 'full snapshot')!
  const is = ({ figure, changed, zstd }: Line): boolean =>
    figure === 'partial snapshot' && changed === 0.01 && zstd === true
  const partial = lines.find(is)!
  const values = (line: Line, name: string): number[] => line[name] as number[]
  const times = 'of copy + fsync + SHA-256'
  return [
    { what: 'full snapshot, its copy', unit: times, values: values(full, 'every_copy'), goal: 2 },
    { what: 'full snapshot, all of it', unit: times, values: values(full, 'every_whole'), goal: 2 },
    {
      what: 'partial of 1 %, time',
      unit: '% of full',
      values: values(partial, 'every_time_percent'),
      goal: 20,
    },
    {
      what: 'partial of 1 %, bytes',
      unit: '% of full',
      values: values(partial, 'every_bytes_percent'),
      goal: 3,
    },
  ]
}

async function pauses(): Promise<Figure[]> {
  const lines = await script('bench-pause', 1e6, 500, WHOLE ? 20 : 5)
  return lines.map((line) => ({
    what: `apply due 500 times a second, p99, during ${String(line.during).replace(/,.*/, '')}`,
    unit: 'ms',
    values: [(line['wait_ms'] as { p99: number }).p99],
    goal: 10,
  }))
}

const shown = (value: number): string =>
  value.toLocaleString('en-US', { maximumFractionDigits: value < 100 ? 1 : 0 })

function verdict({ values, goal, atLeast }: Figure): string {
  if (goal === undefined || values.length === 0) return ''
  const middle = median([...values])
  return (atLeast ? middle >= goal : middle <= goal) ? '✓' : '✗'
}

function cellsOf(figure: Figure): string[] {
  const { values, goal, atLeast, unit } = figure
  const of = (pick: (all: number[]) => number): string =>
    values.length === 0 ? '-' : shown(pick([...values]))
  const bound = goal === undefined ? '' : `${atLeast ? '≥' : '≤'} ${shown(goal)}`
  const spread = [of(median), of((all) => Math.min(...all)), of((all) => Math.max(...all))]
  return [...spread, bound, verdict(figure), unit, String(values.length)]
}

function print(figures: readonly Figure[]): void {
  const rows = figures.map((figure) => [figure.what, ...cellsOf(figure)])
  const columns = [
    left('what'),
    right('median'),
    right('min'),
    right('max'),
    right('goal'),
    left(''),
    left('unit'),
    right('n'),
  ]
  const cpu = os.cpus()
  const machine = `${cpu.length} x ${cpu[0]?.model.trim() ?? 'unknown'}, load before ${load}; Node ${process.versions.node}`
  const blocks = [
    heading(1, 'Bench'),
    table(columns, rows),
    text(`Goals are for an idle machine. This one: ${machine}.`),
  ]
  const drawing = {
    width: widthFor(process.stdout, process.env),
    colour: colourFor(process.stdout, process.env),
  }
  process.stdout.write(terminalText(blocks, drawing))
}

onInterrupt(() => rmSync(root, { recursive: true, force: true }))
try {
  const brokers = process.env['EOSLAB_BROKERS']
  // Tied to this process: it ends with us, however we end.
  await withBroker({ brokers, stateDir: path.join(root, 'broker'), say }, async (broker) => {
    env['EOSLAB_BROKERS'] = broker.brokers
    const figures = [await timesOfHelp(), ...(await recoveryTimes())]
    for (const keys of SIZES) figures.push(...(await restarts(keys)))
    for (const keys of SIZES) figures.push(await replayRate(keys))
    print([...figures, ...(await snapshots()), ...(await pauses())])
  })
} catch (error) {
  if (!(error instanceof Stopped)) reportError(error, { json: false, command: undefined })
  else process.exitCode = error.exit
} finally {
  rmSync(root, { recursive: true, force: true })
}
