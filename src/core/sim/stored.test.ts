/** A simulated schedule among the results: judged again it says the same, and it never looks like a real one. */
import { expect, test } from 'vitest'
import { judge } from '../oracle/judge.ts'
import { decodeInput, encodeInput } from '../oracle/stored.ts'
import { huntMutant } from './campaign.ts'
import { decodeCase } from './case.ts'
import { runSchedule } from './run.ts'
import { storedCell, storedJournals } from './stored.ts'

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('what is stored of a schedule judges as it did, and says that it is simulated', async () => {
  const hunt = await huntMutant('at-least-once', 3, settle)
  const outcome = await runSchedule({ ...decodeCase(hunt.replay!), mutant: 'at-least-once' }, settle)
  const cell = storedCell('simulated.1', outcome, 'the command')
  expect(cell).toMatchObject({ verdict: 'invalid', mutant: 'at-least-once', problem: null, ttr_ms: null })
  expect(cell.evidence).toMatchObject({ verdict: 'none', summary: expect.stringMatching(/^simulated/) })
  expect(cell.story).toMatch(/^Simulated/)
  const again = judge(decodeInput(encodeInput(outcome.input)))
  expect(again.anomalies).toEqual(outcome.judgement.anomalies)
  expect(again.anomalies).toContain('duplicate')
})

test('a kill is told in the words of a real one, with the end of its process', async () => {
  const { journals } = await runSchedule({ seed: 1788458517, mix: 'usual' }, settle)
  const kills = journals.filter((event) => event.f === 'sigkill')
  expect(kills.length).toBeGreaterThan(0)
  const told = storedJournals(journals).get('supervisor.1')!
  expect(told.filter((e) => e.f === 'sigkill').map((e) => [e.type, e['life']])).toEqual(
    kills.map((e) => ['invoke', e['worker']]),
  )
  expect(told.filter((e) => e.f === 'exit')).toHaveLength(kills.length)
  const lines = [...storedJournals(journals).values()].flat()
  expect(lines).toHaveLength(journals.length + kills.length)
})
