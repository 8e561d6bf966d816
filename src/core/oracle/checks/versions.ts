/**
 * Versions: version-gap and version-regression, on `orders.output` only (a compacted changelog has gaps by
 * design). `seq` counts a key's updates from 1; in log order it must be 1, 2, 3.
 * Exact copies and outputs without a source are named elsewhere and passed over.
 *
 *   seq 1 2 4    -> version-gap at 4
 *   seq 1 2 2'   -> version-regression at 2' (another source, the same number)
 *   seq 1 2 3    -> fine
 */
import { type Check, statefulOnly } from '../check.ts'
import { outputsByKey } from '../totals.ts'
import type { Anomaly, AnomalyName } from '../verdict.ts'
import type { View } from '../view.ts'

function* jumps(view: View, wanted: AnomalyName): Generator<Anomaly> {
  view.whole('output')
  for (const [key, outputs] of outputsByKey(view)) {
    let before = 0
    for (const { record, value } of outputs) {
      const { seq } = value
      const name = seq <= before ? 'version-regression' : 'version-gap'
      if (seq !== before + 1 && name === wanted) {
        yield { name, message: `${key} goes from seq ${before} to ${seq}`, place: view.place(record, key) }
      }
      before = seq
    }
  }
}

export const versionGap: Check = {
  name: 'version-gap',
  proves: 'no update of a key is missing between two outputs',
  notApplicable: statefulOnly,
  run: (view) => jumps(view, 'version-gap'),
}

export const versionRegression: Check = {
  name: 'version-regression',
  proves: 'no key goes back to an earlier state',
  notApplicable: statefulOnly,
  run: (view) => jumps(view, 'version-regression'),
}
