/** What a cell's tasks show of their way back. */
import { expect, test } from 'vitest'
import type { CellResult } from '../matrix/result.ts'
import { recordCell } from './cells.ts'

test('each task has its own time to recover, and one that stayed up has none', () => {
  const set: string[] = []
  const back = { by: 'opb.a.2', ttr_ms: 750, lag_zero_ms: 1500, phases: null }
  const tasks = [
    { operator: 'opb', task: 3, records: 1, lag_max: 7, recovery: back },
    { operator: 'opa', task: 0, records: 1, lag_max: 5 },
  ]
  const cell = { cell: 'c', operator: 'opb', mode: 'warm', verdict: 'valid', tasks } as unknown as CellResult
  recordCell(cell, {
    set: (name, labels, value) => void set.push(`${name} ${labels['operator']}-${labels['task']} ${value}`),
    inc: () => {},
    observe: () => {},
  })
  expect(set).toEqual([
    'eoslab_lag_max_records opb-3 7',
    'eoslab_task_recovery_duration_seconds opb-3 0.75',
    'eoslab_task_lag_zero_seconds opb-3 1.5',
    'eoslab_lag_max_records opa-0 5',
  ])
})
