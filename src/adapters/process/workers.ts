/**
 * The workers port on node:child_process: each worker is the node executable itself on the built worker entry, in a
 * process group of its own, with an IPC channel. (No process library in between: the handle has to be the process.)
 *
 * Promises: nothing stands between a signal and the worker; `exited` is stamped when the kernel reported the
 * end; a worker whose supervisor dies kills itself (the channel closes). stderr goes to a log file.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, openSync, closeSync } from 'node:fs'
import path from 'node:path'
import { LabError, messageOf } from '../../core/errors.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type {
  FromWorker,
  ToWorker,
  WorkerExit,
  WorkerHandle,
  Workers,
  WorkerSpec,
} from '../../core/ports/workers.ts'
import { ROOT, SINGLE } from '../../program/files.ts'
import { WORKER_ROLE } from '../../program/roles.ts'

/** The built entry, the same from src/ and from dist/; the single executable is its own worker. */
const WORKER_ENTRY = SINGLE ? WORKER_ROLE : path.join(ROOT, 'dist/worker.js')

class ProcessWorker implements WorkerHandle {
  readonly pid: number
  readonly spawnedAt: number
  readonly exited: Promise<WorkerExit>
  incarnation: string | undefined
  readonly #listeners: ((message: FromWorker) => void)[] = []
  readonly #send: (message: ToWorker) => void

  constructor(spec: WorkerSpec, clock: Clock) {
    const stderr = openLogFile(path.join(spec.stateDir, 'logs'), `${spec.operator}.${spec.instance}.log`)
    this.spawnedAt = clock.monotonicMs()
    const child = spawn(process.execPath, [WORKER_ENTRY, JSON.stringify(spec)], {
      stdio: ['ignore', 'ignore', stderr, 'ipc'],
      detached: true,
      env: { ...process.env, KAFKAJS_NO_PARTITIONER_WARNING: '1' },
    })
    closeSync(stderr)
    this.pid = child.pid ?? -1
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal, t: clock.monotonicMs() }))
      child.once('error', () => resolve({ code: 70, signal: null, t: clock.monotonicMs() }))
    })
    child.on('message', (message) => this.#receive(message as FromWorker))
    // A message to a worker that has just died is lost, as it would be on any wire.
    this.#send = (message) => {
      if (child.connected) child.send(message, () => {})
    }
  }

  send(message: ToWorker): void {
    this.#send(message)
  }

  onMessage(listener: (message: FromWorker) => void): void {
    this.#listeners.push(listener)
  }

  kill(signal: 'SIGKILL' | 'SIGTERM' | 'SIGINT' | 'SIGSTOP' | 'SIGCONT'): void {
    try {
      process.kill(this.pid, signal)
    } catch {
      // Gone already: what was wanted.
    }
  }

  #receive(message: FromWorker): void {
    if (message.type === 'ready') this.incarnation = message.incarnation
    for (const listener of this.#listeners) listener(message)
  }
}

function openLogFile(dir: string, name: string): number {
  try {
    mkdirSync(dir, { recursive: true })
    return openSync(path.join(dir, name), 'a')
  } catch (error) {
    throw new LabError('STATE_UNUSABLE', `no worker can write its log to ${dir}: ${messageOf(error)}`, {
      hint: 'Make the state directory writable or choose another one with --state-dir.',
      cause: error,
    })
  }
}

export function processWorkers(clock: Clock): Workers {
  return { spawn: (spec) => new ProcessWorker(spec, clock) }
}
