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
import { openJournal, type OpenedJournal } from './adapters/files/journal.ts'
import { hostClock } from './adapters/host/clock.ts'
import { openLog } from './adapters/kafka/log.ts'
import { LabError, messageOf } from './core/errors.ts'
import { transactionalId } from './core/contracts/names.ts'
import type { LogPort } from './core/ports/log.ts'
import type { FromWorker, ToWorker, WorkerSpec } from './core/ports/workers.ts'
import { createOpa } from './core/pipelines/reference/opa.ts'
import { createWrapper } from './core/pipelines/reference/wrapper.ts'
import { COMMIT_STRATEGIES } from './core/primitives/commit-strategy.ts'
import { CrashPoints, type CrashHands } from './core/primitives/crash-points.ts'
import { TransactionalLoop, type Step } from './core/primitives/transactional-loop.ts'

const STOP_WITHIN_MS = 1500

interface Running {
  readonly spec: WorkerSpec
  readonly journal: OpenedJournal
  readonly log: LogPort
  readonly points: CrashPoints
  readonly loops: TransactionalLoop[]
  readonly onStop: (() => Promise<void> | void)[]
  armed: (() => void) | undefined
}

const send = (message: FromWorker): void => {
  process.send?.(message)
}

function die(): never {
  process.kill(process.pid, 'SIGKILL')
  // The signal is on its way; nothing of this process may run meanwhile.
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}

async function startTask(run: Running, task: number): Promise<() => Promise<void>> {
  const { spec, journal, log } = run
  const input = spec.operator === 'opa' ? spec.names.orders : spec.names.enriched
  const producer = log.producer({
    transactionalId: transactionalId(spec.prefix, spec.operator, task),
    timeoutMs: spec.transactionTimeoutMs,
  })
  const context = { task, producer, journal, points: run.points, group: spec.group }
  journal.append({ f: 'fence', type: 'invoke', task, transactionalId: producer.transactionalId })
  const identity = await producer.fence()
  journal.append({ f: 'fence', type: 'ok', task, transactionalId: producer.transactionalId, ...identity })
  const offset = (await log.committed(spec.group, input, task)) ?? null
  journal.append({
    f: 'committed-offset',
    type: 'ok',
    task,
    group: spec.group,
    topic: input,
    partition: task,
    offset,
  })
  const from = offset ?? (await log.offsets(input, task)).logStart
  journal.append({ f: 'resume', type: 'info', task, topic: input, partition: task, offset: from })
  const step = await createStep(run)
  send({ type: 'recovered', task })
  const loop = new TransactionalLoop({
    context,
    incarnation: journal.incarnation,
    reader: log.reader({ topic: input, partition: task, from, isolation: spec.isolation }),
    step,
    strategy: COMMIT_STRATEGIES[spec.guarantee],
    clock: hostClock,
    batch: spec.batch,
    commitIntervalMs: spec.commitIntervalMs,
    untilCaughtUp: spec.untilCaughtUp,
    stateful: false,
    between: async () => {},
    onProgress: (progress) => send({ type: 'progress', task, ...progress }),
    onLagZero: (position) => send({ type: 'lag-zero', task, position }),
  })
  run.loops.push(loop)
  return () => loop.run()
}

async function createStep(run: Running): Promise<Step> {
  const { names } = run.spec
  if (run.spec.operator === 'opb') return createWrapper(names)
  const topics = await run.log.describe([names.enriched, names.dlq])
  const partitions = (topic: string): number => {
    const found = topics.find((t) => t.topic === topic)
    if (found) return found.partitions
    throw new LabError('MISSING_TOPIC', `topic ${topic} does not exist`, {
      hint: `create the topics: eoslab topics create --prefix '${run.spec.prefix}'`,
    })
  }
  return createOpa({
    names,
    enrichedPartitions: partitions(names.enriched),
    dlqPartitions: partitions(names.dlq),
    clock: hostClock,
  })
}

function listen(run: Running): void {
  process.on('message', (message: ToWorker) => {
    if (message.type === 'stop') stop(run, 'asked by the supervisor')
    else if (message.type === 'crash') {
      run.points.order(message.order)
      send({ type: 'crash-accepted' })
    } else if (message.type === 'armed') run.armed?.()
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

function stop(run: Running, reason: string): void {
  run.journal.append({ f: 'stop', type: 'invoke', reason })
  for (const loop of run.loops) loop.stop()
  // What is still open then is aborted by the next incarnation's fence.
  setTimeout(() => process.exit(0), STOP_WITHIN_MS).unref()
}

async function main(): Promise<void> {
  const spec = JSON.parse(process.argv[2] ?? 'null') as WorkerSpec
  const journal = openJournal({
    dir: path.join(spec.stateDir, 'journals'),
    who: spec.operator,
    instance: spec.instance,
    clock: hostClock,
  })
  const { operator, tasks, batch, guarantee, isolation, client } = spec
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
  })
  send({ type: 'ready', incarnation: journal.incarnation, journal: journal.file })
  const log = openLog({ brokers: spec.brokers, clientId: journal.incarnation, proxy: spec.proxy, client })
  const hands: CrashHands = {
    die,
    arm: (request) =>
      new Promise((resolve) => {
        run.armed = resolve
        send({ type: 'arm', ...request })
      }),
  }
  const run: Running = {
    spec,
    journal,
    log,
    points: new CrashPoints(operator, journal, hands),
    loops: [],
    onStop: [],
    armed: undefined,
  }
  if (spec.crashAt) run.points.order(spec.crashAt)
  listen(run)
  try {
    const starts = await Promise.all(tasks.map((task) => startTask(run, task)))
    await Promise.all(starts.map((start) => start()))
    for (const action of run.onStop) await action()
    journal.append({ f: 'stop', type: 'info', reason: 'done' })
    await log.close()
    process.exit(0)
  } catch (error) {
    const failure =
      error instanceof LabError ? error : new LabError('INTERNAL', messageOf(error), { cause: error })
    journal.append({ f: 'error', type: 'info', code: failure.code, message: failure.message })
    send({
      type: 'failed',
      code: failure.code,
      message: failure.message,
      ...(failure.hint ? { hint: failure.hint } : {}),
    })
    process.stderr.write(
      `${new Date().toISOString()} ${journal.incarnation} ${failure.stack ?? failure.message}\n`,
    )
    // Give the channel a moment of the event loop to flush; nothing else may go on.
    process.exitCode = failure.exit
    process.removeAllListeners('disconnect')
    if (process.connected) process.disconnect()
    setImmediate(() => process.exit(failure.exit))
  }
}

await main()
