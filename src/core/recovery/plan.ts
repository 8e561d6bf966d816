/**
 * What to restore: a pure decision from the local state's facts, the known snapshots and the log's ends.
 *
 * Promises: every candidate that is passed over has its reason in `notes`, to be said aloud; local state of
 * another prefix, partition, window, mode or schema is refused (STATE_MISMATCH), never quietly replaced.
 * Does not: open anything. A snapshot that turns out damaged is struck off and `choose` is asked again.
 */
import { LabError } from '../errors.ts'
import { SCHEMA_VERSION } from '../contracts/records.ts'
import type { SnapshotEntry } from '../contracts/records.ts'
import type { StoreLineage, StorePosition } from '../ports/store.ts'
import { chainOf, missingBase } from './manifest.ts'

/** Ends of what the state is derived from: the changelog, or the input with the changelog off. */
export interface LogEnds {
  readonly topic: string
  readonly logStart: number
  /** First offset that does not exist yet for us: high watermark, or the committed offset. */
  readonly end: number
}

export interface PlanInput {
  readonly lineage: StoreLineage
  /** Local state that opened; its position. Undefined if there is none. */
  readonly local: { readonly lineage: StoreLineage; readonly position: StorePosition } | undefined
  /** 'ignore': restore even where newer local state exists (recover --manifest). */
  readonly keepLocal: boolean
  /** Candidates in the order they are to be tried. */
  readonly snapshots: readonly SnapshotEntry[]
  readonly log: LogEnds
  /** End of the input: a position beyond it is of another log. */
  readonly inputEnd: number
}

export interface Plan {
  readonly source: 'local' | 'snapshot' | 'none'
  /** Oldest first; empty unless the source is a snapshot. */
  readonly chain: readonly SnapshotEntry[]
  readonly notes: readonly string[]
}

const REFUSED = [
  ['prefix', 'prefix'],
  ['partition', 'partition'],
  ['window', 'window (seconds)'],
  ['changelogMode', 'changelog mode'],
  ['schemaVersion', 'schema version'],
] as const

/** Throws STATE_MISMATCH if state at `where` is not for this task under these settings. */
export function refuseMismatch(found: StoreLineage, wanted: StoreLineage, where: string): void {
  const differences = REFUSED.filter(([field]) => found[field] !== wanted[field]).map(
    ([field, name]) =>
      `${name} is ${JSON.stringify(found[field])}, asked for ${JSON.stringify(wanted[field])}`,
  )
  if (differences.length === 0) return
  throw new LabError('STATE_MISMATCH', `${where} belongs to something else: ${differences.join('; ')}`, {
    hint: 'run with the same settings as before, or give another --state-dir; to start over, move that directory away',
  })
}

/** Why state of the same settings cannot be continued: its log is gone. Undefined if it can. */
export function foreignLog(
  found: Pick<StoreLineage, 'clusterId' | 'inputTopicId' | 'changelogTopicId'>,
  wanted: StoreLineage,
): string | undefined {
  if (found.clusterId !== wanted.clusterId)
    return `it is of another cluster (${found.clusterId}, now ${wanted.clusterId})`
  if (found.inputTopicId !== wanted.inputTopicId) return 'its input topic was deleted and made anew since'
  // With the changelog off the topic plays no part, so its identity does not either.
  if (wanted.changelogMode !== 'off' && found.changelogTopicId !== wanted.changelogTopicId)
    return 'its changelog topic was deleted and made anew since'
  return undefined
}

/** Offset in the replayed log that a state at this position needs next. */
export const needed = (lineage: StoreLineage, position: StorePosition): number =>
  lineage.changelogMode === 'off' ? position.nextInput : position.nextChangelog

export const snapshotPosition = (entry: SnapshotEntry): StorePosition => ({
  nextInput: entry.nextInputOffset,
  nextChangelog: entry.lastChangelogOffset + 1,
})

/** Why this snapshot can't be used here, or undefined. */
export function unusable(entry: SnapshotEntry, input: PlanInput): string | undefined {
  const { lineage, log } = input
  if (entry.partition !== lineage.partition) return `it is of partition ${entry.partition}`
  if (entry.schemaVersion !== SCHEMA_VERSION) return `it has schema version ${String(entry.schemaVersion)}`
  if (entry.changelogMode !== lineage.changelogMode)
    return `it was taken in changelog mode ${entry.changelogMode}`
  const foreign = foreignLog(entry, lineage)
  if (foreign) return foreign
  const next = needed(lineage, snapshotPosition(entry))
  if (next > log.end) return `it stands at offset ${next} of ${log.topic}, beyond the end ${log.end}`
  if (entry.nextInputOffset > input.inputEnd)
    return `it stands at input offset ${entry.nextInputOffset}, beyond the end ${input.inputEnd}`
  if (next < log.logStart) return `${log.topic} begins at ${log.logStart}, it would need ${next}`
  const base = missingBase(entry, input.snapshots)
  return base && `it builds on ${base}, which is not known`
}

function localProblem(input: PlanInput): string | undefined {
  const { local, lineage, log } = input
  if (!local) return 'there is none'
  if (!input.keepLocal) return 'a manifest was asked for'
  const foreign = foreignLog(local.lineage, lineage)
  if (foreign) return foreign
  const next = needed(lineage, local.position)
  if (next > log.end) return `it stands at offset ${next} of ${log.topic}, beyond the end ${log.end}`
  if (local.position.nextInput > input.inputEnd)
    return `it stands at input offset ${local.position.nextInput}, beyond the end ${input.inputEnd}`
  if (next < log.logStart) return `${log.topic} begins at ${log.logStart}, it would need ${next}`
  return undefined
}

export function choose(input: PlanInput): Plan {
  const notes: string[] = []
  const snapshot = input.snapshots.find((entry) => {
    const why = unusable(entry, input)
    if (why) notes.push(`snapshot ${entry.snapshotId} is not used: ${why}`)
    return !why
  })
  const problem = localProblem(input)
  if (problem && input.local) notes.push(`local state is not used: ${problem}`)
  if (!problem && input.local) {
    const here = needed(input.lineage, input.local.position)
    const there = snapshot ? needed(input.lineage, snapshotPosition(snapshot)) : -1
    if (here >= there) return { source: 'local', chain: [], notes }
    notes.push(`local state is not used: it stands at ${here}, snapshot ${snapshot!.snapshotId} at ${there}`)
  }
  if (snapshot) return { source: 'snapshot', chain: chainOf(snapshot, input.snapshots) ?? [snapshot], notes }
  refuseGap(input.log, 0, notes)
  if (input.log.end > 0) notes.push('empty state, full replay')
  return { source: 'none', chain: [], notes }
}

/** Recovery never starts from a hole. `tried` says why nothing that is there could be used. */
export function refuseGap(log: LogEnds, from: number, tried: readonly string[] = []): void {
  if (log.logStart <= from) return
  throw new LabError(
    'RECOVERY_GAP',
    `${log.topic}: offsets ${from} to ${log.logStart - 1} are gone (the log begins at ${log.logStart}), and nothing local or snapshotted stands beyond them${tried.map((note) => `; ${note}`).join('')}`,
    {
      hint: 'restore a snapshot that is at least that new (eoslab snapshot list), or begin again under a new prefix',
    },
  )
}
