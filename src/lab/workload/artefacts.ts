/**
 * `eoslab gen --to artefacts`: a snapshot chain, its manifests and a changelog, as a killed OpB leaves them,
 * to study recovery alone and at any size.
 *
 * Promises: snapshots are taken by the code that OpB uses, manifests and changes committed in transactions of
 * the task's own id; a part of the transactions is aborted, a part of the tail repeats a seq; the committed
 * input offset is where the changelog ends. `state_hash` is what every way back must come to.
 * Does not: satisfy the oracle's delivery checks, for no operator has made these records; nor add to topics
 * that hold something already.
 */
import { rmSync } from 'node:fs'
import path from 'node:path'
import { hostClock } from '../../adapters/host/clock.ts'
import { connectLog } from '../../adapters/kafka/log.ts'
import { openTopicAdmin } from '../../adapters/kafka/topic-admin.ts'
import { openRawLog } from '../../adapters/raw-log/platformatic.ts'
import { takeSnapshot } from '../../adapters/sqlite/snapshots.ts'
import { StateDirectory } from '../../adapters/sqlite/state-directory.ts'
import { createProgress, type Progress } from '../../adapters/terminal/progress.ts'
import {
  groupName,
  prefixDirectory,
  topicNames,
  transactionalId,
  type TopicNames,
} from '../../core/contracts/names.ts'
import type { EnrichedOrder, Manifest, SnapshotEntry } from '../../core/contracts/records.ts'
import { LabError } from '../../core/errors.ts'
import type { LogPort } from '../../core/ports/log.ts'
import type { StateStore } from '../../core/ports/store.ts'
import type { TopicAdmin } from '../../core/ports/topics.ts'
import { lineageNow } from '../../core/recovery/load.ts'
import { entriesOf } from '../../core/recovery/manifest.ts'
import { publishManifest } from '../../core/recovery/publish.ts'
import { ARTEFACT_WINDOW, ArtefactState, type Change } from '../../core/workload/artefacts.ts'
import { ArtefactWriter, type Batch } from './artefacts-writer.ts'
import type { ArtefactPlan } from './artefacts-plan.ts'
import { resolveBroker } from '../broker/broker.ts'
import { forceCompaction } from '../recovery/compaction.ts'
import { RETAIN, TRANSACTION_TIMEOUT_MS } from '../matrix/spec.ts'
import { pipelineTopics } from './topics.ts'

export interface ArtefactOptions {
  readonly plan: ArtefactPlan
  readonly brokers: string | undefined
  readonly stateDir: string
  readonly quiet: boolean
}

/** What `gen --to artefacts --json` prints. */
export interface ArtefactResult {
  readonly prefix: string
  readonly keys: number
  readonly window_s: number
  readonly snapshots: readonly {
    readonly snapshot_id: string
    readonly kind: string
    readonly bytes: number
    readonly keys: number
  }[]
  readonly snapshot_dir: string
  readonly changelog: string
  /** Committed records, and where the log ends. */
  readonly changelog_records: number
  readonly changelog_end: number
  readonly aborted_records: number
  readonly compacted: boolean
  /** What recovery from the newest snapshot has to replay; null after compaction. */
  readonly replay_records: number | null
  readonly applied: number | null
  readonly skipped: number | null
  readonly resume_offset: number
  readonly unread: number
  readonly state_hash: string
  readonly wall_ms: number
  readonly brokers: string
}

interface Tail {
  readonly applied: number
  readonly skipped: number
}

/** Share of the keys that change between two snapshots. */
const STEP = 0.01

export async function makeArtefacts(options: ArtefactOptions): Promise<ArtefactResult> {
  const { plan, stateDir, quiet } = options
  const progress = createProgress({ stream: process.stderr, env: process.env, quiet })
  const say = (text: string): void => progress.say(text)
  const { brokers } = await resolveBroker({ brokers: options.brokers, stateDir, say })
  return artefactsOn(brokers, { plan, stateDir, progress }).finally(() => progress.close())
}

/** On a broker that is known; the caller closes the progress. */
export async function artefactsOn(
  brokers: string,
  { plan, stateDir, progress }: { plan: ArtefactPlan; stateDir: string; progress: Progress },
): Promise<ArtefactResult> {
  const names = topicNames(plan.prefix)
  const log = await connectLog({ brokers, clientId: 'eoslab-artefacts' })
  const admin = openTopicAdmin({ brokers, clientId: 'eoslab-artefacts' })
  const home = path.resolve(stateDir, prefixDirectory(plan.prefix))
  const building = path.join(home, 'artefacts-in-the-making')
  progress.cell(`artefacts ${plan.prefix}`, 1)
  try {
    const there = await admin.list(plan.prefix)
    const [used] = Object.values(names).filter((topic) => there.includes(topic))
    if (used !== undefined) {
      throw new LabError('USAGE', `${used} exists: artefacts want topics and a state of their own`, {
        hint: `Take another --prefix, or delete them: eoslab topics delete --prefix '${plan.prefix}'`,
      })
    }
    await admin.create(pipelineTopics(names, 1))
    const made = await new Maker({ plan, log, admin, names, home, building, progress }).make()
    if (plan.compacted) {
      const rawLog = await openRawLog({ brokers })
      try {
        const { recordsAfter } = await forceCompaction({ log, admin, rawLog }, names.changelog)
        return { ...made, brokers, changelog_records: recordsAfter }
      } finally {
        await rawLog.close()
      }
    }
    return { ...made, brokers }
  } finally {
    rmSync(building, { recursive: true, force: true })
    await Promise.allSettled([log.close(), admin.close()])
  }
}

interface MakerOptions {
  readonly plan: ArtefactPlan
  readonly log: LogPort
  readonly admin: TopicAdmin
  readonly names: TopicNames
  readonly home: string
  readonly building: string
  readonly progress: Progress
}

/** Holds what one set of artefacts is made from; used once. */
class Maker {
  readonly #o: MakerOptions
  readonly #state: ArtefactState
  readonly #started = hostClock.monotonicMs()
  readonly #snapshots: Manifest[] = []
  #nextInput = 0

  constructor(options: MakerOptions) {
    this.#o = options
    this.#state = new ArtefactState(options.plan.keys, options.plan.seed)
  }

  async make(): Promise<Omit<ArtefactResult, 'brokers'>> {
    const { plan, log, admin, names, building, home } = this.#o
    const { prefix } = plan
    const group = groupName(prefix, 'opb')
    const producer = log.producer({
      transactionalId: transactionalId(prefix, 'opb', 0),
      timeoutMs: TRANSACTION_TIMEOUT_MS,
    })
    await producer.fence()
    const writer = new ArtefactWriter({ producer, admin, names, group, state: this.#state })
    const directory = new StateDirectory(building, path.join(home, 'snapshots', 'opb-0'))
    directory.prepare()
    const topics = { input: names.enriched, changelog: names.changelog, snapshots: names.snapshots }
    const lineage = await lineageNow(log, {
      partition: 0,
      owner: 'artefacts',
      prefix,
      window: ARTEFACT_WINDOW,
      changelogMode: 'after-image',
      topics,
      group,
      manifest: 'latest',
      local: 'keep',
    })
    const store = directory.create(lineage)
    try {
      store.takeOwnership('artefacts')
      await this.#head(writer, store)
      await this.#snapshot(writer, directory)
      for (let n = 0; n < plan.partials; n++) {
        await this.#changes(writer, store, { records: Math.max(1, Math.floor(plan.keys * STEP)), repeat: 0 })
        await this.#snapshot(writer, directory)
      }
      const tail = await this.#changes(writer, store, { records: plan.tail, repeat: plan.skipped })
      await writer.abort()
      await this.#unread(writer)
      return this.#result(writer, { store, tail })
    } finally {
      store.close()
      await producer.close()
    }
  }

  /** One change per key, as a compacted changelog begins. */
  async #head(writer: ArtefactWriter, store: StateStore): Promise<void> {
    const { plan } = this.#o
    let batch: Change[] = []
    for (let index = 0; index < plan.keys; index++) {
      batch.push(this.#state.begin(index))
      if (batch.length < ArtefactWriter.BATCH && index < plan.keys - 1) continue
      await this.#commit(writer, store, { changes: batch, orders: [], inputNext: batch.map(() => 0) })
      this.#say(`${(index + 1).toLocaleString('en')} keys`)
      batch = []
    }
  }

  /** Changes with orders behind them; some repeat the newest change of a key. */
  async #changes(
    writer: ArtefactWriter,
    store: StateStore,
    { records, repeat }: { records: number; repeat: number },
  ): Promise<Tail> {
    const counts = { applied: 0, skipped: 0 }
    const repeats = Math.round(records * repeat)
    for (let done = 0; done < records;) {
      const size = Math.min(ArtefactWriter.BATCH, records - done)
      const changes: Change[] = []
      const orders: EnrichedOrder[] = []
      const inputNext: number[] = []
      for (let i = done; i < done + size; i++) {
        const index = this.#state.below(this.#state.keys)
        // Spread evenly, so that the number is exact.
        const again = Math.floor(((i + 1) * repeats) / records) > Math.floor((i * repeats) / records)
        if (again) changes.push(this.#state.newest(index)!)
        else {
          const { order, change } = this.#state.update(index, this.#nextInput + orders.length)
          changes.push(change)
          orders.push(order)
        }
        inputNext.push(this.#nextInput + orders.length)
        counts[again ? 'skipped' : 'applied'] += 1
      }
      await this.#commit(writer, store, { changes, orders, inputNext })
      done += size
      this.#say(`${done.toLocaleString('en')} changes`)
    }
    return counts
  }

  async #commit(writer: ArtefactWriter, store: StateStore, batch: Batch): Promise<void> {
    const { changes } = batch
    const expectedNextInput = this.#nextInput
    const base = await writer.commit(batch)
    this.#nextInput = batch.inputNext.at(-1) ?? expectedNextInput
    const rows = new Map(
      changes.map(({ row }, i) => [row.key, { ...row, changelogOffset: base + i }] as const),
    )
    store.apply({
      owner: 'artefacts',
      expectedNextInput,
      rows: rows.values(),
      next: { nextInput: this.#nextInput, nextChangelog: base + changes.length },
    })
  }

  /** Orders that nobody has processed, so that an OpB that comes back has something to do. */
  async #unread(writer: ArtefactWriter): Promise<void> {
    const { unread } = this.#o.plan
    for (let done = 0; done < unread; done += ArtefactWriter.BATCH) {
      const size = Math.min(ArtefactWriter.BATCH, unread - done)
      const next = (_: unknown, i: number): EnrichedOrder =>
        this.#state.order(this.#state.below(this.#state.keys), this.#nextInput + done + i)
      await writer.append(Array.from({ length: size }, next))
    }
  }

  async #snapshot(writer: ArtefactWriter, directory: StateDirectory): Promise<void> {
    const n = this.#snapshots.length
    this.#say(n === 0 ? 'full snapshot' : `partial snapshot ${n}`)
    const newest = this.#snapshots.at(-1)
    const known: readonly SnapshotEntry[] = newest ? entriesOf(newest) : []
    const now = hostClock.wallMs()
    const manifest = await takeSnapshot({
      stateFile: directory.currentFile() ?? '',
      dir: path.join(this.#o.home, 'snapshots', 'opb-0'),
      snapshotId: `${new Date(now).toISOString()}-p0-artefact-n${n + 1}`,
      createdAt: Math.floor(now / 1000),
      known,
      retain: RETAIN,
      kind: n === 0 ? 'full' : 'partial',
    })
    const topic = this.#o.names.snapshots
    const order = { topic, partition: 0, manifest, txn: writer.nextTransaction() }
    await publishManifest(writer.producer, { append: () => undefined }, order)
    this.#snapshots.push(manifest)
  }

  #result(
    writer: ArtefactWriter,
    { store, tail }: { store: StateStore; tail: Tail },
  ): Omit<ArtefactResult, 'brokers'> {
    const { plan, names, home } = this.#o
    return {
      prefix: plan.prefix,
      keys: plan.keys,
      window_s: ARTEFACT_WINDOW,
      snapshots: this.#snapshots.map(({ snapshotId, kind, bytes, keys }) => ({
        snapshot_id: snapshotId,
        kind,
        bytes,
        keys,
      })),
      snapshot_dir: path.join(home, 'snapshots', 'opb-0'),
      changelog: names.changelog,
      changelog_records: writer.committed,
      changelog_end: store.position().nextChangelog,
      aborted_records: writer.aborted,
      compacted: plan.compacted,
      // What the cleaner has left of it is not known here.
      replay_records: plan.compacted ? null : tail.applied + tail.skipped,
      applied: plan.compacted ? null : tail.applied,
      skipped: plan.compacted ? null : tail.skipped,
      resume_offset: this.#nextInput,
      unread: plan.unread,
      state_hash: store.stateHash(),
      wall_ms: Math.round(hostClock.monotonicMs() - this.#started),
    }
  }

  #say(text: string): void {
    this.#o.progress.update(text)
  }
}
