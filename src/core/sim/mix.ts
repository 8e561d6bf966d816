/**
 * Faults as data, and how a seed draws them: a few mixes, because what is rare in all of them together is
 * frequent in one of its own.
 *
 * Promises: a pure function of the draws.
 */
import type { Operator } from '../contracts/names.ts'
import { CRASH_POINTS } from '../crash/registry.ts'
import type { Random } from './random.ts'

export const FAULT_KINDS = [
  'kill',
  'kill-at-point',
  'kill-in-recovery',
  'pause',
  'lost-answer',
  'lost-commit',
  'repeated-request',
  'expiry',
  'store-error',
  'snapshot-error',
  'compaction',
  'snapshot-request',
] as const
export type FaultKind = (typeof FAULT_KINDS)[number]

export interface SimFault {
  readonly kind: FaultKind
  readonly worker: Operator
  readonly task: number
  /** Step of the scheduler from which on it waits for its occasion. */
  readonly step: number
  /** kill-at-point only. */
  readonly point: string
  readonly hit: number
  /** OpB's local state is gone when the next life starts. */
  readonly cold: boolean
  /** Until the next life starts, or the paused process is woken. */
  readonly delayMs: number
  /** pause: another incarnation is started meanwhile. store-error, lost-answer: it had taken effect.
   *  lost-commit: the process is killed a few steps later, whatever it made of it. */
  readonly extra: boolean
}

export const MIXES = ['usual', 'pauses', 'commits', 'snapshots'] as const
export type Mix = (typeof MIXES)[number]

/** Points that a life can be told to die at; the others are made by the supervisor or by faults of their own. */
export const SIM_POINTS: readonly string[] = CRASH_POINTS.filter(
  (p) => (p.made === 'worker' || p.made === 'wire') && p.repeats === undefined,
).map((p) => p.name)

/** Reached once a life, before it does anything else: a life is killed first, and the next one there. */
const IN_RECOVERY = CRASH_POINTS.filter((p) => p.counts === 'recoveries')

const USUAL: readonly FaultKind[] = [
  ...Array.from({ length: 6 }, () => 'kill-at-point' as const),
  ...Array.from({ length: 4 }, () => 'kill' as const),
  ...Array.from({ length: 4 }, () => 'pause' as const),
  'lost-answer',
  'lost-answer',
  'repeated-request',
  'expiry',
  'expiry',
  'store-error',
  'snapshot-error',
  'compaction',
  'snapshot-request',
  'snapshot-request',
]

/** The more often a kind stands in a mix, the more often it is drawn. */
const KINDS: Readonly<Record<Mix, readonly FaultKind[]>> = {
  usual: USUAL,
  // Zombies: most are stopped in their snapshots and recoveries, where nobody had thought of one.
  pauses: [
    'pause',
    'pause',
    'pause',
    'pause',
    'kill',
    'kill-at-point',
    'snapshot-request',
    'snapshot-request',
  ],
  // Ends of transactions that arrive late, twice or never.
  commits: [
    'lost-commit',
    'lost-commit',
    'lost-commit',
    'kill-at-point',
    'kill-at-point',
    'kill',
    'kill',
    'lost-answer',
    'repeated-request',
    'expiry',
    'pause',
  ],
  snapshots: [
    'snapshot-request',
    'snapshot-request',
    'kill-at-point',
    'kill-at-point',
    'kill',
    'pause',
    'pause',
    'snapshot-error',
    'store-error',
    'compaction',
  ],
}

const PREFERRED: Readonly<Record<Mix, RegExp>> = {
  usual: /./,
  pauses: /./,
  commits: /\.(commit|manifest-commit|produce|offsets)\./,
  snapshots: /\.(snapshot|manifest|prune|restore)/,
}

export interface FaultRoom {
  readonly mix: Mix
  readonly partitions: number
  /** Over how many steps they are spread. */
  readonly steps: number
}

export function drawFault(draw: Random, { mix, partitions, steps }: FaultRoom): SimFault {
  const drawn = draw.pick(KINDS[mix])
  const point = draw.pick(SIM_POINTS.filter((name) => PREFERRED[mix].test(name)))
  const recovery = IN_RECOVERY.find((p) => p.name === point)
  const kind = drawn === 'kill-at-point' && recovery ? 'kill-in-recovery' : drawn
  const worker: Operator =
    drawn === 'kill-at-point' ? (point.startsWith('opa') ? 'opa' : 'opb') : draw.chance(35) ? 'opa' : 'opb'
  const long = draw.chance(10)
  return {
    kind,
    worker,
    point,
    task: draw.below(partitions),
    step: draw.below(steps),
    hit: draw.between(1, 2),
    cold: draw.chance(30) || (kind === 'kill-in-recovery' && recovery!.cold),
    // Longer than the transaction timeout now and then: then the coordinator ends what was left open.
    delayMs: long ? draw.between(9_000, 12_000) : draw.between(0, 150),
    extra: draw.chance(70),
  }
}
