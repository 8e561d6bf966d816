/** Which findings a result keeps: some of each check. */
import { expect, test } from 'vitest'
import type { Anomaly, AnomalyName } from '../oracle/verdict.ts'
import { keptFindings } from './findings.ts'

const found = (name: AnomalyName, times: number): { anomalies: Anomaly[] } => ({
  anomalies: Array.from({ length: times }, (_, i) => ({ name, message: `${name} ${i}`, place: {} })),
})
const counts = (...checks: { anomalies: Anomaly[] }[]): Record<string, number> => {
  const all = keptFindings(checks).map(({ name }) => name)
  return Object.fromEntries(
    [...new Set(all)].map((name) => [name, all.filter((each) => each === name).length]),
  )
}

test('one kind may fill the room, but not leave another untold', () => {
  expect(counts(found('duplicate', 20))).toEqual({ duplicate: 20 })
  expect(counts(found('duplicate', 20), found('offset-behind', 1), found('over-count', 20))).toEqual({
    duplicate: 9,
    'offset-behind': 1,
    'over-count': 9,
  })
  expect(counts()).toEqual({})
})
