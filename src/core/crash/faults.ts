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
const LOST = `${DOWN}, and its state directory is deleted`

const down = (
  sentence: string,
  how: string,
  rest: Pick<FaultText, 'expected' | 'shown'> & { precondition?: string },
): FaultText => ({ sentence, how, precondition: DOWN, ...rest })

const BY_BYTES = "the supervisor changes the file's bytes, at places drawn by the seed"

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
  'snapshot-flipped': down('one bit of the newest snapshot flips', BY_BYTES, {
    precondition: LOST,
    expected: 'survived',
    shown:
      'the snapshot has its size and another SHA-256, one bit differs; the next life did not restore from it',
  }),
} as const satisfies Readonly<Record<string, FaultText>>

export type FaultName = `fault.${keyof typeof BETWEEN}`

function faultOf([name, text]: [string, FaultText], after: string | null): CrashPoint {
  const { sentence, precondition, how, expected, shown } = text
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
    fault: { how, after, expected, shown, ownBroker, full: !ownBroker },
  }
}

export const FAULTS: readonly CrashPoint[] = Object.entries(BETWEEN).map((entry) => faultOf(entry, KILLED))

export const findFault = (name: string): CrashPoint | undefined => FAULTS.find((f) => f.name === name)
