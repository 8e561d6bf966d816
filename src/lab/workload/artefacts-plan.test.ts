import { expect, it } from 'vitest'
import { planArtefacts, refuseArtefactFlags } from './artefacts-plan.ts'

it('takes what people type, and has defaults', () => {
  expect(planArtefacts({ keys: '1e6', tail: '1e5', skipped: '5%', prefix: 'big.' })).toEqual({
    prefix: 'big.',
    seed: 1,
    keys: 1_000_000,
    tail: 100_000,
    skipped: 0.05,
    partials: 2,
    compacted: false,
    unread: 0,
  })
})

it.each([
  [{ keys: '0' }, /there would be no state/],
  [{ skipped: '5' }, /--skipped/],
  [{ from: 'orders.csv' }, /--from is about orders/],
  [{ partitions: '2' }, /--partitions is about orders/],
  [{ keys: '1e6', compacted: true }, /at most 200000 records/],
  [{ keys: 'many' }, /"many" is not understood/],
])('refuses %j before any broker is looked for', (flags, message) => {
  expect(() => planArtefacts(flags)).toThrow(message)
})

it('refuses flags of artefacts where orders are asked for', () => {
  expect(() => refuseArtefactFlags({ tail: '5' })).toThrow(/--tail is about artefacts/)
  expect(() => refuseArtefactFlags({ compacted: false, orders: '5' })).not.toThrow()
})
