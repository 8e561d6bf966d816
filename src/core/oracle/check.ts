/**
 * What a check is: a name, the anomalies it can find, where it applies, and one function over the view.
 * A check never decides its own verdict: anomalies make it invalid, a throw makes it unknown.
 */
import type { OracleInput } from './input.ts'
import type { Anomaly } from './verdict.ts'
import type { View } from './view.ts'

export interface Check {
  readonly name: string
  /** One sentence for `--json` readers and docs. */
  readonly proves: string
  /** Why the check is not applicable to this input, decided before anything is looked at. */
  readonly notApplicable?: (input: OracleInput) => string | undefined
  readonly run: (view: View) => Iterable<Anomaly>
}

export const statefulOnly = (input: OracleInput): string | undefined =>
  input.pipeline === 'reference' ? undefined : `the pipeline ${input.pipeline} keeps no state`

export const cleanEndOnly = (input: OracleInput): string | undefined =>
  input.cleanEnd ? undefined : 'only a clean end of the workers makes it final'
