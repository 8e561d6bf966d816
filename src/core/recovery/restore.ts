/**
 * The restore step: keep the local state, or restore a snapshot chain, or begin empty.
 *
 * Promises: a snapshot that is missing or damaged is said aloud and the next one is tried; a snapshot asked
 * for by name is restored or the step fails, nothing else is taken in its place; the new owner is written
 * before anything is replayed.
 */
import { LabError } from '../errors.ts'
import type { SnapshotEntry } from '../contracts/records.ts'
import type { StateStore, StoreLineage } from '../ports/store.ts'
import type { KnownSnapshots, LogFacts } from './load.ts'
import { choose, foreignLog, refuseMismatch, unusable } from './plan.ts'
import type { Plan, PlanInput } from './plan.ts'
import type { RecoverOptions, RecoveryDeps } from './types.ts'

export interface Restored {
  readonly store: StateStore
  readonly source: Plan['source']
  readonly snapshotId: string | null
  /** Rows after this step. */
  readonly keys: number
  /** Bytes of the snapshot files read. */
  readonly bytes: number
  /** Snapshots that could be restored here, newest first. */
  readonly usable: readonly SnapshotEntry[]
  /** Where replay is to begin if not at the state's own position. */
  readonly overlapFrom: number | undefined
}

interface Situation {
  readonly lineage: StoreLineage
  readonly local: StateStore | undefined
  readonly facts: LogFacts
  readonly known: KnownSnapshots
}

export async function restoreState(
  deps: RecoveryDeps,
  options: RecoverOptions,
  at: Situation,
): Promise<Restored> {
  const task = options.partition
  const overlap = options.replayFrom === 'manifest'
  let snapshots = candidates(options, at.known)
  const damaged = new Set<string>()
  // Taken once: the local store is closed by the time the usable snapshots are told apart.
  const situation = planInput(options, at)
  const { local } = at
  if (local) refuseMismatch(local.lineage, at.lineage, deps.home.where)
  refuseAheadOfCommit(options, at)
  for (;;) {
    const plan = choose({ ...situation, snapshots })
    for (const note of plan.notes) deps.say({ msg: 'restore note', partition: task, note })
    refuseOvertaken(options, at)
    let store: StateStore
    try {
      store = await carryOut(deps, plan, at)
    } catch (error) {
      const broken =
        plan.source === 'snapshot' && error instanceof LabError && error.code === 'SNAPSHOT_DAMAGED'
      if (!broken || named(options)) throw error
      const tip = plan.chain.at(-1)!
      deps.say({
        msg: 'snapshot damaged',
        partition: task,
        snapshotId: tip.snapshotId,
        reason: error.message,
      })
      damaged.add(tip.snapshotId)
      snapshots = snapshots.filter((s) => s.snapshotId !== tip.snapshotId)
      continue
    }
    if (store !== local) local?.close()
    store.takeOwnership(options.owner)
    const bytes = plan.chain.reduce((sum, entry) => sum + entry.bytes, 0)
    const keys = store.keyCount()
    const snapshotId = plan.chain.at(-1)?.snapshotId ?? null
    const { nextInput, nextChangelog } = store.position()
    const found = { source: plan.source, snapshotId, keys, bytes, nextInput, nextChangelog }
    deps.journal.append({ f: 'restore', type: 'ok', task, ...found })
    deps.say({ msg: 'restore ok', partition: task, source: plan.source, snapshotId, keys, bytes })
    const overlapFrom = overlap ? overlapOf(snapshots) : undefined
    // What is not there must not be promised by the next manifest either.
    const whole = at.known.entries.filter((e) => !damaged.has(e.snapshotId) && deps.shelf.has(e))
    const usable = whole.filter((entry) => !unusable(entry, { ...situation, snapshots: whole }))
    return { store, source: plan.source, snapshotId, keys, bytes, usable, overlapFrom }
  }
}

/**
 * A process that was stopped in its recovery may wake up when another incarnation has taken its state over.
 * It must not take it back, nor put a generation of its own in place of the one in use.
 */
function refuseOvertaken(options: RecoverOptions, { local }: Situation): void {
  const owner = local?.owner()
  if (local === undefined || owner === options.owner) return
  throw new LabError(
    'OWNER_CHANGED',
    `the state of ${options.prefix}opb-${options.partition} belongs to ${owner ?? 'nobody'} by now; ${options.owner} restored nothing`,
    { hint: 'a newer incarnation has taken over; this one has to end' },
  )
}

const named = (options: RecoverOptions): boolean =>
  options.manifest !== 'latest' && options.manifest !== 'none'

/** Snapshots that may be tried under `--manifest`, in order. */
function candidates(options: RecoverOptions, known: KnownSnapshots): readonly SnapshotEntry[] {
  if (options.manifest === 'none') return []
  if (options.manifest === 'latest') {
    if (options.replayFrom === 'manifest' && known.entries.length === 0) throw noManifest(options, known)
    return known.entries
  }
  const index = known.entries.findIndex((entry) => entry.snapshotId === options.manifest)
  if (index === -1) throw noManifest(options, known)
  // Moved to the front; the others stay for the links of its chain.
  return [known.entries[index]!, ...known.entries.toSpliced(index, 1)]
}

function noManifest(options: RecoverOptions, known: KnownSnapshots): LabError {
  const names = known.entries.map((entry) => entry.snapshotId)
  const what = named(options) ? `no manifest ${options.manifest}` : 'no manifest at all'
  return new LabError('NO_MANIFEST', `${what} is known for ${options.prefix}opb-${options.partition}`, {
    hint:
      names.length > 0 ? `known: ${names.join(', ')}; or --manifest none` : 'take one: eoslab snapshot take',
  })
}

function planInput(options: RecoverOptions, at: Situation): Omit<PlanInput, 'snapshots'> {
  const { facts, local, lineage } = at
  const off = options.changelogMode === 'off'
  return {
    lineage,
    local: local && { lineage: local.lineage, position: local.position() },
    keepLocal: options.local === 'keep' || options.replayFrom === 'manifest',
    log: off
      ? { topic: options.topics.input, logStart: facts.input.logStart, end: facts.committed ?? 0 }
      : {
          topic: options.topics.changelog,
          logStart: facts.changelog.logStart,
          end: facts.changelog.highWatermark,
        },
    inputEnd: facts.input.highWatermark,
  }
}

async function carryOut(deps: RecoveryDeps, plan: Plan, at: Situation): Promise<StateStore> {
  if (plan.source === 'local') return at.local!
  if (plan.source === 'none') return deps.home.create(at.lineage)
  const store = await deps.home.restore(plan.chain, () => deps.at?.('restore.mid'))
  try {
    // The window is in the file alone: a snapshot of another window must not go on counting in this one.
    refuseMismatch(store.lineage, at.lineage, `snapshot ${plan.chain.at(-1)!.snapshotId}`)
  } catch (error) {
    store.close()
    throw error
  }
  return store
}

const overlapOf = (snapshots: readonly SnapshotEntry[]): number | undefined => {
  const [first] = snapshots
  return first && first.lastChangelogOffset + 1
}

/**
 * With the changelog off the state is applied after the commit and derived from the input alone, so it can
 * never be ahead of the committed offset. If it is, somebody moved the group's offset back: going on would
 * emit those outputs twice.
 */
function refuseAheadOfCommit(options: RecoverOptions, at: Situation): void {
  const { local, lineage, facts, known } = at
  if (options.changelogMode !== 'off') return
  const reached = known.entries.filter((e) => !foreignLog(e, lineage)).map((e) => e.nextInputOffset)
  if (local && !foreignLog(local.lineage, lineage)) reached.push(local.position().nextInput)
  const nextInput = Math.max(0, ...reached)
  if (nextInput <= (facts.committed ?? 0)) return
  throw new LabError(
    'RECOVERY_MISMATCH',
    `the state (or a snapshot of it) had reached input offset ${nextInput}, group ${options.group} has ${facts.committed ?? 'no committed offset'}`,
    { hint: 'the group offset was moved or deleted; to start over use a new prefix' },
  )
}
