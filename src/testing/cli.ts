/**
 * The real command line, as a person's shell runs it: bin/eoslab of this checkout, or the executable that
 * EOSLAB_BIN names, in a folder of its own.
 *
 * Promises: stdout and stderr apart, the exit code, never a rejection for an exit code; whatever a test left
 * running is ended by `dispose`. Does not: build; `make test` does so before.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { execa } from 'execa'
import { documentProblem } from './cli-json.ts'
import type { ErrorEnvelope } from '../base.ts'

export const EOSLAB = path.resolve(
  process.env['EOSLAB_BIN'] ?? path.resolve(import.meta.dirname, '../../bin/eoslab'),
)
/** No single command of the tests takes half as long; a hang fails instead of eating the run. */
const BOUND_MS = 60_000

const launch = (line: string, cwd: string, env: NodeJS.ProcessEnv) =>
  execa(EOSLAB, line.split(' '), {
    cwd,
    env,
    stdin: 'ignore',
    reject: false,
    timeout: BOUND_MS,
    forceKillAfterDelay: false,
  })

type Child = ReturnType<typeof launch>

export interface Ran {
  readonly exit: number | undefined
  readonly stdout: string
  readonly stderr: string
}

export interface Live {
  readonly pid: number
  /** What it has said on stderr so far. */
  said(): string
  kill(signal: NodeJS.Signals): void
  readonly done: Promise<Ran>
}

export class Cli {
  readonly root = mkdtempSync(path.join(os.tmpdir(), 'eoslab-cli-'))
  readonly stateDir = path.join(this.root, '.eoslab')
  readonly #env: NodeJS.ProcessEnv
  readonly #running = new Set<Child>()

  constructor(brokers: string) {
    this.#env = { EOSLAB_BROKERS: brokers, EOSLAB_RESULTS: path.join(this.root, 'results'), NO_COLOR: '1' }
  }

  #spawn(line: string, env: NodeJS.ProcessEnv): Child {
    const child = launch(line, this.root, { ...this.#env, ...env })
    this.#running.add(child)
    void child.finally(() => this.#running.delete(child))
    return child
  }

  /** Arguments are split at blanks; no argument of these tests holds one. */
  async run(line: string, env: NodeJS.ProcessEnv = {}): Promise<Ran> {
    return ranOf(await this.#spawn(line, env))
  }

  /** The JSON on stdout of a command that ends with the expected code, 0 if none is given. */
  async json<T>(line: string, exit = 0): Promise<T> {
    const ran = await this.run(`${line} --json`)
    if (ran.exit !== exit) {
      throw new Error(
        `eoslab ${line}: exit ${ran.exit}, not ${exit}\n${ran.stdout.slice(0, 2000)}\n${ran.stderr}`,
      )
    }
    const document: unknown = JSON.parse(ran.stdout)
    const problem = documentProblem(line, document)
    if (problem !== undefined) throw new Error(`eoslab ${line}: ${problem}`)
    return document as T
  }

  /** What a refused command prints with --json. */
  async refusal(line: string, exit = 2): Promise<ErrorEnvelope['error']> {
    return (await this.json<ErrorEnvelope>(line, exit)).error
  }

  start(line: string): Live {
    const child = this.#spawn(line, {})
    let said = ''
    child.stderr?.on('data', (data: Buffer) => (said += data.toString()))
    return {
      pid: child.pid ?? -1,
      said: () => said,
      kill: (signal) => void child.kill(signal),
      done: child.then(ranOf),
    }
  }

  async dispose(): Promise<void> {
    const left = [...this.#running]
    for (const child of left) child.kill('SIGKILL')
    await Promise.allSettled(left)
    rmSync(this.root, { recursive: true, force: true })
  }
}

const ranOf = (result: Awaited<Child>): Ran => ({
  exit: result.exitCode,
  stdout: result.stdout,
  stderr: result.stderr,
})

/** Waits for a condition, bounded; the text says what was waited for. */
export async function eventually<T>(
  what: string,
  holds: () => T | undefined | false | Promise<T | undefined | false>,
  ms = 20_000,
): Promise<T> {
  const deadline = performance.now() + ms
  for (;;) {
    const value = await holds()
    if (value !== undefined && value !== false) return value
    if (performance.now() > deadline) throw new Error(`waited ${ms} ms for ${what}`)
    await delay(20)
  }
}
