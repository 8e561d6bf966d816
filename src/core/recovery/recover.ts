/**
 * Recovery of one task, in this order and no other: fence, load manifest, restore, replay, resume.
 *
 * Promises: nothing that another incarnation could still change is read before the fence has returned; when
 * it resolves, the state is exactly the fold of everything committed and the input resumes where the group's
 * committed offset says; otherwise it rejects with what is missing or differs, and commits nothing.
 * Does not: probe for a live owner (the caller does), nor publish or prune. A rehearsal (no producer) fences
 * nobody and works on a home of its own.
 */
import type { Manifest, SnapshotEntry } from '../contracts/records.ts'
import { SCHEMA_VERSION } from '../contracts/records.ts'
import { LabError } from '../errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { FenceResult } from '../ports/log.ts'
import type { StateStore } from '../ports/store.ts'
import { catchUp } from './catch-up.ts'
import type { Replayed } from './catch-up.ts'
import { lineageNow, loadManifests, readFacts } from './load.ts'
import type { KnownSnapshots, LogFacts } from './load.ts'
import { refuseMismatch } from './plan.ts'
import { restoreState } from './restore.ts'
import type { Restored } from './restore.ts'
import { resumeAt } from './resume.ts'
import type { RecoverOptions, RecoveryDeps } from './types.ts'

export type { RecoverOptions, RecoveryDeps } from './types.ts'

export interface RecoveryPhases {
  readonly fence_ms: number
  readonly manifest_ms: number
  readonly restore_ms: number
  readonly replay_ms: number
  readonly resume_ms: number
}

export interface Recovered {
  readonly store: StateStore
  /** Undefined in a rehearsal. */
  readonly identity: FenceResult | undefined
  readonly resumeAt: number
  /** Newest manifest of the task; the snapshotId that state was restored from is in `restored`. */
  readonly manifest: Manifest | undefined
  /** Usable snapshots, newest first: what the next manifest may retain. */
  readonly known: readonly SnapshotEntry[]
  readonly restored: Omit<Restored, 'store' | 'usable'>
  readonly replayed: Replayed
  readonly phases: RecoveryPhases
}

export async function recoverTask(deps: RecoveryDeps, options: RecoverOptions): Promise<Recovered> {
  const watch = stopwatch(deps.clock)
  preflight(deps, options)
  const [identity, lineage] = await Promise.all([fence(deps, options), lineageNow(deps.log, options)])
  const local = takeOver(deps, options)
  const fence_ms = watch()
  let store = local
  try {
    const [facts, known] = await Promise.all([readFacts(deps.log, options), loadManifests(deps, options)])
    tellManifest(deps, options, { facts, known })
    deps.at?.('manifest-load.after')
    const manifest_ms = watch()
    const restored = await restoreState(deps, options, { lineage, local, facts, known })
    store = restored.store
    deps.at?.('restore.after')
    const restore_ms = watch()
    const replayed = await catchUp(deps, options, { store, facts, from: restored.overlapFrom })
    deps.at?.('replay.after')
    const replay_ms = watch()
    const offset = await resumeAt(deps, options, { store, facts })
    // Former generations go only now: everything they could have served for is done.
    if (deps.producer) {
      deps.home.retire()
      deps.shelf.removeLeftovers()
    }
    const { store: _store, usable, ...told } = restored
    return {
      store,
      identity,
      resumeAt: offset,
      manifest: known.manifest,
      known: usable,
      restored: told,
      replayed: { ...replayed, ms: replay_ms },
      phases: { fence_ms, manifest_ms, restore_ms, replay_ms, resume_ms: watch() },
    }
  } catch (error) {
    store?.close()
    throw error
  }
}

/** What can be refused without touching anything is refused before anybody is fenced. */
function preflight(deps: RecoveryDeps, options: RecoverOptions): void {
  deps.home.prepare()
  const found = deps.home.peek()
  if (found) {
    const wanted = { ...found, ...pick(options), schemaVersion: SCHEMA_VERSION }
    refuseMismatch(found, wanted, deps.home.where)
  }
  if (options.changelogMode === 'off' && !deps.fold) {
    throw new LabError('INTERNAL', 'recovery with the changelog off needs a fold')
  }
}

const pick = (options: RecoverOptions) => ({
  prefix: options.prefix,
  partition: options.partition,
  window: options.window,
  changelogMode: options.changelogMode,
})

async function fence(deps: RecoveryDeps, options: RecoverOptions): Promise<FenceResult | undefined> {
  const { producer, journal } = deps
  if (!producer) return undefined
  const { transactionalId } = producer
  const task = options.partition
  journal.append({ f: 'fence', type: 'invoke', task, transactionalId })
  const identity = await producer.fence()
  journal.append({ f: 'fence', type: 'ok', task, transactionalId, ...identity })
  deps.at?.('fence.after')
  return identity
}

/** Opens the local state and writes the new owner, which stops a zombie's apply from here on. */
function takeOver(deps: RecoveryDeps, options: RecoverOptions): StateStore | undefined {
  const opened = deps.home.open()
  if (opened.kind === 'set-aside') {
    const { reason, where } = opened
    deps.journal.append({ f: 'set-aside', type: 'info', task: options.partition, reason, where })
    deps.say({
      msg: 'local state set aside',
      partition: options.partition,
      reason,
      where,
    })
  }
  if (opened.kind !== 'open') return undefined
  if (opened.verified !== undefined)
    deps.say({ msg: 'local state verified', partition: options.partition, rows: opened.verified })
  opened.store.takeOwnership(options.owner)
  return opened.store
}

function tellManifest(
  deps: RecoveryDeps,
  options: RecoverOptions,
  { facts, known }: { facts: LogFacts; known: KnownSnapshots },
): void {
  const task = options.partition
  const { group, topics } = options
  const offset = facts.committed ?? null
  deps.journal.append({
    f: 'committed-offset',
    type: 'ok',
    task,
    group,
    topic: topics.input,
    partition: task,
    offset,
  })
  const newest = known.manifest ?? known.entries[0]
  const told = {
    snapshotId: newest?.snapshotId ?? null,
    lastChangelogOffset: newest?.lastChangelogOffset ?? null,
    older_manifests: Math.max(0, known.entries.length - 1),
  }
  deps.journal.append({ f: 'manifest', type: 'ok', task, ...told })
  deps.say({ msg: 'manifest loaded', partition: task, ...told })
}

/** Milliseconds since the last call. */
function stopwatch(clock: Clock): () => number {
  let last = clock.monotonicMs()
  return () => {
    const now = clock.monotonicMs()
    const passed = now - last
    last = now
    return Math.round(passed * 1000) / 1000
  }
}
