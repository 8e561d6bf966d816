/**
 * A task of OpB: recovery, snapshots, and the step on top, over whatever holds the state.
 *
 * Promises: the order of recovery is core/recovery's; manifests go through the task's own fenced producer,
 * between data transactions; only the task's owner prunes.
 * Does not: copy a snapshot (`take`), or keep other processes out of the directory.
 */
import { transactionalId } from '../contracts/names.ts'
import type { Manifest, SnapshotEntry } from '../contracts/records.ts'
import { createOpb, foldOrder, readEnriched } from '../pipelines/reference/opb.ts'
import type { TransactionalProducer } from '../ports/log.ts'
import type { SnapshotShelf, StateHome } from '../ports/state-home.ts'
import type { StateStore } from '../ports/store.ts'
import { SnapshotKeeper } from '../primitives/snapshot-keeper.ts'
import { ChangedRows } from '../recovery/changed-rows.ts'
import { entriesOf } from '../recovery/manifest.ts'
import { publishManifest } from '../recovery/publish.ts'
import { recoverTask, type Recovered } from '../recovery/recover.ts'
import type { SnapshotKind } from '../recovery/snapshot-kind.ts'
import type { At, ManifestStep, SnapshotStep } from '../recovery/steps.ts'
import type { Resumed, TaskRun } from './task.ts'

/** What a snapshot is taken of; the same for every way to copy it. */
export interface TakeOrder {
  readonly snapshotId: string
  /** Usable earlier snapshots, newest first. */
  readonly known: readonly SnapshotEntry[]
  readonly live: { readonly store: StateStore; readonly changed: ChangedRows }
  /** As somebody asked for; else the worker's own. */
  readonly kind?: SnapshotKind | undefined
  readonly at: At<SnapshotStep>
}

export interface OpbDisk {
  readonly home: StateHome
  readonly shelf: SnapshotShelf & {
    prune(kept: readonly SnapshotEntry[], at?: At<SnapshotStep>): string[]
  }
  readonly take: (order: TakeOrder) => Promise<Manifest>
}

export interface OpbHands {
  /** The core log lines. */
  readonly say: (line: Readonly<Record<string, unknown>>) => void
  readonly onSnapshotFailure: (error: unknown) => void
}

export interface ResumedOpb extends Resumed {
  readonly keeper: SnapshotKeeper
  readonly store: StateStore
}

export async function resumeOpb(
  run: TaskRun,
  task: number,
  disk: OpbDisk,
  hands: OpbHands,
): Promise<ResumedOpb> {
  const { spec, journal, log } = run
  const producer = log.producer({
    transactionalId: transactionalId(spec.prefix, 'opb', task),
    timeoutMs: spec.transactionTimeoutMs,
  })
  const recovered = await recover(run, task, { disk, producer, say: hands.say })
  run.mutation.recovered()
  const { store } = recovered
  const changed = new ChangedRows()
  const keeper = keeperOf(run, task, { disk, producer, recovered, changed, hands })
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
  return {
    producer,
    topic: spec.names.enriched,
    from: recovered.resumeAt,
    step,
    stateful: true,
    between: (n) => keeper.between(n),
    keeper,
    store,
  }
}

function recover(
  run: TaskRun,
  task: number,
  parts: { disk: OpbDisk; producer: TransactionalProducer; say: OpbHands['say'] },
): Promise<Recovered> {
  const { spec, journal, log, clock } = run
  const { disk, producer, say } = parts
  const { enriched: input, changelog, snapshots } = spec.names
  return recoverTask(
    {
      log,
      producer,
      home: run.mutation.home(disk.home),
      shelf: disk.shelf,
      journal,
      clock,
      say,
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
      topics: { input, changelog, snapshots },
      group: spec.group,
      manifest: 'latest',
      local: 'keep',
      ...(spec.replayChunkBytes === undefined ? {} : { chunkBytes: spec.replayChunkBytes }),
      ...run.mutation.recovery,
    },
  )
}

interface KeeperParts {
  readonly disk: OpbDisk
  readonly producer: TransactionalProducer
  readonly recovered: Recovered
  readonly changed: ChangedRows
  readonly hands: OpbHands
}

function keeperOf(run: TaskRun, task: number, parts: KeeperParts): SnapshotKeeper {
  const { spec, journal, clock, points } = run
  const { disk, producer, recovered, changed, hands } = parts
  const at = (step: SnapshotStep | ManifestStep): void => points.reach(step, task)
  const epoch = recovered.identity?.epoch ?? 0
  let known: readonly SnapshotEntry[] = recovered.known
  return new SnapshotKeeper({
    task,
    clock,
    journal,
    every: spec.snapshotEvery,
    name: (n) => `${new Date(clock.wallMs()).toISOString()}-p${task}-e${epoch}-n${n}`,
    take: (snapshotId, kind) =>
      disk.take({ snapshotId, kind, known, live: { store: recovered.store, changed }, at }),
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
      return disk.shelf.prune(known, at)
    },
    owns: () => recovered.store.owner() === journal.incarnation,
    onFailure: hands.onSnapshotFailure,
  })
}
