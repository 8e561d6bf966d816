/** A log of deltas before and after the cleaner, and what a snapshot saves of it. */
import { describe, expect, it } from 'vitest'
import { History, finish, goodHistory } from '../../../testing/histories.ts'
import type { OracleInput, RawRecord } from '../input.ts'
import { judge } from '../judge.ts'

const KEY = 's#p#1694499960'

/** Five updates of one key (10 10 10 7 7), written as deltas alone. */
function deltas(): History {
  const h = finish(goodHistory())
  const log = h.logs.get('changelog')!
  for (const [i, entry] of log.entries()) {
    if (entry.kind !== 'data') continue
    const {
      sum: _sum,
      count: _count,
      ...value
    } = JSON.parse(entry.value!.toString()) as Record<string, unknown>
    log[i] = { ...entry, value: Buffer.from(JSON.stringify(value)) }
  }
  return h
}

interface After {
  /** Offsets that the cleaner took. */
  readonly removed: readonly number[]
  readonly sum: number
  readonly count: number
  readonly tap?: boolean
}

function recovered({ removed, sum, count, tap = true }: After): OracleInput {
  const h = deltas()
  const before = h.input().topics.changelog
  h.logs.set(
    'changelog',
    h.logs.get('changelog')!.filter((entry) => !removed.includes(entry.offset)),
  )
  h.sqlite!.rows.set(KEY, { key: KEY, sum, count, seq: 5 })
  const input = h.input()
  const states = input.states!.map((state) => ({ ...state, changelogMode: 'delta-only' as const }))
  return { ...input, states, ...(tap ? { changelogTap: before } : {}) }
}

const losses = (input: OracleInput) =>
  judge(input)
    .checks.flatMap((check) => check.anomalies)
    .filter((anomaly) => anomaly.name === 'delta-compaction-loss')

describe('delta-compaction-loss', () => {
  it('finds nothing while every delta is there', () => {
    const judgement = judge(recovered({ removed: [], sum: 44, count: 5 }))
    expect(judgement.verdict).toBe('valid')
    expect(judgement.checks.find((check) => check.check === 'delta-compaction-loss')?.verdict).toBe('valid')
  })

  it('names key, first removed offset and amount', () => {
    const [loss, ...more] = losses(recovered({ removed: [0, 1, 2, 3], sum: 7, count: 1 }))
    expect(more).toEqual([])
    expect(loss!.place).toMatchObject({ topic: 't.opb-changelog', partition: 0, offset: 0, key: KEY })
    expect(loss!.message).toMatch(
      /removed offset 0 \(seq 1, 10\) and 3 more.*4 updates and 37 of money short/,
    )
  })

  it('misses only what no snapshot had kept', () => {
    const [loss] = losses(recovered({ removed: [0, 1, 2, 3], sum: 37, count: 4 }))
    expect(loss!.place.offset).toBe(3)
    expect(loss!.message).toMatch(/removed offset 3 \(seq 4, 7\);.*1 updates and 7 of money short/)
  })

  it('finds nothing where a snapshot had kept all of it', () => {
    expect(losses(recovered({ removed: [0, 1, 2, 3], sum: 44, count: 5 }))).toEqual([])
  })

  it('without a tap points to what is left of the key', () => {
    const [loss] = losses(recovered({ removed: [0, 1, 2, 3], sum: 7, count: 1, tap: false }))
    expect(loss!.place).toMatchObject({ offset: 4, key: KEY })
    expect(loss!.message).toMatch(/holds 1 of its first 5 changes/)
  })

  it('leaves a shortage that the cleaner does not explain to the folds', () => {
    const judgement = judge(recovered({ removed: [], sum: 34, count: 4 }))
    expect(judgement.anomalies).not.toContain('delta-compaction-loss')
    expect(judgement.anomalies).toContain('divergence')
  })

  it('is not applicable where the changelog carries after-images', () => {
    const { checks } = judge(finish(goodHistory()).input())
    expect(checks.find((check) => check.check === 'delta-compaction-loss')).toMatchObject({
      verdict: 'not-applicable',
    })
  })

  it('does not take an aborted delta for one that the cleaner removed', () => {
    const input = recovered({ removed: [0, 1, 2, 3], sum: 7, count: 1 })
    const tap = input.changelogTap!
    const entries = tap.partitions[0]!.entries.map((entry) =>
      entry.kind === 'marker' ? { ...entry, outcome: 'ABORT' as const } : (entry as RawRecord),
    )
    expect(
      losses({ ...input, changelogTap: { ...tap, partitions: [{ ...tap.partitions[0]!, entries }] } }),
    ).toEqual([])
  })
})
