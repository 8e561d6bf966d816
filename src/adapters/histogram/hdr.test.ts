import { expect, it } from 'vitest'
import { percentilesMs } from './hdr.ts'

it('gives percentiles within a thousandth of the samples', () => {
  const samples = Array.from({ length: 1000 }, (_, i) => (i + 1) * 1.5)
  const { p50, p95, p99, max } = percentilesMs(samples)
  const near = (found: number | null, wanted: number): boolean =>
    found !== null && Math.abs(found / wanted - 1) <= 0.001
  expect([near(p50, 750), near(p95, 1425), near(p99, 1485), near(max, 1500)]).toEqual([
    true,
    true,
    true,
    true,
  ])
})

it.each([[[2686.3]], [[1160.2, 1783.4]]])('puts no percentile above the largest sample: %j', (samples) => {
  const { p50, p95, p99, max } = percentilesMs(samples)
  expect(max).toBe(Math.max(...samples))
  expect(Math.max(p50!, p95!, p99!)).toBeLessThanOrEqual(max!)
})

it('has no number for no samples', () => {
  expect(percentilesMs([])).toEqual({ p50: null, p95: null, p99: null, max: null })
})
