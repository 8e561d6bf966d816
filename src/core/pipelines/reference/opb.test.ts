import { expect, it } from 'vitest'
import { topicNames } from '../../contracts/names.ts'
import type { ChangelogMode, EnrichedOrder } from '../../contracts/records.ts'
import { MemoryStore } from '../../ports/memory-store.ts'
import { createOpb } from './opb.ts'

const order = (n: number): EnrichedOrder => ({
  orderId: `o${n}`,
  productId: 'p',
  price: 10,
  qty: 1,
  storeId: 's',
  ts: 1_694_500_000,
  validated: true,
  normTs: 1_694_500_000,
})

it.each(['after-image', 'delta-only', 'off'] as const)('counts updates, not keys, with %s', (changelog) => {
  const names = topicNames('t.')
  const applied: number[] = []
  const opb = createOpb({
    names,
    partition: 0,
    window: 60,
    changelog,
    owner: 'me',
    store: storeOf(changelog),
    onApplied: (updates, rows) => void applied.push(updates, rows.length),
  })
  const records = [0, 1, 2].map((offset) => ({
    partition: 0,
    offset,
    timestamp: 0,
    key: null,
    value: Buffer.from(JSON.stringify(order(offset))),
    headers: {},
    bytes: 0,
  }))
  opb.compute(records, () => ({}))
  opb.apply(changelog === 'off' ? [] : [{ topic: names.changelog, partition: 0, baseOffset: 0, count: 3 }], 3)
  expect(applied).toEqual([3, 1])
})

function storeOf(changelogMode: ChangelogMode): MemoryStore {
  const lineage = {
    prefix: 't.',
    clusterId: 'c',
    inputTopicId: 'i',
    changelogTopicId: 'l',
    changelogMode,
    schemaVersion: 1,
    partition: 0,
    window: 60,
  }
  const store = new MemoryStore(lineage)
  store.takeOwnership('me')
  return store
}
