/** The keeper: who may prune. */
import { expect, test } from 'vitest'
import type { Manifest } from '../contracts/records.ts'
import type { HistoryEvent, NewEvent } from '../history/event.ts'
import { SnapshotKeeper } from './snapshot-keeper.ts'

async function pruned(owner: () => string): Promise<string[]> {
  const removed: string[] = []
  const keeper = new SnapshotKeeper({
    task: 0,
    clock: { monotonicMs: () => 0, wallMs: () => 0 },
    journal: { incarnation: 'opb.a.1', append: (e: NewEvent) => e as HistoryEvent, close: () => {} },
    every: { updates: 1 },
    take: async (snapshotId) => ({ snapshotId, bytes: 1, keys: 1, retained: [] }) as unknown as Manifest,
    name: (n) => `n${n}`,
    publish: async () => {},
    prune: () => (removed.push('older'), ['older']),
    owns: () => owner() === 'opb.a.1',
    onFailure: (error) => {
      throw error
    },
  })
  keeper.applied(1)
  await keeper.between(() => 1)
  await new Promise((resolve) => setImmediate(resolve))
  await keeper.between(() => 2)
  return removed
}

test('takes one snapshot for all who asked for its kind, and the other kind after it', async () => {
  const taken: unknown[] = []
  const keeper = new SnapshotKeeper({
    task: 0,
    clock: { monotonicMs: () => 0, wallMs: () => 0 },
    journal: { incarnation: 'opb.a.1', append: (e: NewEvent) => e as HistoryEvent, close: () => {} },
    every: null,
    take: async (snapshotId, kind) => {
      taken.push(kind)
      return { snapshotId, kind: kind === 'partial' ? kind : 'full', bytes: 1 } as Manifest
    },
    name: (n) => `n${n}`,
    publish: async () => {},
    prune: () => [],
    owns: () => true,
    onFailure: (error) => {
      throw error
    },
  })
  const asked = Promise.all([keeper.request('full'), keeper.request('partial'), keeper.request('full')])
  for (let n = 1; n <= 3; n++) {
    await keeper.between(() => n)
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(taken).toEqual(['full', 'partial'])
  expect((await asked).map((r) => [r.snapshotId, r.kind])).toEqual([
    ['n1', 'full'],
    ['n2', 'partial'],
    ['n1', 'full'],
  ])
})

test('prunes once a newer manifest is committed', async () => {
  expect(await pruned(() => 'opb.a.1')).toEqual(['older'])
})

test('woken behind its commit when another has taken over, it removes nothing', async () => {
  expect(await pruned(() => 'opb.a.2')).toEqual([])
})
