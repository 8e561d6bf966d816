/** Fates by property: random interleavings against a bookkeeper that remembers what each producer intended. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RawMarker, RawPartition, RawRecord } from './input.ts'
import { type Fate, interpret } from './raw.ts'

type Step =
  | { readonly do: 'send'; readonly producer: number; readonly transactional: boolean }
  | {
      readonly do: 'end'
      readonly producer: number
      readonly outcome: 'COMMIT' | 'ABORT'
      readonly fenced: boolean
    }
  | { readonly do: 'hole' }

const producer = fc.integer({ min: 0, max: 3 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('send' as const), producer, transactional: fc.constant(true) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('send' as const), producer, transactional: fc.constant(false) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      producer,
      outcome: fc.constantFrom('COMMIT' as const, 'ABORT' as const),
      fenced: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('hole' as const) }) },
)

/** Each producer's transactions as separate lists: the answer is known by construction, not by a scan. */
function build(steps: readonly Step[]): { raw: RawPartition; fates: Map<number, Fate>; holes: boolean } {
  const entries: (RawRecord | RawMarker)[] = []
  const fates = new Map<number, Fate>()
  const transactions = new Map<number, { offsets: number[]; outcome: Fate }[]>()
  const epochs = [0, 0, 0, 0]
  let offset = 0
  let holeAt: number | undefined
  for (const s of steps) {
    if (s.do === 'hole') {
      holeAt = offset++
      continue
    }
    const base = { partition: 0, offset: offset++, timestamp: 0, producerId: String(s.producer) }
    const mine = transactions.get(s.producer) ?? [{ offsets: [], outcome: 'open' as Fate }]
    transactions.set(s.producer, mine)
    const current = mine.at(-1)!
    if (s.do === 'send') {
      entries.push({
        kind: 'data',
        ...base,
        epoch: epochs[s.producer]!,
        transactional: s.transactional,
        key: null,
        value: null,
        headers: {},
      })
      if (s.transactional) current.offsets.push(base.offset)
      else fates.set(base.offset, 'committed')
      continue
    }
    if (s.fenced) epochs[s.producer]!++
    entries.push({ kind: 'marker', ...base, epoch: epochs[s.producer]!, outcome: s.outcome })
    current.outcome = s.outcome === 'COMMIT' ? 'committed' : 'aborted'
    mine.push({ offsets: [], outcome: 'open' })
  }
  for (const { offsets, outcome } of [...transactions.values()].flat())
    for (const o of offsets) fates.set(o, outcome)
  const last = entries.at(-1)?.offset ?? -1
  const raw = {
    topic: 't',
    partition: 0,
    logStart: 0,
    lastStableOffset: offset,
    highWatermark: offset,
    entries,
  }
  return {
    raw,
    fates,
    holes:
      holeAt !== undefined &&
      entries.some((e) => e.offset > steps.findIndex((s) => s.do === 'hole')) &&
      last >= 0,
  }
}

const data = (offset: number): RawRecord => ({
  kind: 'data',
  partition: 0,
  offset,
  timestamp: 0,
  key: null,
  value: null,
  headers: {},
  producerId: '7',
  epoch: 0,
  transactional: true,
})
const marker = (offset: number, outcome: 'COMMIT' | 'ABORT', epoch: number): RawMarker => ({
  kind: 'marker',
  partition: 0,
  offset,
  timestamp: 0,
  producerId: '7',
  epoch,
  outcome,
})

describe('raw logs', () => {
  it('gives each record the fate of its own transaction, whatever lies between', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { raw, fates, holes } = build(steps)
        const { records, firstOpen, markers, ...rest } = interpret(raw)
        expect(new Map(records.map((r) => [r.record.offset, r.fate]))).toEqual(fates)
        const open = [...fates].filter(([, fate]) => fate === 'open').map(([offset]) => offset)
        expect(firstOpen).toBe(Math.min(raw.highWatermark, ...open))
        expect(markers.size).toBe(steps.filter((s) => s.do === 'end').length)
        expect(rest.holes).toBe(holes)
        // One transaction, one fate.
        const byTransaction = Map.groupBy(
          records.filter((r) => r.transaction !== undefined),
          (r) => r.transaction,
        )
        for (const group of byTransaction.values()) expect(new Set(group.map((r) => r.fate)).size).toBe(1)
      }),
      { numRuns: 500 },
    )
  })

  it('tells two transactions of one producer apart', () => {
    const entries = [data(0), marker(1, 'ABORT', 1), data(2), marker(3, 'COMMIT', 1), data(4)]
    const { records } = interpret({
      topic: 't',
      partition: 0,
      logStart: 0,
      lastStableOffset: 4,
      highWatermark: 5,
      entries,
    })
    expect(records.map((r) => [r.transaction, r.fate])).toEqual([
      ['7#0', 'aborted'],
      ['7#1', 'committed'],
      ['7#2', 'open'],
    ])
  })
})
