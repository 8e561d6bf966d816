/**
 * Starts the JVM of a broker, and stops it.
 *
 * Promises: the process id is Java's own. A tied JVM ends when this process ends, however it ends, SIGKILL
 * included; an untied one survives it. Both live in a process group of their own, so that Ctrl-C reaches
 * only us. `stop` asks (SIGTERM), waits, then insists (SIGKILL); both waits are bounded.
 * Does not: know whether the broker is ready.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import path from 'node:path'
import type { Java } from './java.ts'

export const LOG_FILE = 'broker.log'
export const SETTINGS_FILE = 'server.properties'

const ASK_MS = 10_000
const INSIST_MS = 5_000

/** C1 only and the serial collector: a lab broker lives for seconds, and starts twice as fast with them. */
const FLAGS = [
  '-Xmx512m',
  '-XX:TieredStopAtLevel=1',
  '-XX:+UseSerialGC',
  '-XX:-UsePerfData',
  '-Djava.awt.headless=true',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dorg.slf4j.simpleLogger.showDateTime=true',
  '-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS',
]

/**
 * The shell becomes Java (exec), after leaving behind a reader of the pipe that we hold. If the pipe closes
 * without a word from us, we are gone, and the reader stops Java: `$$` is its process id. Descriptor 3,
 * because a shell gives what it puts in the background /dev/null as its standard input.
 */
const TIED = `
exec 3<&0 </dev/null
( if ! read -r _ <&3; then
    kill -TERM $$
    n=0
    while kill -0 $$ && [ $n -lt 100 ]; do n=$((n + 1)); sleep 0.1; done
    kill -KILL $$
  fi ) >/dev/null 2>&1 &
exec "$@" 3<&-`

export interface JvmOptions {
  readonly java: Java
  readonly classpath: string
  /** Options before the class path, such as those of the class-data archive. */
  readonly flags: readonly string[]
  /** Working folder: holds server.properties, the log and the data. */
  readonly dataDir: string
  readonly tie: boolean
}

export interface Jvm {
  readonly pid: number
  readonly exited: Promise<string>
  /** Text of how it ended, once it has. */
  ended(): string | undefined
  stop(askMs?: number): Promise<void>
  /** Sends SIGKILL at once, for a caller that may not wait. */
  kill(): void
}

export function startJvm(options: JvmOptions): Promise<Jvm> {
  const log = openSync(path.join(options.dataDir, LOG_FILE), 'a')
  const command = [
    options.java.executable,
    ...options.flags,
    ...FLAGS,
    '-cp',
    options.classpath,
    'kafka.Kafka',
    SETTINGS_FILE,
  ]
  const common = { cwd: options.dataDir, detached: true }
  const [first = '', ...rest] = command
  const child = options.tie
    ? spawn('/bin/sh', ['-c', TIED, 'eoslab-broker', ...command], { ...common, stdio: ['pipe', log, log] })
    : spawn(first, rest, { ...common, stdio: ['ignore', log, log] })
  closeSync(log)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('spawn', () => resolve(jvmOf(child, options.tie)))
  })
}

function jvmOf(child: ChildProcess, tie: boolean): Jvm {
  let ending: string | undefined
  const exited = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => {
      ending = signal === null ? `exit code ${code}` : `signal ${signal}`
      // The word that tells the reader of the pipe that all is well.
      child.stdin?.end('done\n')
      resolve(ending)
    })
  })
  child.stdin?.on('error', () => undefined)
  if (!tie) child.unref()
  const pid = child.pid ?? 0
  return {
    pid,
    exited,
    ended: () => ending,
    stop: async (askMs = ASK_MS) => {
      child.ref()
      if (ending === undefined) child.kill('SIGTERM')
      if (!(await within(exited, askMs))) child.kill('SIGKILL')
      await within(exited, INSIST_MS)
    },
    kill: () => void child.kill('SIGKILL'),
  }
}

/** True if the promise settled in time. */
export async function within(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms)
  })
  try {
    return await Promise.race([promise.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}
