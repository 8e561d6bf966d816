/**
 * The registry of crash points: `<operator>.<step>.<before|mid|after|held>`, `<operator>.pause.<point>`,
 * `<operator>.loop` and `<operator>.random`.
 *
 * Promises: every point has one sentence, its precondition, how it is made and what proves it; everything
 * that acts on points (worker, supervisor, evidence, plan) reads it from here. A new point is one entry.
 * Does not: make the kill, or know whether a worker can reach the point.
 */
import type { Operator } from '../contracts/names.ts'
import type { ErrorCode } from '../errors.ts'

/**
 * What the evidence has to show; core/crash/proofs*.ts has the rules.
 *   idle        nothing begun: what came before is committed, nothing of this batch is in the log
 *   unsent      begun in the journal, nothing of it in the log
 *   partial     some records acknowledged, not all, EndTxn never sent: ABORT by the next incarnation's fence
 *   aborted     all staged or less, EndTxn never sent: ABORT by the next incarnation's fence
 *   unanswered  EndTxn reached the broker, its answer never the client: COMMIT
 *   refused     EndTxn was held back until the next incarnation had fenced, then let go: refused, ABORT
 *   unapplied   committed and answered, nothing applied locally: COMMIT, state at the previous offset
 *   applied     committed, answered, applied: COMMIT, state at its offset
 *   unnamed     a snapshot file under its temporary name, no manifest of it
 *   unpublished a snapshot file under its name, no manifest of it in the log
 *   published   the manifest's COMMIT is in the log and answered, nothing is pruned
 *   half-pruned a snapshot file without its JSON
 *   recovering  the fence had returned, the step named was the last one; nothing of this life in the log
 *   powerless   stopped, overtaken, woken: refused, nothing of it committed or applied since
 *   repeated    each of the kills in a row, by the proof of its own point
 *   event       the n-th line of the journal was written: either marker
 *   fault       the kill as its own point demands, and the fault by fault-proofs.ts
 */
export type Proof =
  | 'idle'
  | 'unsent'
  | 'partial'
  | 'aborted'
  | 'unanswered'
  | 'refused'
  | 'unapplied'
  | 'applied'
  | 'unnamed'
  | 'unpublished'
  | 'manifest-aborted'
  | 'manifest-unanswered'
  | 'published'
  | 'half-pruned'
  | 'recovering'
  | 'powerless'
  | 'repeated'
  | 'event'
  | 'fault'

export interface CrashPoint {
  readonly name: string
  readonly operator: Operator
  readonly step: string
  readonly moment: 'before' | 'mid' | 'after' | 'held' | 'any'
  /** One sentence for `crash-matrix --list`. */
  readonly sentence: string
  readonly precondition: string
  /**
   * Who acts: the worker kills itself, the supervisor kills on the wire proxy's word or by itself, or the
   * worker stops itself (SIGSTOP) and is woken when another incarnation has taken over.
   */
  readonly made: 'worker' | 'wire' | 'supervisor' | 'stop'
  readonly proof: Proof
  /** What its hits count. */
  readonly counts: 'transactions' | 'snapshots' | 'recoveries' | 'lines'
  /** Journal lines that one data transaction writes; what a hit of a random point counts. */
  readonly eventsPerTransaction: number
  /** The operator keeps state of its own, so a restart may be cold. */
  readonly stateful: boolean
  /** Part of the matrix that runs when no points are named. */
  readonly byDefault: boolean
  /** Points inside a recovery: killed here first, so that there is something to recover from. */
  readonly base: string | undefined
  /** Reached only where the local state was deleted before. */
  readonly cold: boolean
  /** `fault.*` (faults.ts): what is done beside the kill, or in its place. */
  readonly fault?: FaultRow
  /** `loop`: the point and how many lives in a row are killed there. */
  readonly repeats: { readonly point: string; readonly times: number } | undefined
}

export interface FaultRow {
  /** How it is made, and what is only like the real thing. */
  readonly how: string
  /** Where OpB is killed before it. Null: nobody is, the fault hits a running pipeline. */
  readonly after: string | null
  /** survived: the next life recovers from it by itself. Else the code that names it; mended, the next life recovers. */
  readonly expected: 'survived' | ErrorCode
  /** What has to show that it really hit. */
  readonly shown: string
  /** It hits the broker, so the cell gets one of its own. */
  readonly ownBroker: boolean
}

type PointText = Pick<CrashPoint, 'sentence' | 'precondition' | 'made' | 'proof'> & { readonly cold?: true }

const OPEN = 'a data transaction with records is open'
const FLOWING = 'the worker is processing'

const worker = (proof: Proof, sentence: string, precondition = OPEN): PointText => ({
  sentence,
  precondition,
  made: 'worker',
  proof,
})

const TRANSACTION_POINTS: Readonly<Record<string, PointText>> = {
  'poll.after': worker(
    'idle',
    'a batch is fetched, nothing is computed or begun',
    'a batch with records is there',
  ),
  'compute.after': worker(
    'unsent',
    'the batch is computed on the overlay, nothing is produced',
    'a batch with records is there',
  ),
  'produce.mid': worker(
    'partial',
    'the first half of the records is acknowledged, the second half is not sent',
    'a data transaction of two records or more is open; its records are then sent in two halves',
  ),
  'produce.after': worker(
    'aborted',
    'all records of the transaction are acknowledged, its offsets are not yet added',
  ),
  'offsets.after': worker(
    'aborted',
    'the offsets are added to the transaction',
    'the offsets are part of the transaction (exactly-once)',
  ),
  'commit.before': worker('aborted', 'records and offsets are staged, EndTxn is not sent'),
  'commit.mid': {
    sentence: 'EndTxn has reached the broker, whose answer is withheld: the client never learns',
    precondition: 'frames go through the wire proxy, armed before the commit',
    made: 'wire',
    proof: 'unanswered',
  },
  'commit.held': {
    sentence:
      'EndTxn is on the wire, held back until the next incarnation has fenced, and then let go to the broker',
    precondition: 'frames go through the wire proxy, armed before the commit',
    made: 'wire',
    proof: 'refused',
  },
  'commit.after': worker('unapplied', 'the commit is answered, nothing is applied yet'),
}

const STATE = 'the operator keeps state'

const APPLY_POINTS: Readonly<Record<string, PointText>> = {
  'apply.before': worker(
    'unapplied',
    'the commit is answered and journalled, the local state is about to follow',
    STATE,
  ),
  'apply.mid': worker(
    'unapplied',
    'inside the SQLite transaction: the rows are written, the offsets are not',
    STATE,
  ),
  'apply.after': worker('applied', 'the batch is committed and applied, nothing else has begun', STATE),
}

const SNAPSHOT = 'a snapshot is asked for while the rest flows'

const SNAPSHOT_POINTS: Readonly<Record<string, PointText>> = {
  'snapshot-copy.mid': worker(
    'unnamed',
    'a part of the snapshot is written under its temporary name',
    SNAPSHOT,
  ),
  'snapshot-rename.before': worker(
    'unnamed',
    'the snapshot is whole and on disk, its name still temporary',
    SNAPSHOT,
  ),
  'snapshot-rename.after': worker('unpublished', 'the snapshot has its name, no manifest names it', SNAPSHOT),
  'manifest-produce.after': worker(
    'manifest-aborted',
    'the manifest is acknowledged in its open transaction',
    SNAPSHOT,
  ),
  'manifest-commit.mid': {
    sentence: "EndTxn of the manifest's transaction has reached the broker, whose answer is withheld",
    precondition: `${SNAPSHOT}; frames go through the wire proxy`,
    made: 'wire',
    proof: 'manifest-unanswered',
  },
  'manifest-commit.after': worker('published', 'the manifest is committed, nothing is pruned', SNAPSHOT),
  'prune.mid': worker(
    'half-pruned',
    'of the first snapshot that goes, the JSON is removed and the file is not',
    `${SNAPSHOT}, and one full snapshot is retained`,
  ),
}

const RECOVERING = 'a life before was killed at the first point of the pair'

const FENCE_POINT: Readonly<Record<string, PointText>> = {
  'fence.after': worker(
    'recovering',
    'InitProducerId has returned, nothing else of the recovery has begun',
    RECOVERING,
  ),
}

const RECOVERY_POINTS: Readonly<Record<string, PointText>> = {
  ...FENCE_POINT,
  'manifest-load.after': worker(
    'recovering',
    'offsets and manifests are read, nothing is restored',
    RECOVERING,
  ),
  'restore.mid': {
    ...worker(
      'recovering',
      'the snapshot lies in a new generation, the old one is still the current one',
      `${RECOVERING}, and its local state was deleted`,
    ),
    cold: true,
  },
  'restore.after': worker('recovering', 'the state is restored, nothing is replayed', RECOVERING),
  'replay.mid': {
    ...worker(
      'recovering',
      'one chunk of the changelog is applied, at least one is to come',
      `${RECOVERING}, its local state was deleted, and replay goes in small chunks`,
    ),
    cold: true,
  },
  'replay.after': worker('recovering', 'the changelog is replayed, the input is not resumed', RECOVERING),
}

const pausedAt = (place: string, what: string, precondition = OPEN): [string, PointText] => [
  `pause.${place}`,
  {
    sentence: `stopped (SIGSTOP) ${what}; another incarnation takes over and finishes; then the zombie is woken`,
    precondition,
    made: 'stop',
    proof: 'powerless',
  },
]

const PAUSES: Readonly<Record<string, PointText>> = Object.fromEntries([
  pausedAt('commit.before', 'with everything staged and EndTxn unsent'),
  pausedAt('commit.after', 'with the commit answered and nothing applied'),
])

const SNAPSHOT_PAUSES: Readonly<Record<string, PointText>> = Object.fromEntries([
  pausedAt('snapshot-rename.before', 'with a whole snapshot under its temporary name', SNAPSHOT),
])

const LOOP_TIMES = 3

const LOOP: PointText = {
  sentence: `${LOOP_TIMES} lives in a row, each killed in the commit of its first transaction since the one before`,
  precondition: FLOWING,
  made: 'wire',
  proof: 'repeated',
}

const RANDOM: PointText = {
  sentence: "anywhere: the supervisor kills once the n-th line of the worker's journal is written",
  precondition: FLOWING,
  made: 'supervisor',
  proof: 'event',
}

interface OperatorPoints {
  readonly operator: Operator
  readonly transaction: Readonly<Record<string, PointText>>
  readonly snapshot: Readonly<Record<string, PointText>>
  readonly recovery: Readonly<Record<string, PointText>>
  /** txn, produce, offsets, commit invoke and ok; OpB also apply invoke and ok. */
  readonly eventsPerTransaction: number
  readonly stateful: boolean
}

const OPERATORS: readonly OperatorPoints[] = [
  {
    operator: 'opa',
    transaction: { ...TRANSACTION_POINTS, ...PAUSES },
    snapshot: {},
    recovery: FENCE_POINT,
    eventsPerTransaction: 5,
    stateful: false,
  },
  {
    operator: 'opb',
    transaction: { ...TRANSACTION_POINTS, ...APPLY_POINTS, ...PAUSES },
    snapshot: { ...SNAPSHOT_POINTS, ...SNAPSHOT_PAUSES },
    recovery: RECOVERY_POINTS,
    eventsPerTransaction: 7,
    stateful: true,
  },
]

/** The smoke selection: what a matrix without named points runs. */
const BY_DEFAULT: ReadonlySet<string> = new Set([
  'produce.after',
  'commit.before',
  'commit.mid',
  'commit.after',
  'apply.before',
  'random',
])

function pointsOf(of: OperatorPoints): CrashPoint[] {
  const { operator, eventsPerTransaction, stateful } = of
  const entry = (place: string, text: PointText, counts: CrashPoint['counts']): CrashPoint => {
    const parts = place.split('.')
    const moment = parts.length > 1 ? (parts.pop() as CrashPoint['moment']) : 'any'
    return {
      name: `${operator}.${place}`,
      operator,
      step: parts.join('.'),
      moment,
      sentence: text.sentence,
      precondition: text.precondition,
      made: text.made,
      proof: text.proof,
      counts,
      eventsPerTransaction,
      stateful,
      byDefault: BY_DEFAULT.has(place),
      base: counts === 'recoveries' ? `${operator}.commit.mid` : undefined,
      cold: text.cold ?? false,
      repeats: place === 'loop' ? { point: `${operator}.commit.mid`, times: LOOP_TIMES } : undefined,
    }
  }
  const all = (texts: Readonly<Record<string, PointText>>, counts: CrashPoint['counts']): CrashPoint[] =>
    Object.entries(texts).map(([place, text]) => entry(place, text, counts))
  return [
    ...all(of.transaction, 'transactions'),
    ...all(of.snapshot, 'snapshots'),
    ...all(of.recovery, 'recoveries'),
    entry('loop', LOOP, 'transactions'),
    entry('random', RANDOM, 'lines'),
  ]
}

export const CRASH_POINTS: readonly CrashPoint[] = OPERATORS.flatMap(pointsOf)

export const findPoint = (name: string): CrashPoint | undefined => CRASH_POINTS.find((p) => p.name === name)
