/**
 * Percentiles by HDR histogram: three significant digits, whatever the number of samples.
 *
 * Promises: a percentile is never below the sample it stands for by more than 0.1 %, nor above the largest
 * of all; no samples, no numbers.
 */
import { build } from 'hdr-histogram-js'

export interface Percentiles {
  readonly p50: number | null
  readonly p95: number | null
  readonly p99: number | null
  readonly max: number | null
}

/** Of milliseconds; the histogram counts whole microseconds, because it holds integers. */
export function percentilesMs(samples: readonly number[]): Percentiles {
  if (samples.length === 0) return { p50: null, p95: null, p99: null, max: null }
  const histogram = build({ numberOfSignificantValueDigits: 3, autoResize: true, bitBucketSize: 64 })
  for (const ms of samples) histogram.recordValue(Math.max(1, Math.round(ms * 1000)))
  // The histogram answers with the upper end of a bucket, which may lie above all samples.
  const max = samples.reduce((high, ms) => Math.max(high, ms), 0)
  const at = (percentile: number): number => Math.min(histogram.getValueAtPercentile(percentile) / 1000, max)
  return { p50: at(50), p95: at(95), p99: at(99), max }
}
