/**
 * When a task takes a snapshot, and in which order the pieces happen: copy while processing goes on, then,
 * between two data transactions, the manifest in a transaction of its own, then pruning.
 *
 * Promises: one snapshot at a time; a manifest is published only after its file is in place, by the task's
 * own fenced producer; pruning only after a newer manifest is committed, and only by the task's owner. A copy
 * that fails harms nothing: it is said aloud and the next one is tried when due.
 */
import type { Manifest } from '../contracts/records.ts'
import type { NewEvent } from '../history/event.ts'
import type { Clock } from '../ports/clock.ts'
import type { Journal } from '../ports/journal.ts'
import type { SnapshotKind } from '../recovery/snapshot-kind.ts'

export interface SnapshotKeeperOptions {
  readonly task: number
  readonly clock: Clock
  readonly journal: Journal
  /** Every so many milliseconds or applied updates; neither means only on request. */
  readonly every: { readonly ms?: number; readonly updates?: number } | null
  /** Copies the state and puts the file in place; of the owner's own kind where none was asked for. */
  readonly take: (snapshotId: string, kind?: SnapshotKind) => Promise<Manifest>
  readonly name: (n: number) => string
  /** Commits the manifest in transaction n of this incarnation. */
  readonly publish: (manifest: Manifest, n: number) => Promise<void>
  readonly prune: (manifest: Manifest) => string[]
  /** Whether the task's state is still this incarnation's. */
  readonly owns: () => boolean
  readonly onFailure: (error: unknown) => void
}

export interface SnapshotReport {
  readonly snapshotId: string
  /** What it became: without a base to build on, a partial one is full. */
  readonly kind: Manifest['kind']
  readonly bytes: number
  /** Copy, hash and rename; the commit of the manifest is not in it. */
  readonly ms: number
}

/** The journal's line of a finished copy, whoever made it; its manifest is not committed yet. */
export const snapshotTaken = (task: number, manifest: Manifest, ms: number): NewEvent => ({
  f: 'snapshot',
  type: 'ok',
  task,
  snapshotId: manifest.snapshotId,
  kind: manifest.kind,
  bytes: manifest.bytes,
  keys: manifest.keys,
  ms,
})

interface Taken {
  readonly manifest: Manifest
  readonly ms: number
}

interface Waiter {
  readonly kind: SnapshotKind | undefined
  readonly resolve: (report: SnapshotReport) => void
  readonly reject: (error: unknown) => void
}

export class SnapshotKeeper {
  readonly #o: SnapshotKeeperOptions
  #updates = 0
  #since: number
  #count = 0
  #running: Promise<void> | undefined
  #taken: Taken | undefined
  #waiting: Waiter[] = []
  #served: Waiter[] = []

  constructor(options: SnapshotKeeperOptions) {
    this.#o = options
    this.#since = options.clock.monotonicMs()
  }

  applied(updates: number): void {
    this.#updates += updates
  }

  /** Asks for a snapshot that includes everything applied by now; resolves when its manifest is committed. */
  request(kind?: SnapshotKind): Promise<SnapshotReport> {
    return new Promise((resolve, reject) => this.#waiting.push({ kind, resolve, reject }))
  }

  /** To be called between transactions, with nothing open. */
  async between(nextN: () => number): Promise<void> {
    if (this.#taken) await this.#publish(this.#taken, nextN())
    if (!this.#running && this.#due()) this.#start()
  }

  /** Lets a copy in progress end, so that the process can. */
  async finish(): Promise<void> {
    await this.#running
    for (const waiter of [...this.#served, ...this.#waiting])
      waiter.reject(new Error('the worker is stopping'))
  }

  #due(): boolean {
    const { every, clock } = this.#o
    if (this.#waiting.length > 0) return true
    if (every === null || this.#updates === 0) return false
    if (every.updates !== undefined && this.#updates >= every.updates) return true
    return every.ms !== undefined && clock.monotonicMs() - this.#since >= every.ms
  }

  #start(): void {
    const { clock, journal, task } = this.#o
    const snapshotId = this.#o.name(++this.#count)
    const started = clock.monotonicMs()
    // One snapshot serves all who asked for its kind; the others' turn comes when it is published.
    const kind = this.#waiting[0]?.kind
    this.#served = this.#waiting.filter((waiter) => waiter.kind === kind)
    this.#waiting = this.#waiting.filter((waiter) => waiter.kind !== kind)
    this.#updates = 0
    this.#since = started
    journal.append({ f: 'snapshot', type: 'invoke', task, snapshotId })
    this.#running = this.#o.take(snapshotId, kind).then(
      (manifest) => {
        const ms = clock.monotonicMs() - started
        journal.append(snapshotTaken(task, manifest, ms))
        this.#taken = { manifest, ms }
      },
      (error: unknown) => {
        this.#running = undefined
        journal.append({ f: 'snapshot', type: 'fail', task, snapshotId, message: String(error) })
        for (const waiter of this.#served.splice(0)) waiter.reject(error)
        this.#o.onFailure(error)
      },
    )
  }

  async #publish({ manifest, ms }: Taken, n: number): Promise<void> {
    await this.#o.publish(manifest, n)
    // Stopped behind its commit and woken when another has taken over, it would remove the other's snapshots.
    const removed = this.#o.owns() ? this.#o.prune(manifest) : []
    if (removed.length > 0) this.#o.journal.append({ f: 'prune', type: 'ok', task: this.#o.task, removed })
    this.#taken = undefined
    this.#running = undefined
    const { snapshotId, kind, bytes } = manifest
    const report = { snapshotId, kind, bytes, ms }
    for (const waiter of this.#served.splice(0)) waiter.resolve(report)
  }
}
