/**
 * Does the model hold? Its rates fitted to measured recoveries, and each one predicted from the others.
 *
 * Promises: a point is never predicted with its own help (leave one out), so the error is one of prediction;
 * too few points give nothing. Does not: hide a bad fit; the report prints every error.
 */
import { linearRegression, median } from 'simple-statistics'

export interface RecoveryPoint {
  readonly name: string
  readonly keys: number
  /** Bytes that were restored; 0 where the local state was kept. */
  readonly bytes: number
  readonly records: number
  readonly fixedMs: number
  readonly restoreMs: number
  readonly replayMs: number
  readonly ttrMs: number
}

export interface FittedPoint extends RecoveryPoint {
  readonly predictedMs: number
  /** (predicted - measured) / measured. */
  readonly error: number
}

const FEWEST = 4

/** Milliseconds by a line through the others; their median where they all stand at one place. */
function line(points: readonly (readonly [number, number])[]): (x: number) => number {
  const spread = new Set(points.map(([x]) => x)).size
  if (spread < 2) return () => (points.length === 0 ? 0 : median(points.map(([, y]) => y)))
  const { m, b } = linearRegression(points.map(([x, y]) => [x, y]))
  // Noise may tilt a line of few points; no phase gets faster by more work.
  return (x) => Math.max(0, m < 0 ? median(points.map(([, y]) => y)) : b + m * x)
}

export function predictEach(points: readonly RecoveryPoint[]): FittedPoint[] {
  if (points.length < FEWEST) return []
  return points.map((point, index) => {
    const others = points.filter((_, i) => i !== index)
    const restore = line(others.map((p) => [p.bytes, p.restoreMs]))
    const replay = line(others.map((p) => [p.records, p.replayMs]))
    const predictedMs = median(others.map((p) => p.fixedMs)) + restore(point.bytes) + replay(point.records)
    return { ...point, predictedMs, error: (predictedMs - point.ttrMs) / point.ttrMs }
  })
}

/** Two measurements as a start and a rate; all of it is rate where the larger one was no slower. */
export function startAndRate(
  small: { readonly bytes: number; readonly ms: number },
  large: { readonly bytes: number; readonly ms: number },
): { readonly startMs: number; readonly bytesPerSecond: number } {
  const bytes = large.bytes - small.bytes
  const ms = large.ms - small.ms
  if (bytes <= 0 || ms <= 0)
    return { startMs: 0, bytesPerSecond: (large.bytes / Math.max(large.ms, 0.1)) * 1000 }
  const bytesPerSecond = (bytes / ms) * 1000
  return { startMs: Math.max(0, small.ms - (small.bytes / bytesPerSecond) * 1000), bytesPerSecond }
}
