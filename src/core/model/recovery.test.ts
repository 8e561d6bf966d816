import { expect, test } from 'vitest'
import { predictEach, startAndRate, type RecoveryPoint } from './fit.ts'
import { advise, predict, type Rates } from './recovery.ts'

const RATES: Rates = {
  fixedMs: 400,
  restoreStartMs: 0,
  restoreBytesPerSecond: 100e6,
  replayRecordsPerSecond: 100_000,
  snapshotStartMs: 0,
  snapshotBytesPerSecond: 50e6,
  bytesPerKey: 100,
  capacityPerSecond: 10_000,
}

test('time to recover is the sum of its phases; only a lost state depends on the number of keys', () => {
  const load = { keys: 1e6, rate: 5_000, partitions: 1 }
  expect(predict(RATES, load, { tailRecords: 50_000, cold: true })).toEqual({
    fixed_ms: 400,
    restore_ms: 1_000,
    replay_ms: 500,
    ttr_ms: 1_900,
    caught_up_ms: 3_800,
  })
  const warm = (keys: number) => predict(RATES, { ...load, keys }, { tailRecords: 100, cold: false })
  expect(warm(1e9)).toEqual(warm(1e3))
  expect(predict(RATES, { ...load, rate: 10_000 }, { tailRecords: 0, cold: true }).caught_up_ms).toBeNull()
})

test('the cadence that it advises is the longest that keeps the goal at worst', () => {
  const load = { keys: 1e6, rate: 5_000, partitions: 1 }
  const advice = advise(RATES, load, 3_000)
  // 1.6 s are left for 160,000 records, 32 s of load, of which 2 s pass while the next snapshot is copied.
  expect(advice.snapshotEveryMs).toBe(30_000)
  expect(advice.snapshotEveryUpdates).toBe(150_000)
  expect(advice.worst?.ttr_ms).toBe(3_000)
  expect(advice.snapshotShare).toBeCloseTo(2 / 30)
  expect(advice.reasons).toEqual([])
})

test.each([
  ['the fixed part alone is longer', { keys: 10, rate: 1, partitions: 1 }, 300, 'no cadence changes'],
  [
    'the state is too large to restore',
    { keys: 1e9, rate: 100, partitions: 1 },
    2_000,
    'from 625 partitions on',
  ],
  ['the load is above capacity', { keys: 1e6, rate: 20_000, partitions: 1 }, 3_000, 'at least 3 partitions'],
])('%s: it says what stands in the way', (_, load, goal, words) => {
  expect(advise(RATES, load, goal).reasons.join('; ')).toContain(words)
})

test('many partitions make a size possible that one can not', () => {
  expect(advise(RATES, { keys: 1e9, rate: 1e6, partitions: 1_000 }, 3_000).snapshotEveryMs).toBeGreaterThan(0)
})

const point = (bytes: number, records: number, extra = 0): RecoveryPoint => ({
  name: `${bytes}/${records}`,
  keys: bytes / 100,
  bytes,
  records,
  fixedMs: 400,
  restoreMs: bytes / 1e5,
  replayMs: records / 100,
  ttrMs: 400 + bytes / 1e5 + records / 100 + extra,
})

test('a recovery is predicted from the others, and what does not fit shows as an error', () => {
  const exact = [point(1e6, 100), point(2e6, 900), point(4e6, 400), point(8e6, 2000)]
  for (const { error } of predictEach(exact)) expect(Math.abs(error)).toBeLessThan(1e-9)
  const odd = predictEach([...exact, point(1e6, 100, 411)])
  expect(odd.at(-1)?.error).toBeCloseTo(-0.5)
  // A point that the line would bend towards, were it among those that draw it.
  const slow = { ...point(16e6, 100), restoreMs: 320, ttrMs: 400 + 320 + 1 }
  expect(predictEach([...exact, slow]).at(-1)?.predictedMs).toBeCloseTo(400 + 160 + 1)
  expect(predictEach(exact.slice(1))).toEqual([])
})

test('two sizes tell what a step takes before its first byte', () => {
  const found = startAndRate({ bytes: 1_000, ms: 51 }, { bytes: 101_000, ms: 151 })
  expect(found).toEqual({ startMs: 50, bytesPerSecond: 1e6 })
  expect(startAndRate({ bytes: 1_000, ms: 51 }, { bytes: 101_000, ms: 50 })).toEqual({
    startMs: 0,
    bytesPerSecond: 2_020_000,
  })
})
