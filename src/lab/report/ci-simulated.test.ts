/** A simulation as a suite: what failed is a failure with its command, a mutant that got away too. */
import { expect, test } from 'vitest'
import type { Simulation } from '../../core/sim/result.ts'
import { ofSimulation } from './ci-simulated.ts'

const RUN: Simulation = {
  log: 'simulated',
  seed: 7,
  schedules: 10,
  mutant: null,
  verdict: 'valid',
  verdicts: { valid: 10, vacuous: 0, unknown: 0, invalid: 0 },
  distinct: 10,
  steps: 100,
  lives: 20,
  coverage: { points: 1, reached: 1, killed_at: 1, not_killed_at: [], situations: 1, states: 1 },
  failures: [],
  mutants: [{ mutant: 'a', primary: 'duplicate', schedules: 3, replay: 'x', also: [], command: 'eoslab x' }],
  not_simulated: {},
  threads: 2,
  wall_ms: 1500,
}

const badOf = (run: Simulation) =>
  ofSimulation(run).suites.flatMap(({ cases }) =>
    cases.flatMap(({ name, bad }) => (bad ? [[name, bad.kind, bad.type, bad.text]] : [])),
  )

test('a campaign without failures has none in the suite', () => {
  const { suites } = ofSimulation(RUN)
  expect(suites[0]!.cases).toEqual([
    { name: '10 schedules', ms: 1500 },
    { name: 'mutant a', ms: 0 },
  ])
})

test('a schedule that failed comes with its command, a survivor and too few schedules are told', () => {
  const failure = {
    index: 4,
    replay: 'r',
    verdict: 'invalid' as const,
    anomalies: ['duplicate' as const],
    findings: ['o1 twice'],
    command: 'eoslab again',
    reduced: null,
  }
  const verdicts = { valid: 9, vacuous: 0, unknown: 0, invalid: 1 }
  expect(badOf({ ...RUN, verdict: 'invalid', verdicts, failures: [failure] })).toEqual([
    ['schedule 5', 'failure', 'duplicate', 'o1 twice\nnext:\n  eoslab again'],
  ])
  const mutants = [{ ...RUN.mutants[0]!, schedules: null }]
  expect(badOf({ ...RUN, verdict: 'invalid', mutants })).toEqual([
    ['mutant a', 'failure', 'survived', 'a must show duplicate, and did not'],
  ])
  expect(badOf({ ...RUN, verdict: 'vacuous', distinct: 9 })).toEqual([
    ['10 schedules', 'error', 'vacuous', expect.stringContaining('Only 9 of 10 schedules differ')],
  ])
  const enough = { valid: 20, vacuous: 0, unknown: 0, invalid: 0 }
  expect(badOf({ ...RUN, schedules: 20, distinct: 19, verdicts: enough })).toEqual([])
  expect(badOf({ ...RUN, verdict: 'vacuous', mutant: 'no-source' })).toEqual([
    ['10 schedules', 'error', 'vacuous', expect.stringContaining('no-source got away: none of 10 schedules')],
  ])
})
