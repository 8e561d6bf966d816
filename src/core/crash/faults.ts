/**
 * The registry of faults beyond a kill: `fault.<what is hit>`.
 *
 * Promises: every fault has one sentence, its precondition, how it is made (and what is only like the real
 * thing), what shows that it hit, and what must come of it. A new one is an entry here, a proof in
 * fault-proofs.ts and hands in src/lab/fault/.
 * Does not: do any of it.
 */
import type { CrashPoint, FaultRow } from './registry.ts'

type FaultText = Pick<FaultRow, 'how' | 'expected' | 'shown'> & {
  readonly sentence: string
  readonly precondition: string
}

const KILLED = 'opb.commit.mid'
/** State that is behind what is committed, so that going on from it as it is would show. */
const DOWN = 'OpB was killed inside a commit; its state is behind the log'
const FOLDED = `${DOWN}; its write-ahead log is folded into the database, as a clean end does`
const LOST = `${DOWN}, and its state directory is deleted`
const CHAINED = `${LOST}; a full snapshot and partial ones on it were taken before`

const down = (
  sentence: string,
  how: string,
  rest: Pick<FaultText, 'expected' | 'shown'> & { precondition?: string },
): FaultText => ({ sentence, how, precondition: DOWN, ...rest })

const BY_BYTES = "the supervisor changes the file's bytes, at places drawn by the seed"

/** A clean start, because a journal must not be longer than the snapshot. */
const LIMITED = `OpB was stopped and started while nothing flowed; afterwards ${LOST}`

const BY_OFFSET =
  "an offset on the worker's wall clock, that of its Kafka client included; the monotonic clock stays, and so do the broker's and OpA's"
const CLOCK = {
  expected: 'survived',
  shown:
    "against the clock that all processes share, the next life's journal and the timestamps of its records in the log are off by an hour; a life after it, its clock right and its state deleted, restored the snapshot of the one that was off",
} as const

const BETWEEN = {
  'state-deleted': down(
    "the task's state directory is deleted",
    'removed recursively between kill and restart',
    {
      expected: 'survived',
      shown: 'the directory had files and has none; the next life kept no local state',
    },
  ),
  'state-older': down(
    'an older copy of the state directory is put back',
    'copied while the pipeline stood still at 40 % of the load, put back between kill and restart',
    {
      expected: 'survived',
      shown: 'the state put back stands before the one it replaced; the next life replayed from there',
    },
  ),
  'state-torn': down('the database is cut short', BY_BYTES, {
    precondition: FOLDED,
    expected: 'survived',
    shown: 'the database is shorter than it was; the next life set it aside',
  }),
  'state-sum-flipped': down('one bit flips in the sum of a row, and SQLite still opens it', BY_BYTES, {
    precondition: FOLDED,
    expected: 'survived',
    shown: 'one bit of the database differs and a row has changed; the next life set it aside',
  }),
  'state-key-flipped': down('one bit flips in the key of a row, and SQLite still opens it', BY_BYTES, {
    precondition: FOLDED,
    expected: 'survived',
    shown: 'one bit of the database differs and a row has changed; the next life set it aside',
  }),
  'wal-torn': down('the write-ahead log is cut short', BY_BYTES, {
    expected: 'survived',
    shown: 'the log is shorter than it was, and the state stands further back',
  }),
  'wal-flipped': down('one bit flips in the write-ahead log', BY_BYTES, {
    expected: 'survived',
    shown: 'one bit of the log differs, and the state stands further back',
  }),
  'current-garbled': down('CURRENT, which names the generation in use, holds zeros', BY_BYTES, {
    expected: 'STATE_UNUSABLE',
    shown: 'the file differs; the next life ended with the error and had committed nothing',
  }),
  'current-unreadable': down(
    'reading CURRENT fails with EIO',
    'CURRENT becomes a link to /proc/self/mem, where the kernel answers a read with EIO: the error is real, the bad disk is not',
    {
      expected: 'STATE_UNUSABLE',
      shown: 'the error in the journal says EIO; the next life had committed nothing',
    },
  ),
  'snapshot-flipped': down('one bit of the newest snapshot flips', BY_BYTES, {
    precondition: LOST,
    expected: 'survived',
    shown:
      'the snapshot has its size and another SHA-256, one bit differs; the next life did not restore from it',
  }),
  'snapshot-torn': down('the newest snapshot is cut short', BY_BYTES, {
    precondition: LOST,
    expected: 'survived',
    shown: 'the snapshot is shorter than it was; the next life did not restore from it',
  }),
  'partial-flipped': down(
    'one bit of the newest partial snapshot flips, the last link of its chain',
    BY_BYTES,
    {
      precondition: CHAINED,
      expected: 'survived',
      shown:
        'the partial has its size and another SHA-256, one bit differs; the next life restored an older snapshot or none',
    },
  ),
  'base-flipped': down('one bit of the full snapshot flips that partial ones build on', BY_BYTES, {
    precondition: CHAINED,
    expected: 'survived',
    shown:
      'the full one has its size and another SHA-256, one bit differs; the next life restored neither it nor a later one',
  }),
  'manifest-garbled': down('the JSON beside the newest snapshot is cut short', BY_BYTES, {
    precondition: LOST,
    expected: 'survived',
    shown: 'the file is shorter than it was; the next life restored by the manifest in the log',
  }),
  'snapshot-disk-full': down(
    'a write of a snapshot fails in the middle, for want of room',
    'a limit on the size of files (prlimit --fsize) on the living process, taken away when the snapshot has failed: the error (EFBIG) is real, the full disk is not',
    {
      precondition: LIMITED,
      expected: 'survived',
      shown:
        'the kernel reads the limit back; the journal has the failed snapshot with EFBIG or ENOSPC, and commits after it; nothing lies under its name; the next life restored the one before, and took another',
    },
  ),
  'clock-back': down('the next life has a clock that is an hour slow', BY_OFFSET, CLOCK),
  'clock-ahead': down('the next life has a clock that is an hour fast', BY_OFFSET, CLOCK),
} as const satisfies Readonly<Record<string, FaultText>>

const IN_COMMIT =
  "OpB's EndTxn has reached the broker, its answer is on the way; the broker is the cell's own"

const RUNNING = {
  'disk-full': {
    sentence: 'a write to the state fails in the middle of an apply, for want of room',
    precondition: 'OpB is processing; its transaction is committed',
    how: 'a limit on the size of files (prlimit --fsize) on the living process, a frame and a half beyond its write-ahead log: the error (EFBIG) is real, the full disk is not',
    expected: 'STATE_UNUSABLE',
    shown:
      'the kernel reads the limit back; the life ended by itself inside an apply, with EFBIG or ENOSPC in its error; the next one kept the state and replayed what had not been applied',
  },
  'broker-killed': {
    sentence: 'the broker is killed and started again while OpB is inside a commit',
    precondition: IN_COMMIT,
    how: 'SIGKILL to its JVM, then a start on the same data and port: a process crash, its page cache stays',
    expected: 'survived',
    shown:
      'the proxy saw EndTxn and withheld the answer before the JVM ended by SIGKILL; the process id changed; OpB ended by itself with an error and no answer to its commit',
  },
  'broker-paused': {
    sentence: 'the broker stands still for longer than every timeout while OpB is inside a commit',
    precondition: IN_COMMIT,
    how: 'SIGSTOP to its JVM (state T in /proc), SIGCONT 11.5 s later; requests and transactions time out after 10 s',
    expected: 'survived',
    shown:
      'the proxy saw EndTxn and withheld the answer; the broker stood for more than 10 s; OpB ended by itself with an error and no answer to its commit',
  },
} as const satisfies Readonly<Record<string, FaultText>>

export type BetweenName = `fault.${keyof typeof BETWEEN}`
/** Faults that a life runs into. */
export type LiveName = Extract<FaultName, `fault.${'' | 'snapshot-'}disk-full` | `fault.clock-${string}`>
export type FaultName = BetweenName | `fault.${keyof typeof RUNNING}`

function faultOf([name, text]: [string, FaultText], after: string | null): CrashPoint {
  const { sentence, precondition, how, expected, shown } = text
  // Everything but the broker is the cell's own anyway.
  const ownBroker = name.startsWith('broker-')
  return {
    name: `fault.${name}`,
    operator: 'opb',
    step: name,
    moment: 'any',
    sentence,
    precondition,
    made: 'supervisor',
    proof: 'fault',
    counts: 'transactions',
    eventsPerTransaction: 7,
    stateful: true,
    byDefault: false,
    base: undefined,
    cold: false,
    repeats: undefined,
    fault: { how, after, expected, shown, ownBroker },
  }
}

export const FAULTS: readonly CrashPoint[] = [
  ...Object.entries(BETWEEN).map((entry) => faultOf(entry, KILLED)),
  ...Object.entries(RUNNING).map((entry) => faultOf(entry, null)),
]

export const findFault = (name: string): CrashPoint | undefined => FAULTS.find((f) => f.name === name)
