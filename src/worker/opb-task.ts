/**
 * A task of OpB: state directory, recovery, snapshots, and the loop on top.
 *
 * Promises: the task is refused (LIVE_OWNER) while another process of this host owns its directory; the
 * order of recovery is core/recovery's, and input is read only when every task of the worker has recovered.
 */
import path from 'node:path'
import { hostClock } from '../adapters/host/clock.ts'
import { SnapshotDirectory } from '../adapters/sqlite/snapshot-files.ts'
import { takeSnapshot } from '../adapters/sqlite/snapshots.ts'
import { StateDirectory } from '../adapters/sqlite/state-directory.ts'
import { transactionalId } from '../core/contracts/names.ts'
import type { SnapshotEntry } from '../core/contracts/records.ts'
import { messageOf } from '../core/errors.ts'
import type { TransactionalProducer } from '../core/ports/log.ts'
import { createOpb, foldOrder, readEnriched } from '../core/pipelines/reference/opb.ts'
import { COMMIT_STRATEGIES } from '../core/primitives/commit-strategy.ts'
import { SnapshotKeeper } from '../core/primitives/snapshot-keeper.ts'
import { TransactionalLoop } from '../core/primitives/transactional-loop.ts'
import { ChangedRows } from '../core/recovery/changed-rows.ts'
import { entriesOf } from '../core/recovery/manifest.ts'
import { publishManifest } from '../core/recovery/publish.ts'
import type { ManifestStep, SnapshotStep } from '../core/recovery/steps.ts'
import { recoverTask, type Recovered } from '../core/recovery/recover.ts'
import { ownTask, type Ownership } from './ownership.ts'
import { send, taskDirectory, type ReadyTask, type Run } from './run.ts'

interface Homes {
  readonly state: StateDirectory
  readonly shelf: SnapshotDirectory
  readonly snapshotDir: string
}

const sayLine = (line: Readonly<Record<string, unknown>>): void =>
  send({ type: 'log-line', line: JSON.stringify(line) })

function homesOf(run: Run, task: number): Homes {
  const snapshotDir = path.join(run.spec.snapshotDir, `opb-${task}`)
  const state = new StateDirectory(taskDirectory(run.spec, task), snapshotDir)
  return { state, shelf: new SnapshotDirectory(snapshotDir), snapshotDir }
}

function recover(
  run: Run,
  task: number,
  { homes, producer }: { homes: Homes; producer: TransactionalProducer },
): Promise<Recovered> {
  const { spec, journal, log } = run
  return recoverTask(
    {
      log,
      producer,
      home: run.mutation.home(homes.state),
      shelf: homes.shelf,
      journal,
      clock: hostClock,
      say: sayLine,
      at: (step) => run.points.reach(step, task),
      fold: (record, get) => {
        const { key, order } = readEnriched(record, spec.window)
        return foldOrder(get(key), key, order)
      },
    },
    {
      partition: task,
      owner: journal.incarnation,
      prefix: spec.prefix,
      window: spec.window,
      changelogMode: spec.changelog,
      topics: {
        input: spec.names.enriched,
        changelog: spec.names.changelog,
        snapshots: spec.names.snapshots,
      },
      group: spec.group,
      manifest: 'latest',
      local: 'keep',
      ...(spec.replayChunkBytes === undefined ? {} : { chunkBytes: spec.replayChunkBytes }),
      ...run.mutation.recovery,
    },
  )
}

function keeperOf(
  run: Run,
  task: number,
  parts: { homes: Homes; producer: TransactionalProducer; recovered: Recovered; changed: ChangedRows },
): SnapshotKeeper {
  const { spec, journal } = run
  const { homes, producer, recovered, changed } = parts
  const at = (step: SnapshotStep | ManifestStep): void => run.points.reach(step, task)
  let known: readonly SnapshotEntry[] = recovered.known
  return new SnapshotKeeper({
    task,
    clock: hostClock,
    journal,
    every: spec.snapshotEvery,
    name: (n) =>
      `${new Date(hostClock.wallMs()).toISOString()}-p${task}-e${recovered.identity?.epoch ?? 0}-n${n}`,
    take: (snapshotId) =>
      takeSnapshot({
        stateFile: homes.state.currentFile() ?? '',
        dir: homes.snapshotDir,
        snapshotId,
        createdAt: Math.floor(hostClock.wallMs() / 1000),
        known,
        retain: spec.retain,
        kind: spec.snapshotKind ?? 'auto',
        zstd: spec.snapshotZstd ?? true,
        live: { store: recovered.store, changed },
        at,
      }),
    publish: (manifest, n) =>
      publishManifest(producer, journal, {
        topic: spec.names.snapshots,
        partition: task,
        manifest: run.mutation.manifest(manifest),
        txn: { transactionalId: producer.transactionalId, incarnation: journal.incarnation, n },
        at: async (step) =>
          step === 'manifest-commit.before'
            ? run.points.armWire('manifest-commit.mid', task, producer.transactionalId)
            : at(step),
      }),
    prune: (manifest) => {
      known = entriesOf(manifest)
      return homes.shelf.prune(known, at)
    },
    owns: () => recovered.store.owner() === journal.incarnation,
    onFailure: (error) => sayLine({ msg: 'snapshot failed', partition: task, reason: messageOf(error) }),
  })
}

export async function opbTask(run: Run, task: number): Promise<ReadyTask> {
  const { spec, journal, log } = run
  const homes = homesOf(run, task)
  homes.state.prepare()
  const ownership: Ownership = await ownTask(run, task)
  const producer = log.producer({
    transactionalId: transactionalId(spec.prefix, 'opb', task),
    timeoutMs: spec.transactionTimeoutMs,
  })
  const recovered = await recover(run, task, { homes, producer })
  run.mutation.recovered()
  const { store } = recovered
  const changed = new ChangedRows()
  const keeper = keeperOf(run, task, { homes, producer, recovered, changed })
  ownership.serve(() => keeper.request())
  run.snapshots.set(task, () => keeper.request())
  send({ type: 'recovered', task })
  const step = createOpb({
    names: spec.names,
    partition: task,
    window: spec.window,
    changelog: spec.changelog,
    owner: journal.incarnation,
    store,
    onApplied: (updates, rows, nextInput) => {
      changed.add(rows, nextInput)
      keeper.applied(updates)
    },
    applyMid: () => run.points.reach('apply.mid', task),
  })
  let toldZero = false
  const loop = new TransactionalLoop({
    context: { task, producer, journal, points: run.points, group: spec.group },
    incarnation: journal.incarnation,
    reader: log.reader({
      topic: spec.names.enriched,
      partition: task,
      from: recovered.resumeAt,
      isolation: spec.isolation,
    }),
    step: run.mutation.step(step),
    strategy: COMMIT_STRATEGIES[spec.guarantee],
    clock: hostClock,
    batch: spec.batch,
    commitIntervalMs: spec.commitIntervalMs,
    ...(spec.fixedBatches ? { inputEnd: () => run.inputEnds.get(task) } : {}),
    untilCaughtUp: spec.untilCaughtUp,
    stateful: true,
    between: (n) => keeper.between(n),
    onProgress: (progress) => send({ type: 'progress', task, ...progress }),
    onLagZero: (position) => {
      // The fourth core log line belongs to a boot: said once.
      if (!toldZero) sayLine({ msg: 'lag zero', partition: task, position })
      toldZero = true
      send({ type: 'lag-zero', task, position })
    },
  })
  run.loops.push(loop)
  run.onStop.push(async () => {
    await keeper.finish()
    await ownership.release()
    store.close()
  })
  return { start: () => loop.run() }
}
