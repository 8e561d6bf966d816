/** The error table: every row has a documented exit code, and an error always knows a next step if its row does. */
import { expect, test } from 'vitest'
import { ERROR_TABLE, EXIT, LabError } from './errors.ts'

test('an error names its own next step, else the one of its row', () => {
  expect(new LabError('FENCED', 'x', { hint: 'mine' }).hint).toBe('mine')
  expect(new LabError('FENCED', 'x').hint).toBe(ERROR_TABLE.FENCED.next)
})

test('what may have happened all the same is told apart', () => {
  expect(new LabError('COMMIT_UNKNOWN', 'x').definite).toBe(false)
  expect(new LabError('FENCED', 'x').definite).toBe(true)
})

test('every row ends with a documented exit code', () => {
  const documented: number[] = Object.values(EXIT)
  for (const [code, row] of Object.entries(ERROR_TABLE)) expect(documented, code).toContain(row.exit)
})
