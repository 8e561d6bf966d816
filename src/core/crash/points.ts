/**
 * The registry of crash points: `<operator>.<step>.<before|mid|after>`, and `<operator>.random`.
 *
 * Promises: every point has one sentence, its precondition, how it is made and what proves it; everything
 * that acts on points (worker, supervisor, evidence, plan) reads it from here. A new point is one entry.
 * Does not: make the kill, or know whether a worker can reach the point.
 *
 * Example: resolvePoints(['mid-commit', 'opb.*.before', 'opa.commit.after:5'])
 */
import type { Operator } from '../contracts/names.ts'
import { LabError } from '../errors.ts'
import { nearest } from './nearest.ts'

/**
 * What the evidence has to show of the killed transaction:
 *   aborted     all staged or less, EndTxn never sent: ABORT by the next incarnation's fence
 *   unanswered  EndTxn reached the broker, its answer never the client: COMMIT
 *   unapplied   committed and answered, nothing applied locally: COMMIT, state at the previous offset
 *   event       the n-th line of the journal was written: either marker
 */
export type Proof = 'aborted' | 'unanswered' | 'unapplied' | 'event'

export interface CrashPoint {
  readonly name: string
  readonly operator: Operator
  readonly step: string
  readonly moment: 'before' | 'mid' | 'after' | 'any'
  /** One sentence for `crash-matrix --list`. */
  readonly sentence: string
  readonly precondition: string
  /** Who kills: the worker itself, the supervisor on the wire proxy's word, or the supervisor alone. */
  readonly made: 'worker' | 'wire' | 'supervisor'
  readonly proof: Proof
  /** Journal lines that one data transaction writes; what a hit of a random point counts. */
  readonly eventsPerTransaction: number
  /** The operator keeps state of its own, so a restart may be cold. */
  readonly stateful: boolean
}

type PointText = Pick<CrashPoint, 'sentence' | 'precondition' | 'made' | 'proof'>

const OPEN = 'a data transaction with records is open'

const TRANSACTION_POINTS: Readonly<Record<string, PointText>> = {
  'produce.after': {
    sentence: 'all records of the transaction are acknowledged, its offsets are not yet added',
    precondition: OPEN,
    made: 'worker',
    proof: 'aborted',
  },
  'commit.before': {
    sentence: 'records and offsets are staged, EndTxn is not sent',
    precondition: OPEN,
    made: 'worker',
    proof: 'aborted',
  },
  'commit.mid': {
    sentence: 'EndTxn has reached the broker, whose answer is withheld: the client never learns',
    precondition: 'frames go through the wire proxy, armed before the commit',
    made: 'wire',
    proof: 'unanswered',
  },
  'commit.after': {
    sentence: 'the commit is answered, nothing is applied yet',
    precondition: OPEN,
    made: 'worker',
    proof: 'unapplied',
  },
}

const APPLY_POINTS: Readonly<Record<string, PointText>> = {
  'apply.before': {
    sentence: 'the commit is answered and journalled, the local state is about to follow',
    precondition: 'the operator keeps state',
    made: 'worker',
    proof: 'unapplied',
  },
}

const RANDOM: PointText = {
  sentence: "anywhere: the supervisor kills once the n-th line of the worker's journal is written",
  precondition: 'the worker is processing',
  made: 'supervisor',
  proof: 'event',
}

interface OperatorPoints {
  readonly operator: Operator
  readonly points: Readonly<Record<string, PointText>>
  /** txn, produce, offsets, commit invoke and ok; OpB also apply invoke and ok. */
  readonly eventsPerTransaction: number
  readonly stateful: boolean
}

const OPERATORS: readonly OperatorPoints[] = [
  { operator: 'opa', points: TRANSACTION_POINTS, eventsPerTransaction: 5, stateful: false },
  {
    operator: 'opb',
    points: { ...TRANSACTION_POINTS, ...APPLY_POINTS },
    eventsPerTransaction: 7,
    stateful: true,
  },
]

function pointsOf({ operator, points, eventsPerTransaction, stateful }: OperatorPoints): CrashPoint[] {
  const common = { operator, eventsPerTransaction, stateful }
  const named = Object.entries(points).map(([place, text]): CrashPoint => {
    const [step, moment] = place.split('.') as [string, 'before' | 'mid' | 'after']
    return { name: `${operator}.${place}`, step, moment, ...common, ...text }
  })
  return [...named, { name: `${operator}.random`, step: 'random', moment: 'any', ...common, ...RANDOM }]
}

export const CRASH_POINTS: readonly CrashPoint[] = OPERATORS.flatMap(pointsOf)

/** A point that was asked for, with its hit if that was asked for too. */
export interface PointOrder {
  readonly point: CrashPoint
  readonly hit: number | null
}

export const findPoint = (name: string): CrashPoint | undefined => CRASH_POINTS.find((p) => p.name === name)

/** The name for all operators at once: `mid-commit`, or `random`. */
const shortName = (point: CrashPoint): string =>
  point.moment === 'any' ? point.step : `${point.moment}-${point.step}`

const globPattern = (glob: string): RegExp =>
  new RegExp(
    `^${glob
      .replaceAll(/[^*?]/g, '\\$&')
      .replaceAll(/\\([\w-])/g, '$1')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  )

function matching(name: string): readonly CrashPoint[] {
  const short = CRASH_POINTS.filter((p) => shortName(p) === name)
  if (short.length > 0) return short
  const pattern = globPattern(name)
  return CRASH_POINTS.filter((p) => pattern.test(p.name))
}

function unknownPoint(name: string): LabError {
  const names = [...new Set([...CRASH_POINTS.map(shortName), ...CRASH_POINTS.map((p) => p.name)])]
  const near = nearest(name, names)
  const advice = near.length > 0 ? `did you mean ${near.join(', ')}? ` : ''
  return new LabError('UNKNOWN_POINT', `no crash point is called "${name}"`, {
    hint: `${advice}eoslab crash-matrix --list shows them all`,
  })
}

function resolveOne(text: string): PointOrder[] {
  const colon = text.indexOf(':')
  const name = (colon < 0 ? text : text.slice(0, colon)).trim()
  const hit = colon < 0 ? null : text.slice(colon + 1).trim()
  if (hit !== null && !/^[1-9]\d{0,8}$/.test(hit)) {
    throw new LabError('USAGE', `the hit "${hit}" in "${text}" is no whole number from 1`, {
      hint: `write it as ${name}:3 for the third time the task gets there`,
    })
  }
  const points = matching(name)
  if (points.length === 0) throw unknownPoint(name)
  return points.map((point) => ({ point, hit: hit === null ? null : Number(hit) }))
}

/**
 * Points by full name, glob (`opb.*`), `<moment>-<step>` (`mid-commit`: that point of every operator) or
 * `random`, each with an optional `:hit`. In the order asked, the same point with the same hit once.
 */
export function resolvePoints(at: readonly string[]): PointOrder[] {
  const orders = new Map<string, PointOrder>()
  for (const order of at.flatMap(resolveOne)) orders.set(`${order.point.name}:${order.hit ?? ''}`, order)
  return [...orders.values()]
}
