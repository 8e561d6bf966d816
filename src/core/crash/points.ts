/**
 * From what was asked for to points of the registry: names, globs, short names and pairs, each with a hit.
 *
 * Promises: in the order asked, the same order once; a name that is none is refused with the nearest ones.
 *
 * Example: resolvePoints(['mid-commit', 'opb.*.before', 'opa.commit.after:5', 'opb.commit.mid+opb.replay.mid'])
 */
import { LabError } from '../errors.ts'
import { nearest } from './nearest.ts'
import { FAULTS } from './faults.ts'
import { CRASH_POINTS } from './registry.ts'
import type { CrashPoint } from './registry.ts'

export { CRASH_POINTS } from './registry.ts'
export type { CrashPoint, Proof } from './registry.ts'

/** A crash point or a fault. */
export const findPoint = (name: string): CrashPoint | undefined =>
  [...CRASH_POINTS, ...FAULTS].find((point) => point.name === name)

export interface Place {
  readonly point: CrashPoint
  readonly hit: number | null
}

/** A point that was asked for, with its hit if that was asked for too, and where lives before are killed. */
export interface PointOrder extends Place {
  /** Kills before this one, each of the life before: `opb.commit.mid+opb.replay.mid`. */
  readonly first?: readonly Place[]
}

/** The name for all operators at once: `mid-commit`, `random`, or `before-commit-paused`. */
const shortName = (point: CrashPoint): string => {
  if (point.moment === 'any') return point.step
  const paused = point.step.startsWith('pause.')
  return paused ? `${point.moment}-${point.step.slice(6)}-paused` : `${point.moment}-${point.step}`
}

const globPattern = (glob: string): RegExp =>
  new RegExp(
    `^${glob
      .replaceAll(/[^*?]/g, '\\$&')
      .replaceAll(/\\([\w-])/g, '$1')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  )

function matching(name: string): readonly CrashPoint[] {
  // A fault has to be called by its family: nobody who asks for `*` expects a broker to be killed.
  if (name.startsWith('fault.')) {
    const fault = globPattern(name)
    return FAULTS.filter((p) => fault.test(p.name))
  }
  const short = CRASH_POINTS.filter((p) => shortName(p) === name)
  if (short.length > 0) return short
  const pattern = globPattern(name)
  return CRASH_POINTS.filter((p) => pattern.test(p.name))
}

function unknownPoint(name: string): LabError {
  const all = [...CRASH_POINTS, ...FAULTS].map((p) => p.name)
  const names = [...new Set([...CRASH_POINTS.map(shortName), ...all])]
  const near = nearest(name, names)
  const advice = near.length > 0 ? `did you mean ${near.join(', ')}? ` : ''
  return new LabError('UNKNOWN_POINT', `no crash point is called "${name}"`, {
    hint: `${advice}eoslab crash-matrix --list shows them all`,
  })
}

function placesOf(text: string): Place[] {
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

/** `a+b`: b in the life that follows a kill at a. A glob in a pair stands for all of its pairs of one operator. */
function resolveOne(text: string): PointOrder[] {
  const chains = text
    .split('+')
    .map(placesOf)
    .reduce<Place[][]>(
      (chains, places) => chains.flatMap((chain) => places.map((place) => [...chain, place])),
      [[]],
    )
  const whole = chains.filter((chain) =>
    chain.every(({ point }) => point.operator === chain[0]!.point.operator),
  )
  if (whole.length === 0) {
    throw new LabError('USAGE', `"${text}" kills two operators: a pair is two lives of one`, {
      hint: 'such as opb.commit.mid+opb.replay.mid',
    })
  }
  return whole.map((chain) => {
    const order = chain.at(-1)!
    const first = chain.slice(0, -1)
    if (first.length > 0) refuseOddPair(text, chain)
    return first.length > 0 ? { ...order, first } : order
  })
}

/** In a pair every life but the last must die for good, and each at a place that a new life can reach. */
function refuseOddPair(text: string, chain: readonly Place[]): void {
  const odd = chain.find(
    ({ point }, i) =>
      point.made === 'stop' ||
      point.made === 'supervisor' ||
      point.repeats !== undefined ||
      point.fault !== undefined ||
      point.moment === 'held' ||
      (i === 0 && point.counts === 'recoveries') ||
      (i > 0 && point.counts === 'snapshots'),
  )
  if (!odd) return
  throw new LabError('USAGE', `${odd.point.name} can't be in this place of "${text}"`, {
    hint: 'a pair is a kill of a running life and a kill of the next one, such as opb.commit.mid+opb.replay.mid',
  })
}

const keyOf = ({ point, hit }: Place): string => `${point.name}:${hit ?? ''}`

/**
 * Points by full name, glob (`opb.*`), `<moment>-<step>` (`mid-commit`: that point of every operator), `random`,
 * `loop`, or pairs with `+`, each with an optional `:hit`. In the order asked, the same order once.
 */
export function resolvePoints(at: readonly string[]): PointOrder[] {
  const orders = new Map<string, PointOrder>()
  for (const order of at.flatMap(resolveOne))
    orders.set([...(order.first ?? []), order].map(keyOf).join('+'), order)
  return [...orders.values()]
}
