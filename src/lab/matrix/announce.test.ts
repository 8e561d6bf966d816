/** A mutant is announced, with what is wrong and what must be found; an experiment on exactly-once is not. */
import { expect, it } from 'vitest'
import { resolveScenario } from '../../core/scenario/resolve.ts'
import { announced } from './announce.ts'

it('says of a mutant that it is one, and nothing of others', () => {
  expect(announced(resolveScenario({ name: 'twin', mutant: 'at-least-once' }))).toBe(
    'twin is broken on purpose: OpA commits its input offsets outside its transaction, after it. The judge must find duplicate, or the run fails.',
  )
  expect(announced(resolveScenario({ name: 'safe' }))).toBeUndefined()
})
