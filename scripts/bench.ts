/**
 * `make bench`: what speed was promised, measured on this machine with the program that was built.
 *
 *   node scripts/bench.ts [runs]      7 by default, and at least that
 *
 * Promises: medians with the least, the largest and the goal beside them; the numbers come from the very
 * output of `crash-matrix --json` and `recover --json`, not from a path of its own. It uses EOSLAB_BROKERS or
 * a broker of its own in a folder of its own, which is gone at the end.
 * Does not: fail when a goal is missed. The goals hold for an idle machine; the load is printed with them.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
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

const RUNS = Math.max(7, Number(process.argv[2] ?? 7) || 7)
/** Milliseconds, idle machine. */
const GOAL = { opa: 450, opb: 600, help: 170 } as const
const REPLAYED = 50_000

const EOSLAB = path.resolve(import.meta.dirname, '../bin/eoslab')
const root = mkdtempSync(path.join(os.tmpdir(), 'eoslab-bench-'))
const env: NodeJS.ProcessEnv = { ...process.env, EOSLAB_RESULTS: path.join(root, 'results') }

interface Figure {
  readonly what: string
  readonly unit: string
  readonly values: readonly number[]
  readonly goal?: number
}

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

async function replayRate(): Promise<Figure> {
  const prefix = `bench${process.pid}.`
  say(`replay of ${REPLAYED.toLocaleString('en-US')} changelog records, ${RUNS} times`)
  const orders = ['--orders', String(REPLAYED), '--stores', '100', '--products', '50']
  await eoslab('gen', '--prefix', prefix, '--to', 'enriched', ...orders)
  try {
    await eoslab('opb', '--prefix', prefix, '--until-caught-up', '--quiet')
    const values: number[] = []
    for (let run = 0; run < RUNS; run++) {
      const recover = ['recover', '--prefix', prefix, '--manifest', 'none', '--quiet']
      const { tasks } = (await eoslab(...recover)) as RecoverResult
      values.push(...tasks.flatMap((task) => task.replay_rate ?? []))
    }
    return { what: 'replay_rate', unit: 'records/s', values }
  } finally {
    await eoslab('topics', 'delete', '--prefix', prefix)
  }
}

const shown = (value: number): string => Math.round(value).toLocaleString('en-US')

function print(figures: readonly Figure[]): void {
  const rows = figures.map(({ what, unit, values, goal }) => [
    what,
    values.length === 0 ? '-' : shown(median([...values])),
    values.length === 0 ? '-' : shown(Math.min(...values)),
    values.length === 0 ? '-' : shown(Math.max(...values)),
    goal === undefined ? '' : shown(goal),
    goal === undefined || values.length === 0 ? '' : median([...values]) <= goal ? 'reached' : 'missed',
    unit,
    String(values.length),
  ])
  const columns = [
    left('what'),
    right('median'),
    right('min'),
    right('max'),
    right('goal'),
    left(''),
    left('unit'),
    right('runs'),
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
    print([await timesOfHelp(), ...(await recoveryTimes()), await replayRate()])
  })
} catch (error) {
  if (!(error instanceof Stopped)) reportError(error, { json: false, command: undefined })
  else process.exitCode = error.exit
} finally {
  rmSync(root, { recursive: true, force: true })
}
