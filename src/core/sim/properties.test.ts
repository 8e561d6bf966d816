/**
 * Properties of the log port and of recovery, driven by fast-check.
 *
 * The port against a model of ten lines: whatever producers do to each other, a read_committed reader that
 * begins anywhere sees the committed records from there on, in order, and nothing else.
 */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { LabError } from '../errors.ts'
import type { LogTransaction, TransactionalProducer } from '../ports/log.ts'
import { MemoryCluster } from '../ports/memory-log.ts'
import { runSchedule } from './run.ts'

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

type Action =
  | { readonly do: 'fence' | 'commit' | 'abort' | 'expire'; readonly id: number }
  | { readonly do: 'produce'; readonly id: number; readonly stale: boolean }

const ids = fc.integer({ min: 0, max: 2 })
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('produce' as const), id: ids, stale: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('fence', 'commit', 'abort', 'expire'), id: ids }),
  },
)

/** Every id has a life from the start: most actions of one that has none would do nothing. */
const BORN: readonly Action[] = [0, 1, 2].map((id) => ({ do: 'fence', id }))

interface Life {
  readonly producer: TransactionalProducer
  readonly txn: LogTransaction
}

/** Runs the actions on the log and on the model; returns what ought to be committed. */
async function play(cluster: MemoryCluster, actions: readonly Action[]): Promise<string[]> {
  const log = cluster.client()
  const lives = new Map<number, Life[]>()
  const open = new Map<number, string[]>()
  const committed = new Map<string, number>()
  /** Ended by somebody else: the newest life is fenced too. */
  const gone = new Set<number>()
  let n = 0
  for (const one of actions) {
    const { id } = one
    const own = lives.get(id) ?? []
    if (one.do === 'fence') {
      const producer = log.producer({ transactionalId: `t-${id}`, timeoutMs: 1 })
      await producer.fence()
      lives.set(id, [...own, { producer, txn: await producer.begin() }])
      open.delete(id)
      gone.delete(id)
    } else if (one.do === 'expire') {
      if (open.delete(id)) gone.add(id)
      cluster.expire(`t-${id}`)
    } else {
      const stale = one.do === 'produce' && one.stale && own.length > 1
      const life = stale ? own[0] : own.at(-1)
      if (!life) continue
      const value = `v${++n}`
      const refused = stale || gone.has(id)
      const told = await attempt(() => {
        if (one.do === 'commit') return life.txn.commit()
        if (one.do === 'abort') return life.txn.abort()
        return life.txn.produce([{ topic: 't', partition: 0, key: value, value, headers: {} }])
      })
      expect(told).toBe(refused ? 'FENCED' : 'ok')
      if (refused) continue
      if (one.do === 'produce') open.set(id, [...(open.get(id) ?? []), value])
      else if (one.do === 'commit') for (const v of open.get(id) ?? []) committed.set(v, Number(v.slice(1)))
      if (one.do !== 'produce') open.delete(id)
    }
  }
  // What is still open holds the last stable offset back; ended, everything can be read.
  for (const id of open.keys()) cluster.expire(`t-${id}`)
  return [...committed].sort((a, b) => a[1] - b[1]).map(([value]) => value)
}

async function attempt(act: () => Promise<unknown>): Promise<string> {
  try {
    await act()
    return 'ok'
  } catch (error) {
    return error instanceof LabError ? error.code : String(error)
  }
}

test('a committed reader sees what was committed, from wherever it begins, in pieces of any size', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(action, { maxLength: 40 }),
      fc.nat({ max: 30 }),
      fc.integer({ min: 1, max: 40 }),
      async (actions, begin, maxBytes) => {
        const cluster = new MemoryCluster()
        cluster.createTopic('t')
        const wanted = await play(cluster, [...BORN, ...actions])
        const { highWatermark, lastStableOffset } = cluster.partition('t', 0).offsets()
        expect(lastStableOffset).toBe(highWatermark)
        const from = Math.min(begin, highWatermark)
        const reader = cluster
          .client()
          .reader({ topic: 't', partition: 0, from, isolation: 'read_committed' })
        const seen: { value: string; offset: number }[] = []
        while (reader.position < highWatermark) {
          const { records } = await reader.poll({ maxBytes })
          seen.push(...records.map((r) => ({ value: r.value!.toString(), offset: r.offset })))
        }
        expect(seen.every(({ offset }) => offset >= from)).toBe(true)
        const values = seen.map(({ value }) => value)
        expect(values).toEqual(wanted.slice(wanted.length - values.length))
        if (from === 0) expect(values).toEqual(wanted)
      },
    ),
    { numRuns: 300, seed: 11 },
  )
})

test('recovery gives back the state whatever happens to whom, in any order of steps', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        seed: fc.nat({ max: 1_000_000 }),
        orders: fc.integer({ min: 1, max: 12 }),
        keys: fc.integer({ min: 1, max: 3 }),
        faults: fc.subarray([0, 1, 2, 3, 4]),
        roll: fc.nat({ max: 1000 }),
      }),
      async (named) => {
        const { verdict, findings } = await runSchedule(named, settle)
        expect({ verdict, findings }).toEqual({ verdict: 'valid', findings: [] })
      },
    ),
    { numRuns: 40, seed: 11 },
  )
})
