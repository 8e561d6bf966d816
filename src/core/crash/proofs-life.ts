/**
 * The proofs of kills beside the data: in a snapshot and in a recovery.
 *
 * Promises: pure; each rule names what speaks against a hit, in words.
 */
import type { HistoryEvent } from '../history/event.ts'
import { has, lastOf, markerIs, place, unanswered, unsentAndAborted, writtenBy } from './case.ts'
import type { Case, KillFacts, Objection, ProofRule } from './case.ts'
import { findPoint } from './registry.ts'

const idOf = (facts: KillFacts): string | undefined => {
  const id = lastOf(facts, 'snapshot', 'invoke')?.['snapshotId']
  return typeof id === 'string' ? id : undefined
}

/** Files of a snapshot: their names begin with its id, without the signs that some file systems refuse. */
const filesOf = (facts: KillFacts, id: string): string[] =>
  (facts.snapshotFiles ?? []).filter((name) => name.startsWith(`${id.replaceAll(/[^A-Za-z0-9._-]/g, '-')}.`))

const NAMED = /\.(full\.db|part)$/
const TEMPORARY = /\.unfinished$/

/** Manifests in the log, committed or not, that name this snapshot as theirs. */
function manifestsOf(facts: KillFacts, id: string): number {
  const names = (value: Buffer | null): boolean => {
    try {
      return (JSON.parse(value?.toString('utf8') ?? '') as { snapshotId?: unknown }).snapshotId === id
    } catch {
      return false
    }
  }
  return (facts.manifests ?? []).reduce(
    (sum, p) => sum + p.entries.filter((e) => e.kind === 'data' && names(e.value)).length,
    0,
  )
}

/** A snapshot that was begun and of which no manifest is in the log. */
function unpublishedSnapshot(facts: KillFacts): { id: string; files: string[] } | string {
  const id = idOf(facts)
  if (id === undefined) return 'the journal shows no snapshot'
  if (facts.manifests === undefined) return 'the manifests could not be read'
  if (manifestsOf(facts, id) > 0) return `a manifest of ${id} is in the log`
  return { id, files: filesOf(facts, id) }
}

function unnamed(facts: KillFacts): Objection {
  const found = unpublishedSnapshot(facts)
  if (typeof found === 'string') return found
  if (lastOf(facts, 'snapshot', 'ok')?.['snapshotId'] === found.id) return 'the snapshot was finished'
  if (!found.files.some((name) => TEMPORARY.test(name))) return `there is no unfinished file of ${found.id}`
  return found.files.some((name) => NAMED.test(name)) ? `${found.id} had its name` : undefined
}

function unpublished(facts: KillFacts): Objection {
  const found = unpublishedSnapshot(facts)
  if (typeof found === 'string') return found
  return found.files.some((name) => NAMED.test(name)) ? undefined : `there is no file of ${found.id}`
}

function published(c: Case): Objection {
  if (!has(c, 'commit', 'ok')) return "the journal does not have the answer to the manifest's commit"
  const pruned = c.facts.journals.killed.some((e) => e.f === 'prune' && e.t >= c.txn.invoke.t)
  if (pruned) return 'older snapshots had been pruned'
  return markerIs(c, 'COMMIT')
}

/** Snapshot files whose JSON is gone: the state of a file that is being pruned. */
const halfGone = (facts: KillFacts): string[] =>
  (facts.snapshotFiles ?? []).filter(
    (name) => NAMED.test(name) && !facts.snapshotFiles!.includes(`${name}.json`),
  )

function halfPruned(c: Case): Objection {
  const before = published(c)
  if (before !== undefined) return before
  return halfGone(c.facts).length === 1
    ? undefined
    : `${halfGone(c.facts).length} snapshot files are without their JSON`
}

/** What the journal of a recovery has, and has not yet, at each step. */
const RECOVERED: Readonly<Record<string, { has?: Done; lacks: Done }>> = {
  'fence.after': { lacks: ['committed-offset', 'ok'] },
  'manifest-load.after': { has: ['manifest', 'ok'], lacks: ['restore', 'ok'] },
  'restore.mid': { has: ['manifest', 'ok'], lacks: ['restore', 'ok'] },
  'restore.after': { has: ['restore', 'ok'], lacks: ['replay', 'invoke'] },
  'replay.mid': { has: ['replay', 'invoke'], lacks: ['replay', 'ok'] },
  'replay.after': { has: ['replay', 'ok'], lacks: ['resume', 'info'] },
}

type Done = readonly [HistoryEvent['f'], HistoryEvent['type']]

function recovering(facts: KillFacts): Objection {
  const point = findPoint(facts.point)
  const step = `${point?.step}.${point?.moment}`
  const wanted = RECOVERED[step]
  if (!wanted) return `${facts.point} is no step of a recovery`
  if (!lastOf(facts, 'fence', 'ok')) return 'the fence had not returned'
  if (wanted.has && !lastOf(facts, ...wanted.has)) return `the journal has no "${wanted.has.join(' ')}"`
  if (lastOf(facts, ...wanted.lacks)) return `the journal has "${wanted.lacks.join(' ')}"`
  const written = writtenBy(facts, 0)
  if (written > 0) return `the log holds ${written} records of this life`
  if (step === 'replay.mid') return midReplay(facts)
  if (step === 'restore.mid' && facts.sqliteNextInputAtKill !== undefined) return 'there was a current state'
  return undefined
}

function midReplay(facts: KillFacts): Objection {
  const replay = lastOf(facts, 'replay', 'invoke')!
  const at = facts.sqliteNextChangelogAtKill
  if (at === undefined) return 'the local state at the kill could not be read'
  const between = at > Number(replay['from']) && at < Number(replay['to'])
  return between
    ? undefined
    : `the local state is at ${at}, not between ${String(replay['from'])} and ${String(replay['to'])}`
}

const snapshotName = (facts: KillFacts): string => idOf(facts) ?? 'the snapshot'

export const LIFE_PROOFS = {
  unnamed: {
    about: 'life',
    itself: true,
    objection: unnamed,
    proven: (facts) =>
      `${snapshotName(facts)} lay under its temporary name, and no manifest in the log names it`,
  },
  unpublished: {
    about: 'life',
    itself: true,
    objection: unpublished,
    proven: (facts) => `${snapshotName(facts)} had its name, and no manifest in the log names it`,
  },
  'manifest-aborted': {
    about: 'manifest',
    itself: true,
    objection: unsentAndAborted,
    proven: (c) =>
      `the manifest's transaction ${c.txn.n} was open and EndTxn unsent; the next incarnation's fence wrote ABORT${place(c)}`,
  },
  'manifest-unanswered': {
    about: 'manifest',
    itself: false,
    objection: unanswered,
    proven: (c) =>
      `EndTxn of the manifest's transaction ${c.txn.n} reached the broker, its answer was withheld; the log shows COMMIT${place(c)}`,
  },
  published: {
    about: 'manifest',
    itself: true,
    objection: published,
    proven: (c) =>
      `the manifest's transaction ${c.txn.n} was committed, nothing was pruned; the log shows COMMIT${place(c)}`,
  },
  'half-pruned': {
    about: 'manifest',
    itself: true,
    objection: halfPruned,
    proven: (c) =>
      `the newer manifest was committed${place(c)}; ${halfGone(c.facts)[0]} was left without its JSON`,
  },
  recovering: {
    about: 'life',
    itself: true,
    objection: recovering,
    proven: (facts) => {
      const point = findPoint(facts.point)
      const replay = lastOf(facts, 'replay', 'invoke')
      const where =
        point?.step === 'replay' && point.moment === 'mid'
          ? `, at offset ${facts.sqliteNextChangelogAtKill} of ${String(replay?.['to'])} of the changelog`
          : ''
      return `the recovery had fenced and got to ${point?.step} ${point?.moment}${where}; this life wrote nothing`
    },
  },
} as const satisfies Readonly<Record<string, ProofRule>>
