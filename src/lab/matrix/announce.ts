/** What is said of an experiment before it runs, where a reader would otherwise take what follows for a fault. */
import { mutantOf } from '../../core/scenario/mutants.ts'
import type { Scenario } from '../../core/scenario/resolve.ts'

/** Undefined where nothing need be said: a mutant's table is red, and is meant to be. */
export function announced({
  name,
  mutant,
  expect,
}: Pick<Scenario, 'name' | 'mutant' | 'expect'>): string | undefined {
  if (mutant === null) return undefined
  const must = expect.primary ?? mutantOf(mutant).primary
  return `${name} is broken on purpose: ${mutantOf(mutant).wrong}. The judge must find ${must}, or the run fails.`
}
