/**
 * The median of a sample and how far it can be trusted, without assuming a distribution.
 *
 * Promises: the interval lies between two order statistics and holds the true median with the stated
 * confidence, which is exact (binomial), never rounded up. Fewer than six samples can't reach 95 %: then the
 * interval is least to largest, and `confidence` says what that is worth (three samples: 75 %).
 * Does not: help against samples that depend on each other.
 */
import { binomialDistribution, median } from 'simple-statistics'

export interface MedianOf {
  readonly n: number
  readonly median: number
  readonly low: number
  readonly high: number
  /** 0 to 1; 0 for one sample, which tells nothing about its spread. */
  readonly confidence: number
}

/** undefined where nothing was measured. */
export function medianOf(
  samples: readonly (number | null | undefined)[],
  wanted = 0.95,
): MedianOf | undefined {
  const sorted = samples
    .filter((x): x is number => x !== null && x !== undefined && !Number.isNaN(x))
    .toSorted((a, b) => a - b)
  const n = sorted.length
  if (n === 0) return undefined
  const below = (n > 1 ? binomialDistribution(n, 0.5) : undefined) ?? [0.5]
  // Outside the r-th smallest and the r-th largest the median lies with 2 P(fewer than r samples below it).
  let outside = 2 * (below[0] ?? 0)
  let r = 1
  while (r + 1 <= n - r && outside + 2 * (below[r] ?? 0) <= 1 - wanted) outside += 2 * (below[r++] ?? 0)
  const [low, high] = [sorted[r - 1]!, sorted[n - r]!]
  return { n, median: median(sorted), low, high, confidence: n > 1 ? 1 - outside : 0 }
}
