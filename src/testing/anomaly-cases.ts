/** For each case: the history that has the anomaly shows it and what is named beside it, the other is valid. */
import { describe, expect, it } from 'vitest'
import { judge } from '../core/oracle/judge.ts'
import type { Anomaly, AnomalyName } from '../core/oracle/verdict.ts'
import type { History } from './histories.ts'

export interface AnomalyCase {
  readonly name: AnomalyName
  readonly what: string
  readonly breaks: () => History
  readonly place?: Anomaly['place']
  /** What the same cause also shows. */
  readonly also?: readonly AnomalyName[]
  readonly almost: () => History
}

const describeCase = (c: AnomalyCase): string => `${c.name}: ${c.what}`

export const describeAnomalies = (cases: readonly AnomalyCase[]) =>
  describe('anomalies', () => {
    it.each(cases.map((c) => [describeCase(c), c] as const))(
      '%s',
      (_, { breaks, name, also = [], place = {} }) => {
        const judgement = judge(breaks().input())
        expect(judgement.verdict).toBe('invalid')
        expect([...judgement.anomalies].sort()).toEqual([name, ...also].sort())
        const found = judgement.checks.flatMap((c) => c.anomalies).filter((a) => a.name === name)
        expect(found.map((a) => a.place)).toContainEqual(expect.objectContaining(place))
      },
    )

    it.each(cases.map((c) => [describeCase(c), c] as const))('almost %s', (_, { almost }) => {
      const judgement = judge(almost().input())
      expect(judgement.checks.filter((c) => c.verdict === 'invalid' || c.verdict === 'unknown')).toEqual([])
      expect(judgement.verdict).toBe('valid')
    })
  })
