/**
 * A worker in the simulation: the loop, commit strategies, recovery and snapshot keeper of the real one, put
 * together over simulated ports.
 *
 * Promises: the order of steps is that of src/worker/*: every task is fenced and recovered before any input
 * is read; an error of one task ends the process.
 * Does not: own directories (LIVE_OWNER): only the log's fence and the owner row keep two lives apart here.
 */
import { transactionalId } from '../contracts/names.ts'
import type { SnapshotEntry } from '../contracts/records.ts'
import type { Mutation } from '../mutations/index.ts'
import { createOpa } from '../pipelines/reference/opa.ts'
import { createOpb, foldOrder, readEnriched } from '../pipelines/reference/opb.ts'
import type { LogPort, PartitionReader, TransactionalProducer } from '../ports/log.ts'
import type { WorkerSpec } from '../ports/workers.ts'
import { COMMIT_STRATEGIES } from '../primitives/commit-strategy.ts'
import { SnapshotKeeper } from '../primitives/snapshot-keeper.ts'
import { TransactionalLoop, type LoopOptions } from '../primitives/transactional-loop.ts'
import { ChangedRows } from '../recovery/changed-rows.ts'
import { entriesOf } from '../recovery/manifest.ts'
import { publishManifest } from '../recovery/publish.ts'
import { recoverTask, type Recovered } from '../recovery/recover.ts'
import type { ManifestStep, SnapshotStep } from '../recovery/steps.ts'
import { SimHome, SimShelf, type TaskDisk } from './disk.ts'
import type { SimProcess } from './process.ts'
import { simSnapshot } from './snapshot.ts'

export interface SimRun {
  readonly spec: WorkerSpec
  readonly process: SimProcess
  readonly log: LogPort
  readonly mutation: Mutation
  readonly disks: readonly TaskDisk[]
  /** Throws where the schedule has a write of the state fail. */
  readonly write: (task: number, when: 'before' | 'after') => void
  /** Throws where the schedule has a copy fail. */
  readonly copying: (task: number) => void
  readonly loops: TransactionalLoop[]
  readonly keepers: Map<number, SnapshotKeeper>
}

interface ReadyTask {
  start(): Promise<void>
  stop(): Promise<void>
}

/** A life from its first line to its clean end; rejects with what ended it otherwise. */
export async function runWorker(run: SimRun): Promise<void> {
  const { process, spec } = run
  const { operator, tasks, batch, guarantee, isolation, client } = spec
  const boot = { pid: process.life, operator, tasks, batch, guarantee, isolation, client }
  process.journal.append({ f: 'boot', type: 'info', ...boot })
  process.stop = () => {
    process.journal.append({ f: 'stop', type: 'invoke', reason: 'asked by the supervisor' })
    for (const loop of run.loops) loop.stop()
  }
  const task = operator === 'opb' ? opbTask : opaTask
  const ready = await Promise.all(tasks.map((partition) => task(run, partition)))
  await Promise.all(ready.map((one) => one.start()))
  for (const one of ready) await one.stop()
  await run.log.close()
  process.journal.append({ f: 'stop', type: 'info', reason: 'done' })
}

/** Counts what was fetched, so that the world can tell when nothing of it is left to process. */
function counted(reader: PartitionReader, fetched: (records: number) => void): PartitionReader {
  return {
    topic: reader.topic,
    partition: reader.partition,
    get position() {
      return reader.position
    },
    seek: (offset) => reader.seek(offset),
    poll: async (options) => {
      const chunk = await reader.poll(options)
      fetched(chunk.records.length)
      return chunk
    },
  }
}

function loopOf(
  run: SimRun,
  task: number,
  parts: Pick<LoopOptions, 'step' | 'stateful' | 'between'> & {
    topic: string
    from: number
    producer: TransactionalProducer
  },
): ReadyTask {
  const { spec, process, log } = run
  const { topic, from, producer, step, stateful, between } = parts
  const reader = log.reader({ topic, partition: task, from, isolation: spec.isolation })
  let open = 0
  process.idleAt.set(task, () => (open === 0 ? reader.position : -1))
  const loop = new TransactionalLoop({
    context: { task, producer, journal: process.journal, points: process.points, group: spec.group },
    incarnation: process.incarnation,
    reader: counted(reader, (records) => (open += records)),
    step: run.mutation.step(step),
    strategy: COMMIT_STRATEGIES[spec.guarantee],
    clock: process.world.clock,
    batch: spec.batch,
    commitIntervalMs: spec.commitIntervalMs,
    untilCaughtUp: spec.untilCaughtUp,
    stateful,
    between,
    onProgress: ({ records }) => (open -= records),
    onLagZero: () => {},
  })
  run.loops.push(loop)
  return { start: () => loop.run(), stop: async () => {} }
}

async function opaTask(run: SimRun, task: number): Promise<ReadyTask> {
  const { spec, process, log } = run
  const { journal } = process
  const { names } = spec
  const topic = names.orders
  const id = transactionalId(spec.prefix, 'opa', task)
  const producer = log.producer({ transactionalId: id, timeoutMs: spec.transactionTimeoutMs })
  journal.append({ f: 'fence', type: 'invoke', task, transactionalId: id })
  const [identity, topics] = await Promise.all([producer.fence(), log.describe([names.enriched, names.dlq])])
  journal.append({ f: 'fence', type: 'ok', task, transactionalId: id, ...identity })
  process.points.reach('fence.after', task)
  const offset = (await log.committed(spec.group, topic, task)) ?? null
  const at = { task, group: spec.group, topic, partition: task }
  journal.append({ f: 'committed-offset', type: 'ok', ...at, offset })
  const from = offset ?? (await log.offsets(topic, task)).logStart
  journal.append({ f: 'resume', type: 'info', task, topic, partition: task, offset: from })
  const partitions = (name: string): number => topics.find((t) => t.topic === name)!.partitions
  const step = createOpa({
    names,
    enrichedPartitions: partitions(names.enriched),
    dlqPartitions: partitions(names.dlq),
    clock: process.world.clock,
  })
  return loopOf(run, task, { topic, from, producer, step, stateful: false, between: async () => {} })
}

async function opbTask(run: SimRun, task: number): Promise<ReadyTask> {
  const { spec, process, log } = run
  const producer = log.producer({
    transactionalId: transactionalId(spec.prefix, 'opb', task),
    timeoutMs: spec.transactionTimeoutMs,
  })
  const shelf = new SimShelf(run.disks[task]!, process)
  const recovered = await recover(run, task, { producer, shelf })
  run.mutation.recovered()
  const changed = new ChangedRows()
  const keeper = keeperOf(run, task, { producer, shelf, recovered, changed })
  run.keepers.set(task, keeper)
  const step = createOpb({
    names: spec.names,
    partition: task,
    window: spec.window,
    changelog: spec.changelog,
    owner: process.incarnation,
    store: recovered.store,
    onApplied: (updates, rows, nextInput) => {
      changed.add(rows, nextInput)
      keeper.applied(updates)
    },
    applyMid: () => process.points.reach('apply.mid', task),
  })
  const from = recovered.resumeAt
  const topic = spec.names.enriched
  const between: LoopOptions['between'] = (n) => keeper.between(n)
  const loop = loopOf(run, task, { topic, from, producer, step, stateful: true, between })
  return {
    start: () => loop.start(),
    stop: async () => {
      await keeper.finish()
      recovered.store.close()
    },
  }
}

function recover(
  run: SimRun,
  task: number,
  { producer, shelf }: { producer: TransactionalProducer; shelf: SimShelf },
): Promise<Recovered> {
  const { spec, process, log } = run
  const { enriched: input, changelog, snapshots } = spec.names
  const home = new SimHome(run.disks[task]!, {
    local: (what) => process.world.scheduler.local(process, what),
    requireAlive: () => process.requireAlive(),
    write: (when) => run.write(task, when),
  })
  return recoverTask(
    {
      log,
      producer,
      home: run.mutation.home(home),
      shelf,
      journal: process.journal,
      clock: process.world.clock,
      say: () => {},
      at: (step) => process.points.reach(step, task),
      fold: (record, get) => {
        const { key, order } = readEnriched(record, spec.window)
        return foldOrder(get(key), key, order)
      },
    },
    {
      partition: task,
      owner: process.incarnation,
      prefix: spec.prefix,
      window: spec.window,
      changelogMode: spec.changelog,
      topics: { input, changelog, snapshots },
      group: spec.group,
      manifest: 'latest',
      local: 'keep',
      ...(spec.replayChunkBytes === undefined ? {} : { chunkBytes: spec.replayChunkBytes }),
      ...run.mutation.recovery,
    },
  )
}

function keeperOf(
  run: SimRun,
  task: number,
  parts: { producer: TransactionalProducer; shelf: SimShelf; recovered: Recovered; changed: ChangedRows },
): SnapshotKeeper {
  const { spec, process } = run
  const { producer, shelf, recovered, changed } = parts
  const { journal, points } = process
  const at = (step: SnapshotStep | ManifestStep): void => points.reach(step, task)
  const epoch = recovered.identity?.epoch ?? 0
  let known: readonly SnapshotEntry[] = recovered.known
  return new SnapshotKeeper({
    task,
    clock: process.world.clock,
    journal,
    every: spec.snapshotEvery,
    name: (n) => `${new Date(process.world.clock.wallMs()).toISOString()}-p${task}-e${epoch}-n${n}`,
    take: (snapshotId) =>
      simSnapshot({
        disk: run.disks[task]!,
        process,
        snapshotId,
        known,
        retain: spec.retain,
        kind: spec.snapshotKind ?? 'auto',
        live: { store: recovered.store, changed },
        at,
        copying: () => run.copying(task),
      }),
    publish: (manifest, n) =>
      publishManifest(producer, journal, {
        topic: spec.names.snapshots,
        partition: task,
        manifest: run.mutation.manifest(manifest),
        txn: { transactionalId: producer.transactionalId, incarnation: journal.incarnation, n },
        at: async (step) =>
          step === 'manifest-commit.before'
            ? points.armWire('manifest-commit.mid', task, producer.transactionalId)
            : at(step),
      }),
    prune: (manifest) => {
      known = entriesOf(manifest)
      return shelf.prune(known, at)
    },
    owns: () => recovered.store.owner() === journal.incarnation,
    onFailure: () => {},
  })
}
