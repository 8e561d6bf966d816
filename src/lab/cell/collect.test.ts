import { expect, it } from 'vitest'
import type { HistoryEvent } from '../../core/history/event.ts'
import type { StateDump } from '../../core/oracle/input.ts'
import { currentStates } from './collect.ts'

const state = (partition: number, owner: string): StateDump => ({
  partition,
  owner,
  file: `${owner}/${partition}`,
  rows: [],
  nextInput: 0,
  nextChangelog: 0,
  changelogMode: 'after-image',
  window: 60,
})

const fence = (t: number, task: number, incarnation: string): HistoryEvent => ({
  f: 'fence',
  type: 'ok',
  t,
  at: t,
  who: 'opb',
  incarnation,
  i: t,
  task,
})

it('judges the state of the owner that fenced last, where a task has two', () => {
  const journals = [fence(1, 0, 'opb.a.1'), fence(1, 1, 'opb.b.1'), fence(9, 0, 'opb.b.1')]
  const states = [state(0, 'opb.a.1'), state(0, 'opb.b.1'), state(1, 'opb.b.1')]
  expect(currentStates(states, journals).map((s) => s.file)).toEqual(['opb.b.1/0', 'opb.b.1/1'])
})

it('keeps a state that nobody shares, whoever owns it', () => {
  const only = [state(0, 'opb.a.1')]
  expect(currentStates(only, [fence(1, 0, 'opb.a.2')])).toEqual(only)
})
