/**
 * What a mutation may change: one seam per thing that a worker is put together from, each a decorator of a
 * port or of a step, so that the correct code is the one that runs, with one thing wrong around it.
 *
 * Promises: `NO_MUTATION` changes nothing. Nothing but the worker's composition root knows mutations; loop,
 * recovery and adapters don't.
 * Does not: say what an anomaly it gives (core/scenario/mutants.ts does).
 */
import type { Manifest, SnapshotEntry } from '../contracts/records.ts'
import type { NewEvent } from '../history/event.ts'
import type { LogPort, LogTransaction, PartitionReader, TransactionalProducer } from '../ports/log.ts'
import type { StateHome } from '../ports/state-home.ts'
import type { StateStore } from '../ports/store.ts'
import type { WorkerSpec } from '../ports/workers.ts'
import type { Step } from '../primitives/transactional-loop.ts'
import type { RecoverOptions } from '../recovery/types.ts'
import type { At, SnapshotStep } from '../recovery/steps.ts'

/** A snapshot of a live state in its two halves, and what follows its manifest. */
export interface SnapshotParts<Order, Unnamed> {
  /** Writes, syncs and describes a file under a temporary name. */
  readonly copy: (order: Order) => Promise<Unnamed>
  /** The same as a tired engineer would do it: the database's main file alone. */
  readonly copyMainFile: (order: Order) => Promise<Unnamed>
  /** What its manifest will say. */
  readonly manifestOf: (copied: Unnamed) => Manifest
  /** Gives the file its name; what it returns may be published. */
  readonly name: (copied: Unnamed) => Manifest
  /** Called when the manifest is committed. */
  readonly prune: (kept: readonly SnapshotEntry[], at?: At<SnapshotStep>) => string[]
}

export interface Mutation {
  readonly log: (log: LogPort) => LogPort
  readonly step: (step: Step) => Step
  readonly home: (home: StateHome) => StateHome
  /** The manifest as it is published. */
  readonly manifest: (manifest: Manifest) => Manifest
  readonly snapshots: <Order, Unnamed>(parts: SnapshotParts<Order, Unnamed>) => SnapshotParts<Order, Unnamed>
  /** Options of recovery that differ. */
  readonly recovery: Pick<RecoverOptions, 'stallMs'>
  /** Recovery is over; from here on the store serves the loop. */
  readonly recovered: () => void
}

export const NO_MUTATION: Mutation = {
  log: (log) => log,
  step: (step) => step,
  home: (home) => home,
  manifest: (manifest) => manifest,
  snapshots: (parts) => parts,
  recovery: {},
  recovered: () => {},
}

/** The worker's own journal. */
export interface Diary {
  append(event: NewEvent): unknown
}

/** Made once per worker: what it remembers dies with the process. */
export type MutationMaker = (spec: WorkerSpec, incarnation: string, journal: Diary) => Partial<Mutation>

// The ports are classes with private fields, so a decorator names what it passes on.

export const logWith = (log: LogPort, over: Partial<LogPort>): LogPort => ({
  connect: () => log.connect(),
  clusterId: () => log.clusterId(),
  describe: (topics) => log.describe(topics),
  offsets: (topic, partition) => log.offsets(topic, partition),
  committed: (group, topic, partition) => log.committed(group, topic, partition),
  reader: (options) => log.reader(options),
  producer: (options) => log.producer(options),
  close: () => log.close(),
  ...over,
})

export const producerWith = (
  producer: TransactionalProducer,
  over: Partial<TransactionalProducer>,
): TransactionalProducer => ({
  transactionalId: producer.transactionalId,
  fence: () => producer.fence(),
  begin: () => producer.begin(),
  close: () => producer.close(),
  ...over,
})

type ChangeTransaction = (txn: LogTransaction, producer: TransactionalProducer) => Partial<LogTransaction>

/** Every transaction that the worker begins, changed. */
export const withTransactions =
  (change: ChangeTransaction) =>
  (log: LogPort): LogPort =>
    logWith(log, {
      producer: (options) => {
        const producer = log.producer(options)
        return producerWith(producer, {
          begin: async () => {
            const txn = await producer.begin()
            return {
              produce: (records) => txn.produce(records),
              addOffsets: (group, offsets) => txn.addOffsets(group, offsets),
              commit: () => txn.commit(),
              abort: () => txn.abort(),
              ...change(txn, producer),
            }
          },
        })
      },
    })

export const readerWith = (
  reader: PartitionReader,
  over: Partial<Pick<PartitionReader, 'poll'>> & { position?: () => number },
): PartitionReader => ({
  topic: reader.topic,
  partition: reader.partition,
  get position() {
    return over.position?.() ?? reader.position
  },
  seek: (offset) => reader.seek(offset),
  poll: over.poll ?? ((options) => reader.poll(options)),
})

export const storeWith = (store: StateStore, over: Partial<StateStore>): StateStore => ({
  lineage: store.lineage,
  get: (key) => store.get(key),
  position: () => store.position(),
  owner: () => store.owner(),
  takeOwnership: (owner) => store.takeOwnership(owner),
  apply: (request) => store.apply(request),
  keyCount: () => store.keyCount(),
  rows: () => store.rows(),
  stateHash: () => store.stateHash(),
  close: () => store.close(),
  ...over,
})

/** Every store that a task opens, makes or restores, changed. */
export const withStores =
  (change: (store: StateStore) => StateStore) =>
  (home: StateHome): StateHome => ({
    where: home.where,
    prepare: () => home.prepare(),
    peek: () => home.peek(),
    open: () => {
      const opened = home.open()
      return opened.kind === 'open' ? { ...opened, store: change(opened.store) } : opened
    },
    create: (lineage) => change(home.create(lineage)),
    restore: async (chain, mid) => change(await home.restore(chain, mid)),
    retire: () => home.retire(),
  })
