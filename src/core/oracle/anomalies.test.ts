/** For every anomaly a smallest history that has it, and one that almost has it. */
import { expect, it } from 'vitest'
import { describeAnomalies } from '../../testing/anomaly-cases.ts'
import { LOG_CASES } from '../../testing/anomaly-histories-log.ts'
import { RECOVERY_CASES } from '../../testing/anomaly-histories-recovery.ts'
import { STATE_CASES } from '../../testing/anomaly-histories-state.ts'
import { ANOMALY_NAMES } from './verdict.ts'

const cases = [...LOG_CASES, ...STATE_CASES, ...RECOVERY_CASES]

describeAnomalies(cases)

// A case has both histories by its type; what is left to forget is the case.
it.each(ANOMALY_NAMES)('%s has a history that shows it, and one that almost does', (name) => {
  const [first] = cases.filter((c) => c.name === name)
  expect(first, `no case of ${name} in src/testing/anomaly-histories-*.ts`).toBeDefined()
})
