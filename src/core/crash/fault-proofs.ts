/**
 * The evidence of a fault: proof that it really hit, from what the supervisor saw on disk and what the next
 * lives wrote down; or the reason why it proves nothing, which makes the cell vacuous.
 *
 * Promises: pure; nothing missing counts as proof; a fault that was to be named and wasn't is no hit. That
 * the pipeline came through sound is the oracle's word, not this one's.
 */
import {
  deleted,
  files,
  nameOf,
  replayFrom,
  restored,
  sourceOf,
  stateFiles,
  type FaultFacts,
  type FaultProof,
  type FileSeen,
  type Objection,
} from './fault-case.ts'
import { LIVE_PROOFS } from './fault-proofs-live.ts'
import { findFault, type FaultName } from './faults.ts'

export type { FaultFacts, FaultSeen, FileSeen, Flip } from './fault-case.ts'

export interface FaultEvidence {
  readonly hit: boolean
  readonly summary: string
}

const DATABASE = /state\.db$/
const WAL = /state\.db-wal$/
const POINTER = /CURRENT$/
const BESIDE = /^snapshots\/.*\.json$/
const SNAPSHOT = /^snapshots\/.*\.(full\.db|part)$/

const bytesOf = (files: readonly FileSeen[]): number => files.reduce((sum, { bytes }) => sum + bytes, 0)

const notLocal = (facts: FaultFacts): Objection =>
  ['snapshot', 'none'].includes(sourceOf(facts))
    ? undefined
    : `the next life restored from ${sourceOf(facts)}`

/** Just one bit of one file differs. */
function oneBit(facts: FaultFacts, which: RegExp): Objection {
  const { before, after, flips } = facts.seen
  const [flip] = flips
  if (!flip || flips.length !== 1) return `${flips.length} bits were flipped`
  if (!which.test(flip.file)) return `the flipped file is ${flip.file}`
  const [was, is] = [before, after].map((all) => all.find(({ file }) => file === flip.file))
  if (!was || !is) return `${flip.file} was not there before and after`
  if (was.bytes !== is.bytes) return `${flip.file} had ${was.bytes} bytes and has ${is.bytes}`
  if (was.sha256 === is.sha256) return `${flip.file} is what it was`
  const bits = (flip.from ^ flip.to).toString(2).replaceAll('0', '').length
  return bits === 1 ? undefined : `${bits} bits differ at ${flip.offset}`
}

const tellFlip = ({ seen: { flips } }: FaultFacts): string =>
  flips.map((f) => `byte ${f.offset} of ${f.file} went from ${f.from} to ${f.to}`).join(', ')

const tellRestore = (facts: FaultFacts): string => {
  const id = restored(facts)?.['snapshotId']
  const what = sourceOf(facts) === 'snapshot' ? `snapshot ${String(id)}` : 'an empty state'
  return `the next life began from ${what} and replayed from offset ${replayFrom(facts)} of the changelog`
}

/** Just one file of that kind differs, and it is shorter. */
function shorter({ seen: { before, after } }: FaultFacts, which: RegExp): Objection {
  for (const was of files(before, which)) {
    const is = after.find(({ file }) => file === was.file)
    if (!is) return `${was.file} is gone`
    if (is.bytes < was.bytes) return undefined
  }
  return 'no file is shorter than it was'
}

const tellCut = ({ seen: { before, after } }: FaultFacts, which: RegExp): string =>
  files(before, which)
    .flatMap((was) => {
      const is = after.find(({ file }) => file === was.file)
      return is && is.bytes < was.bytes ? [`${was.file} was cut from ${was.bytes} to ${is.bytes} bytes`] : []
    })
    .join(', ')

const furtherBack = ({ seen }: FaultFacts): Objection => {
  const { nextChangelogBefore: was, nextChangelogAfter: is } = seen
  return was !== undefined && (is === undefined || is < was) ? undefined : `the state still stands at ${is}`
}

const setAside = (facts: FaultFacts): Objection =>
  notLocal(facts) ??
  (facts.next.some((e) => e.f === 'set-aside' && e.task === facts.task)
    ? undefined
    : 'the next life set nothing aside')

const tellAside = (facts: FaultFacts): string =>
  `it was set aside: ${facts.next.find((e) => e.f === 'set-aside')?.['reason'] as string}; ${tellRestore(facts)}`

const tellStand = (facts: FaultFacts): string =>
  `the state stood at ${facts.seen.nextChangelogAfter ?? 'nothing'} instead of ${facts.seen.nextChangelogBefore}; the next life restored from ${sourceOf(facts)} and replayed from ${replayFrom(facts)}`

const errorOf = ({ refused }: FaultFacts): string =>
  (refused.findLast((e) => e.f === 'error')?.['message'] as string | undefined) ?? 'nothing'

const FLIPPED_ROW: FaultProof = {
  objection: (facts) => oneBit(facts, DATABASE) ?? setAside(facts),
  proven: (facts) => `${tellFlip(facts)}; ${tellAside(facts)}`,
}

const codeOf = ({ struck = [] }: FaultFacts): string | undefined =>
  struck.findLast((e) => e.f === 'error')?.['code'] as string | undefined

/** EndTxn was with the broker when it was struck, the client had no answer, and ended by itself for it. */
function inCommit(facts: FaultFacts): Objection {
  const { broker } = facts.seen
  if (!broker) return 'nothing was done to the broker'
  const ends = (facts.frames ?? []).filter((f) => f.api === 'EndTxn' && f.commit === true && f.t <= broker.at)
  const withheld = ends.find((f) => f.moment === 'withheld' && f.errorCode === 0)
  if (!withheld) return 'no EndTxn was with the broker, its answer on the way'
  if (codeOf(facts) === undefined) return 'the life that was inside the commit named no error'
  if (!Number.isFinite(replayFrom(facts))) return 'no life after it replayed to the end'
  const sent = (facts.struck ?? []).findLast((e) => e.f === 'commit')
  return sent?.type === 'ok' ? 'the life learned that its commit was done' : undefined
}

const tellBroker = (facts: FaultFacts): string =>
  `EndTxn had reached it; the life inside that commit ended with ${codeOf(facts)}, the next one restored from ${sourceOf(facts)} and replayed from ${replayFrom(facts)}`

/** A link of a chain: nothing that may build on it was restored either. */
const CHAIN = (link: RegExp): FaultProof => ({
  objection: (facts) => {
    const { before } = facts.seen
    if (files(before, /^snapshots\/.*\.part$/).length === 0) return 'there was no partial snapshot'
    return deleted(facts) ?? oneBit(facts, link) ?? notLocal(facts) ?? notBuiltOn(facts)
  },
  proven: (facts) => `${tellFlip(facts)}; ${tellRestore(facts)}`,
})

/** Longest request and longest transaction. */
const TIMEOUTS_MS = 10_000

const PROOFS: Readonly<Record<FaultName, FaultProof>> = {
  ...LIVE_PROOFS,
  'fault.state-deleted': {
    objection: (facts) => deleted(facts) ?? notLocal(facts),
    proven: (facts) =>
      `${stateFiles(facts.seen.before).length} files of ${bytesOf(stateFiles(facts.seen.before))} bytes were deleted; ${tellRestore(facts)}`,
  },
  'fault.state-older': {
    objection: (facts) => {
      const { nextChangelogBefore: was, nextChangelogAfter: is } = facts.seen
      if (was === undefined || is === undefined) return 'the state could not be read before and after'
      if (is >= was) return `the copy put back stands at ${is}, the state it replaced at ${was}`
      if (sourceOf(facts) !== 'local') return undefined
      return replayFrom(facts) === is
        ? undefined
        : `the next life replayed from ${replayFrom(facts)}, not ${is}`
    },
    proven: (facts) => {
      const { nextChangelogBefore: was, nextChangelogAfter: is } = facts.seen
      return `state at changelog offset ${was} was replaced by one at ${is}; the next life restored from ${sourceOf(facts)} and replayed from ${replayFrom(facts)}`
    },
  },
  'fault.state-torn': {
    objection: (facts) => shorter(facts, DATABASE) ?? setAside(facts),
    proven: (facts) => `${tellCut(facts, DATABASE)}; ${tellAside(facts)}`,
  },
  'fault.state-sum-flipped': FLIPPED_ROW,
  'fault.state-key-flipped': FLIPPED_ROW,
  'fault.wal-torn': {
    objection: (facts) => shorter(facts, WAL) ?? furtherBack(facts),
    proven: (facts) => `${tellCut(facts, WAL)}; ${tellStand(facts)}`,
  },
  'fault.wal-flipped': {
    objection: (facts) => oneBit(facts, WAL) ?? furtherBack(facts),
    proven: (facts) => `${tellFlip(facts)}; ${tellStand(facts)}`,
  },
  'fault.current-garbled': {
    objection: ({ seen: { before, after } }) => {
      const [was, is] = [before, after].map((all) => files(all, POINTER)[0])
      return was && is && was.sha256 !== is.sha256 ? undefined : 'CURRENT is what it was'
    },
    proven: (facts) => `CURRENT held zeros; the next life said: ${errorOf(facts)}`,
  },
  'fault.current-unreadable': {
    objection: (facts) => (/EIO/.test(errorOf(facts)) ? undefined : 'the error does not say EIO'),
    proven: (facts) => `the next life said: ${errorOf(facts)}`,
  },
  'fault.broker-killed': {
    objection: (facts) => {
      const { broker } = facts.seen
      if (broker && broker.ended !== 'signal SIGKILL') return `the broker ended with ${broker.ended}`
      if (broker && broker.before === broker.after) return 'the broker is the same process'
      return inCommit(facts)
    },
    proven: (facts) => {
      const { before, after, ended, downMs } = facts.seen.broker!
      return `the broker (pid ${before}) ended with ${ended} and was back as pid ${after} after ${downMs} ms; ${tellBroker(facts)}`
    },
  },
  'fault.broker-paused': {
    objection: (facts) => {
      const { broker } = facts.seen
      if (broker && broker.before !== broker.after) return 'the broker is another process'
      if (broker && broker.downMs <= TIMEOUTS_MS) return `the broker stood still for ${broker.downMs} ms only`
      return inCommit(facts)
    },
    proven: (facts) =>
      `the broker (pid ${facts.seen.broker!.before}) stood still for ${facts.seen.broker!.downMs} ms; ${tellBroker(facts)}`,
  },
  'fault.snapshot-torn': {
    objection: (facts) => deleted(facts) ?? shorter(facts, SNAPSHOT) ?? notLocal(facts),
    proven: (facts) => `${tellCut(facts, SNAPSHOT)}; ${tellRestore(facts)}`,
  },
  'fault.manifest-garbled': {
    objection: (facts) =>
      deleted(facts) ??
      shorter(facts, BESIDE) ??
      (sourceOf(facts) === 'snapshot' ? undefined : `the next life restored from ${sourceOf(facts)}`),
    proven: (facts) => `${tellCut(facts, BESIDE)}; ${tellRestore(facts)}`,
  },
  'fault.partial-flipped': CHAIN(/^snapshots\/.*\.part$/),
  'fault.base-flipped': CHAIN(/^snapshots\/.*\.full\.db$/),
  'fault.snapshot-flipped': {
    objection: (facts) => deleted(facts) ?? oneBit(facts, SNAPSHOT) ?? notLocal(facts) ?? notDamaged(facts),
    proven: (facts) => `${tellFlip(facts)}; ${tellRestore(facts)}`,
  },
}

/** Names begin with their time: what is older can't build on the damaged one. */
function notBuiltOn(facts: FaultFacts): Objection {
  const id = restored(facts)?.['snapshotId']
  if (typeof id !== 'string') return undefined
  const damaged = facts.seen.flips[0]!.file.replace(/^.*\//, '')
  return nameOf(id) < damaged.replace(/\.(full\.db|part)$/, '')
    ? undefined
    : `the next life restored ${id}, which is no older than ${damaged}`
}

/** The damaged snapshot was not what the next life began from. */
function notDamaged(facts: FaultFacts): Objection {
  const id = restored(facts)?.['snapshotId']
  if (typeof id !== 'string') return undefined
  const name = nameOf(id)
  const [flip] = facts.seen.flips
  return flip?.file.includes(name) ? `the next life restored the damaged snapshot ${id}` : undefined
}

/** A fault that must be named ends the life that meets it by itself, with its code in the journal. */
function named({ seen, refused }: FaultFacts, code: string): Objection {
  if (!seen.refused) return 'no life was started on it'
  const error = refused.findLast((e) => e.f === 'error')
  if (!error) return `the life that met it ended with ${seen.refused.exit ?? 'a signal'} and named no error`
  if (error['code'] !== code) return `it was named ${String(error['code'])}, not ${code}`
  // One that met it while it worked had committed before.
  if (findFault(seen.fault)?.fault?.after === null) return undefined
  const effect = refused.find((e) => e.f === 'commit' && e.type === 'ok')
  return effect ? 'the life that named it had committed' : undefined
}

export function weighFault(facts: FaultFacts): FaultEvidence {
  const { fault } = facts.seen
  const expected = findFault(fault)?.fault?.expected
  const proof = PROOFS[fault as FaultName] as FaultProof | undefined
  if (expected === undefined || !proof) return { hit: false, summary: `"${fault}" is no fault` }
  const against = proof.objection(facts) ?? (expected === 'survived' ? undefined : named(facts, expected))
  if (against !== undefined) return { hit: false, summary: `${fault}: ${against}` }
  const told = expected === 'survived' ? 'survived' : `named ${expected}, mended`
  return { hit: true, summary: `${fault}, ${told}: ${proof.proven(facts)}` }
}
