/**
 * Randomness of a simulated schedule: independent streams of one seed.
 *
 * Promises: the same seed and stream give the same draws on every machine; one concern's draws never shift
 * another's, because each has a stream of its own.
 */
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'

export interface Random {
  /** 0 to n-1. */
  below(n: number): number
  /** low to high, both included. */
  between(low: number, high: number): number
  chance(percent: number): boolean
  pick<T>(items: readonly T[]): T
}

export type Stream = 'plan' | 'faults' | 'schedule' | 'network' | 'mix'

const STREAMS: readonly Stream[] = ['plan', 'faults', 'schedule', 'network', 'mix']

export function random(seed: number, stream: Stream): Random {
  const n = STREAMS.indexOf(stream) + 1
  const generator = xoroshiro128plus(Math.imul(seed ^ (n << 26), 0x9e3779b1) ^ n)
  // Close seeds begin with close states; the first draws of this generator still show it.
  for (let i = 0; i < 8; i++) generator.next()
  const below = (bound: number): number => uniformInt(generator, 0, bound - 1)
  return {
    below,
    between: (low, high) => uniformInt(generator, low, high),
    chance: (percent) => below(1000) < percent * 10,
    pick: (items) => items[below(items.length)]!,
  }
}
