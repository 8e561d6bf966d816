/**
 * Composition root of a worker: the process that gets killed. One JSON document in (argv), a journal out.
 *
 * Promises: every task is fenced and recovered before any input is read; SIGTERM and SIGINT finish the
 * transaction in hand and leave within 2 s, a second one at once; an error ends the process with the exit
 * code of its kind; without its supervisor the worker dies by SIGKILL, as the supervisor did.
 * Does not: restart itself, fence a second time, or retry a commit.
 */
import path from 'node:path'
import process from 'node:process'
import { openJournal } from './adapters/files/journal.ts'
import { hostClock, moveClock } from './adapters/host/clock.ts'
import { bePatient } from './adapters/kafka/client.ts'
import { openLog } from './adapters/kafka/log.ts'
import { LabError, messageOf } from './core/errors.ts'
import { mutationOf } from './core/mutations/index.ts'
import type { HistoryEvent } from './core/history/event.ts'
import type { Journal } from './core/ports/journal.ts'
import type { ToWorker, WorkerSpec } from './core/ports/workers.ts'
import { CrashPoints, type CrashHands } from './core/primitives/crash-points.ts'
import { opbTask } from './worker/opb-task.ts'
import { send, type ReadyTask, type Run } from './worker/run.ts'
import { statelessTask } from './worker/stateless-task.ts'

const STOP_WITHIN_MS = 1500
/** A stop signal to the own process takes hold at once, but on any thread first. */
const STOPS_WITHIN_MS = 20

function die(): never {
  process.kill(process.pid, 'SIGKILL')
  // The signal is on its way; nothing of this process may run meanwhile.
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}

const taskOf = (run: Run, task: number): Promise<ReadyTask> =>
  run.spec.operator === 'opb' && run.spec.pipeline === 'reference'
    ? opbTask(run, task)
    : statelessTask(run, task)

/** Takes the snapshot that the supervisor asked for and tells it when the manifest is committed. */
async function serveSnapshot(run: Run, task: number, request: number): Promise<void> {
  try {
    const report = await run.snapshots.get(task)?.()
    if (report) send({ type: 'snapshot-done', task, request, ...report })
  } catch (error) {
    const line = { msg: 'snapshot failed', partition: task, reason: messageOf(error) }
    send({ type: 'log-line', line: JSON.stringify(line) })
  }
}

function stop(run: Run, reason: string): void {
  run.journal.append({ f: 'stop', type: 'invoke', reason })
  for (const loop of run.loops) loop.stop()
  // What is still open then is aborted by the next incarnation's fence.
  setTimeout(() => process.exit(0), STOP_WITHIN_MS).unref()
}

function listen(run: Run): void {
  process.on('message', (message: ToWorker) => {
    if (message.type === 'stop') stop(run, 'asked by the supervisor')
    else if (message.type === 'crash') {
      run.points.order(message.order)
      send({ type: 'crash-accepted' })
    } else if (message.type === 'armed') run.armed?.()
    else if (message.type === 'input-end') run.inputEnds.set(message.task, message.offset)
    else if (message.type === 'own') run.own?.(message.tasks)
    else if (message.type === 'snapshot') void serveSnapshot(run, message.task, message.request)
  })
  // The supervisor is gone, perhaps by SIGKILL: a worker without one must not go on, and not tidy up either.
  process.on('disconnect', die)
  let asked = false
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (asked) process.exit(130)
      asked = true
      stop(run, signal)
    })
  }
}

function prepare(spec: WorkerSpec): Run {
  const { operator, instance, stateDir, crashAt } = spec
  const journal = openJournal({
    dir: path.join(stateDir, 'journals'),
    who: operator,
    instance,
    clock: hostClock,
    onEvent: (event) => watch?.(event),
  })
  const { tasks, batch, guarantee, isolation, client, clockOffsetMs } = spec
  journal.append({
    f: 'boot',
    type: 'info',
    pid: process.pid,
    operator,
    tasks,
    batch,
    guarantee,
    isolation,
    client,
    ...(clockOffsetMs === undefined ? {} : { clockOffsetMs }),
  })
  send({ type: 'ready', incarnation: journal.incarnation, journal: journal.file })
  const hands: CrashHands = {
    die,
    pause: ({ point }) => {
      send({ type: 'pausing', point })
      process.kill(process.pid, 'SIGSTOP')
      // Should the signal reach this thread a moment late, it finds nothing more to do.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STOPS_WITHIN_MS)
    },
    arm: (request) =>
      new Promise((resolve) => {
        run.armed = resolve
        send({ type: 'arm', ...request })
      }),
  }
  if (spec.patienceMs !== undefined) bePatient(spec.patienceMs)
  const mutation = mutationOf(spec, journal.incarnation, journal)
  const log = openLog({ brokers: spec.brokers, clientId: journal.incarnation, proxy: spec.proxy, client })
  const run: Run = {
    spec,
    journal,
    clock: hostClock,
    log: mutation.log(log),
    mutation,
    points: new CrashPoints(operator, journal, hands),
    loops: [],
    snapshots: new Map(),
    onStop: [],
    armed: undefined,
    inputEnds: new Map(),
  }
  if (crashAt) run.points.order(crashAt)
  return run
}

/** Recovers a set of tasks together and runs them to their end. */
async function runTasks(run: Run, tasks: readonly number[]): Promise<void> {
  const ready = await Promise.all(tasks.map((task) => taskOf(run, task)))
  await Promise.all(ready.map((task) => task.start()))
  run.points.tell()
}

/** Until all tasks have ended, those included that are taken over on the way. */
function owning(run: Run): Promise<void> {
  return new Promise((resolve, reject) => {
    let open = 0
    run.own = (tasks) => {
      open++
      run.journal.append({ f: 'own', type: 'info', tasks })
      runTasks(run, tasks).then(() => {
        if (--open === 0) resolve()
      }, reject)
    }
    run.own(run.spec.tasks)
  })
}

async function work(run: Run): Promise<void> {
  await owning(run)
  for (const action of run.onStop) await action()
  run.journal.append({ f: 'stop', type: 'info', reason: 'done' })
  await run.log.close()
}

function fail(error: unknown, journal: Journal | undefined): void {
  const failure =
    error instanceof LabError ? error : new LabError('INTERNAL', messageOf(error), { cause: error })
  const { code, message, hint } = failure
  try {
    journal?.append({ f: 'error', type: 'info', code, message })
  } catch {
    // Where the journal is what fails, the supervisor is told all the same.
  }
  send({ type: 'failed', code, message, ...(hint ? { hint } : {}) })
  process.stderr.write(
    `${new Date().toISOString()} ${journal?.incarnation ?? 'worker'} ${failure.stack ?? message}\n`,
  )
  // The channel gets one turn of the event loop to flush; nothing else may go on.
  process.removeAllListeners('disconnect')
  if (process.connected) process.disconnect()
  setImmediate(() => process.exit(failure.exit))
}

/** Sees every event of the journal, where metrics are served. */
let watch: ((event: HistoryEvent) => void) | undefined

/** A function, because the single executable is CommonJS, where a module can't wait. */
async function live(): Promise<void> {
  let run: Run | undefined
  try {
    const spec = JSON.parse(process.argv[2] ?? 'null') as WorkerSpec
    if (spec.metricsPort !== undefined) {
      const { serveMetrics } = await import('./worker/metrics.ts')
      watch = await serveMetrics(spec.metricsPort)
    }
    if (spec.clockOffsetMs !== undefined) moveClock(spec.clockOffsetMs)
    run = prepare(spec)
    listen(run)
    await work(run)
    process.exit(0)
  } catch (error) {
    fail(error, run?.journal)
  }
}

void live()
