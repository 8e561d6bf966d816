/**
 * Are two samples different, or could chance have dealt them so? Wilcoxon's rank sum test, two-sided.
 *
 * Promises: p is exact, ties included: the share of all ways to deal these ranks whose sum is at least as
 * far from the middle. Above LARGE samples it is the normal approximation, corrected for ties.
 * Example: three against three can never be significant, since even the clearest deal has p = 0.1.
 */
import { cumulativeStdNormalProbability, wilcoxonRankSum } from 'simple-statistics'

export const SIGNIFICANT = 0.05
const LARGE = 60

export function rankTest(a: readonly number[], b: readonly number[]): number {
  if (a.length === 0 || b.length === 0) return 1
  const sum = wilcoxonRankSum([...a], [...b])
  const middle = (a.length * (a.length + b.length + 1)) / 2
  const ranks = midRanks([...a, ...b])
  const far = Math.abs(sum - middle)
  return a.length + b.length > LARGE ? approximate(ranks, a.length, far) : exact(ranks, a.length, far)
}

/** The least p that two samples of these sizes can reach, however far apart they are. */
export const leastP = (a: number, b: number): number =>
  rankTest(
    Array.from({ length: a }, (_, at) => at),
    Array.from({ length: b }, (_, at) => a + at),
  )

function midRanks(all: readonly number[]): number[] {
  const sorted = all.toSorted((a, b) => a - b)
  return sorted.map((value) => (sorted.indexOf(value) + sorted.lastIndexOf(value)) / 2 + 1)
}

/** Ways to choose `size` of the ranks, by sum; doubled, since ranks of ties are halves. */
function exact(ranks: readonly number[], size: number, far: number): number {
  const doubled = ranks.map((rank) => Math.round(rank * 2))
  const most = doubled.reduce((sum, rank) => sum + rank, 0)
  const ways = Array.from({ length: size + 1 }, () => new Float64Array(most + 1))
  ways[0]![0] = 1
  for (const rank of doubled) {
    for (let count = size; count > 0; count--) {
      for (let sum = most; sum >= rank; sum--) ways[count]![sum]! += ways[count - 1]![sum - rank]!
    }
  }
  const middle = size * (ranks.length + 1)
  let [asFar, all] = [0, 0]
  for (const [sum, count] of ways[size]!.entries()) {
    all += count
    if (Math.abs(sum - middle) >= 2 * far - 1e-9) asFar += count
  }
  return asFar / all
}

function approximate(ranks: readonly number[], size: number, far: number): number {
  const n = ranks.length
  const middle = (n + 1) / 2
  const variance = ranks.reduce((sum, rank) => sum + (rank - middle) ** 2, 0) / (n - 1)
  const spread = Math.sqrt((variance * size * (n - size)) / n)
  if (spread === 0) return 1
  return Math.min(1, 2 * (1 - cumulativeStdNormalProbability(Math.max(0, far - 0.5) / spread)))
}

/** Holm's correction: of many tests some look significant by chance alone; order is kept. */
export function holm(ps: readonly number[]): number[] {
  const order = ps.map((_, at) => at).toSorted((a, b) => ps[a]! - ps[b]!)
  const adjusted = Array.from(ps)
  let atLeast = 0
  for (const [rank, at] of order.entries()) {
    atLeast = Math.max(atLeast, Math.min(1, ps[at]! * (ps.length - rank)))
    adjusted[at] = atLeast
  }
  return adjusted
}
