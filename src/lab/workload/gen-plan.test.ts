/** Wrong flags are refused by name before anything else happens. */
import { expect, test } from 'vitest'
import { DEFAULT_PROFILE } from '../../core/workload/profile.ts'
import { type GenFlags, planGen } from './gen-plan.ts'

test('without flags: the default workload to orders', () => {
  expect(planGen({})).toEqual({
    prefix: '',
    to: 'orders',
    source: { kind: 'generated', profile: DEFAULT_PROFILE },
    rate: undefined,
    partitions: undefined,
  })
})

test('flags find their place in the profile', () => {
  const flags = { orders: '1e3', stores: '2', products: '3', skew: '1.5', dirty: '2%', seed: '4294967295' }
  expect(planGen({ ...flags, 'duplicate-ids': '0.01' }).source).toEqual({
    kind: 'generated',
    profile: {
      ...DEFAULT_PROFILE,
      orders: 1000,
      stores: 2,
      products: 3,
      skew: 1.5,
      dirty: 0.02,
      duplicateIds: 0.01,
      seed: 4294967295,
    },
  })
  expect(planGen({ from: 'x.csv', orders: '5' }).source).toEqual({ kind: 'file', file: 'x.csv', limit: 5 })
})

const refused: [string, GenFlags, RegExp][] = [
  ['a prefix with a blank', { prefix: 'p 1' }, /--prefix/],
  ['a prefix that leaves the state directory', { prefix: '..' }, /--prefix/],
  ['no orders', { orders: '0' }, /--orders/],
  ['orders as text', { orders: 'many' }, /--orders/],
  ['orders with a file, as text', { orders: 'many', from: 'x.csv' }, /--orders/],
  ['a rate of zero', { rate: '0' }, /--rate/],
  ['a negative skew', { skew: '-1' }, /--skew/],
  ['a skew without end', { skew: '1e9' }, /--skew/],
  ['dirt above all', { dirty: '120%' }, /--dirty/],
  ['more keys than memory', { stores: '1e5', products: '1e5' }, /--stores x --products/],
  ['a seed beyond 32 bits', { seed: '4294967296' }, /--seed/],
  ['no partitions', { partitions: '0' }, /--partitions/],
  ['another target', { to: 'output' }, /--to/],
  ['dirt into a file', { from: 'x.csv', dirty: '2%' }, /--dirty cannot change the orders of --from x.csv/],
]
test.each(refused)('refused: %s', (_, flags, message) => {
  expect(() => planGen(flags)).toThrow(message)
})

test('a prefix without a sign at its end is refused, with the one that was meant', () => {
  expect(() => planGen({ prefix: 'p3' })).toThrow(
    expect.objectContaining({
      code: 'USAGE',
      message: expect.stringContaining('p3orders') as string,
      hint: expect.stringContaining('--prefix p3.') as string,
    }),
  )
  for (const prefix of ['', 'p3.', 'p3-', 'p3_']) expect(planGen({ prefix }).prefix).toBe(prefix)
})
