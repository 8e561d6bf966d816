/**
 * Counts how the orders of a cell lie over the tasks, before it runs: one pass over the source, routed as the
 * feeder and OpA will route them.
 *
 * Promises: exact, since both routes are functions of the record; rejected orders are no work of OpB's.
 */
import type { Operator } from '../../core/contracts/names.ts'
import type { Spread } from '../../core/crash/spread.ts'
import { enrichedPartition } from '../../core/pipelines/reference/enriched.ts'
import { normalise } from '../../core/pipelines/reference/normalise.ts'
import type { OrderSource } from '../../core/workload/source.ts'
import { inputPartition } from '../cell/feeder.ts'

export interface SpreadOf {
  readonly orders: number
  readonly partitions: number
  /** Orders fed before the rest is released. */
  readonly first: number
}

export async function spreadOf(source: OrderSource, of: SpreadOf): Promise<Spread> {
  const none = (): number[] => Array.from({ length: of.partitions }, () => 0)
  const all = { opa: none(), opb: none() }
  const rest = { opa: none(), opb: none() }
  for (let i = 0; i < of.orders; i++) {
    const next = source.next()
    const step = next instanceof Promise ? await next : next
    if (step.done === true) break
    const { value, headers } = step.value
    const count = (operator: Operator, task: number): void => {
      all[operator][task]!++
      if (i >= of.first) rest[operator][task]!++
    }
    count('opa', inputPartition(step.value, i, of.partitions))
    const result = normalise(asBuffer(value), headers ?? {})
    if (result.ok) count('opb', enrichedPartition(result.order, of.partitions))
  }
  return { all, rest }
}

const asBuffer = (value: string | Buffer | null): Buffer | null =>
  typeof value === 'string' ? Buffer.from(value) : value
