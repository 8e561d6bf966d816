import { expect, it } from 'vitest'
import { row } from '../ports/store.contract.ts'
import { ChangedRows } from './changed-rows.ts'

const cutOf = (changed: ChangedRows, baseNextInput: number) => [...changed.cut(baseNextInput).changes]
const applied = (key: string, seq: number, isNew = false) => ({ ...row(key, seq * 10, seq), isNew })

it('knows nothing until it is told to begin', () => {
  const changed = new ChangedRows()
  changed.add([applied('a', 1, true)], 1)
  expect(changed.state).toBe('unknown')
  expect(changed.size).toBe(0)
})

it('hands out the last after-image of each key, without the marks of its own, and begins anew', () => {
  const changed = new ChangedRows()
  changed.restart(10)
  changed.add([applied('a', 1, true), applied('b', 5)], 2)
  changed.add([applied('a', 2)], 3)
  expect(cutOf(changed, 0)).toEqual([
    { row: row('a', 20, 2), isNew: true },
    { row: row('b', 50, 5), isNew: false },
  ])
  expect(changed.state).toBe('complete')
  changed.add([applied('b', 6)], 4)
  expect(cutOf(changed, 3)).toEqual([{ row: row('b', 60, 6), isNew: false }])
})

it('leaves out what the base already holds, new keys included', () => {
  const changed = new ChangedRows()
  changed.restart(10)
  changed.add([applied('a', 1, true), applied('b', 1, true)], 2)
  // The base was read at input offset 2, after tracking began.
  changed.add([applied('b', 2), applied('c', 1, true)], 4)
  expect(cutOf(changed, 2)).toEqual([
    { row: row('b', 20, 2), isNew: false },
    { row: row('c', 10, 1), isNew: true },
  ])
})

it('keeps no more than its limit, and says which of the two it is', () => {
  const changed = new ChangedRows()
  changed.restart(1)
  changed.add([applied('a', 1), applied('b', 1)], 2)
  expect(changed.state).toBe('too many')
  expect(changed.size).toBe(0)
  changed.restart(5)
  changed.add([applied('a', 1), applied('b', 1)], 2)
  changed.limit(1)
  expect(changed.state).toBe('too many')
  changed.restart(5)
  changed.forget()
  expect(changed.state).toBe('unknown')
  changed.limit(0)
  expect(changed.state).toBe('unknown')
})
