/** `opb --stateless`: flags about state have no effect there, and are refused by name. */
import { refuseUnfit, type Typed } from '../fitting.ts'
import { operatorFlags } from './operator-flags.ts'

export const refuseStateFlags = (typed: Typed): void =>
  refuseUnfit(typed, {
    by: '--stateless',
    takes: [...Object.keys(operatorFlags), 'input', 'output'],
    hint: 'without state there is nothing to restore, to window or to snapshot: leave it out, or --stateless',
  })
