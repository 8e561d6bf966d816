/** The spread is counted as the feeder and OpA route: by what they really do with the same orders. */
import { expect, test } from 'vitest'
import { partitionOf } from '../../core/contracts/murmur2.ts'
import { resolveScenario } from '../../core/scenario/resolve.ts'
import { generateOrders } from '../../core/workload/generator.ts'
import { DEFAULT_PROFILE } from '../../core/workload/profile.ts'
import { planRun } from './plan-cells.ts'
import { spreadOf } from './spread.ts'

const PARTITIONS = 4
const of = { orders: 2_000, partitions: PARTITIONS, first: 800 }

test('orders go by their id, what is accepted goes by store and product, the rest is what comes later', async () => {
  const profile = { ...DEFAULT_PROFILE, orders: of.orders, seed: 3, dirty: 0.02 }
  const orders = [...generateOrders(profile)]
  const spread = await spreadOf(generateOrders(profile), of)
  const sum = (counts: readonly number[]): number => counts.reduce((n, count) => n + count, 0)
  const rejected = orders.filter(({ kind }) => kind === 'rejected')
  expect(rejected.length).toBeGreaterThan(10)
  expect(sum(spread.all.opa)).toBe(2_000)
  expect(sum(spread.all.opb)).toBe(2_000 - rejected.length)
  expect(sum(spread.rest.opa)).toBe(1_200)
  const clean = orders.slice(of.first).filter(({ kind }) => kind === 'clean')
  const inLast = clean.filter(({ value }) => {
    const { storeId, productId } = JSON.parse(String(value)) as { storeId: string; productId: string }
    return partitionOf(`${storeId}#${productId}`, PARTITIONS) === 3
  })
  // Untidy orders are accepted too, so there are a few more.
  expect(spread.rest.opb[3]).toBeGreaterThanOrEqual(inLast.length)
  expect(spread.rest.opb[3]).toBeLessThan(inLast.length * 1.1)
})

test('whatever the keys, a hit of several partitions is within the batches that its task gets', async () => {
  const scenario = resolveScenario({ name: 'x', orders: 1_000, partitions: 4, instances: 2, repeat: 20 })
  const { planned, spreads } = await planRun(scenario, 1_000)
  const hits = planned.filter(({ point }) => point === 'opb.commit.mid')
  expect(hits.length).toBe(40)
  for (const { seed, task, hit, batch } of hits)
    expect(hit * batch).toBeLessThanOrEqual(spreads.get(seed)!.rest.opb[task]!)
})
