/**
 * The places of a simulated crew: which process has which tasks, and who is in it now.
 */
import type { Operator } from '../contracts/names.ts'
import type { SimPlan } from './plan.ts'
import type { SimProcess } from './process.ts'

export interface Slot {
  readonly operator: Operator
  readonly instance: string
  readonly tasks: readonly number[]
  newest: SimProcess | undefined
  lives: number
  failures: number
}

export function slotsOf(plan: SimPlan, tasks: readonly number[]): Slot[] {
  const slot = (operator: Operator, instance: string, own: readonly number[]): Slot => ({
    operator,
    instance,
    tasks: own,
    newest: undefined,
    lives: 0,
    failures: 0,
  })
  const opa =
    plan.instances === 1 ? [slot('opa', 'a', tasks)] : tasks.map((t) => slot('opa', 'abc'.charAt(t), [t]))
  return [...opa, slot('opb', 'a', tasks)]
}
