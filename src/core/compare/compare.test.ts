/** The plan of a comparison, and how its rows add up to a verdict and a page. */
import { describe, expect, it } from 'vitest'
import type { Block } from '../report/blocks.ts'
import { phaseChart } from './charts.ts'
import { comparedBlocks } from './page.ts'
import {
  asExpected,
  COMPARED_COLUMNS,
  comparedCsv,
  stateHashes,
  verdictOf,
  type ComparedRow,
} from './result.ts'
import { planVariants } from './variants.ts'

const row = (change: Partial<ComparedRow> = {}): ComparedRow => {
  const made: ComparedRow = {
    variant: 'on-before-none',
    repeat: 1,
    prefix: 'cc.01.',
    changelog: 'on',
    compaction: 'before',
    snapshot_every: null,
    snapshots: 0,
    snapshot_time_ms: null,
    snapshot_bytes: null,
    snapshot_kind: null,
    records_before_kill: 750,
    changelog_records: null,
    changelog_records_compacted: null,
    restore_source: 'none',
    restored_keys: 0,
    replay_records: 750,
    replay_bytes: 1000,
    replay_rate: 50_000,
    applied: 750,
    skipped: 0,
    ttr_ms: 200,
    phases: {
      detect_ms: 1,
      boot_ms: 2,
      fence_ms: 3,
      manifest_ms: 4,
      restore_ms: 5,
      replay_ms: 6,
      resume_ms: 7,
      first_commit_ms: 8,
    },
    caught_up_ms: 300,
    lag_zero_ms: 310,
    held_ms: 5,
    state_hash: 'aa',
    verdict: 'valid',
    anomalies: [],
    as_expected: true,
    loss: null,
    problem: null,
    wall_ms: 1000,
    ...change,
  }
  return { ...made, as_expected: asExpected(made) }
}

const lost = row({
  variant: 'delta-after-none',
  changelog: 'delta',
  compaction: 'after',
  verdict: 'invalid',
  anomalies: ['divergence', 'delta-compaction-loss'],
  state_hash: 'bb',
})

describe('planVariants', () => {
  it('has every form before and after compaction at each cadence; off has nothing to compact', () => {
    const variants = planVariants(['on', 'delta', 'off'], ['none', '500updates', '2s'])
    expect(variants).toHaveLength(15)
    expect(new Set(variants.map(({ name }) => name)).size).toBe(15)
    expect(
      variants.filter(({ changelog }) => changelog === 'off').map(({ compaction }) => compaction),
    ).toEqual([null, null, null])
    expect(variants[1]).toMatchObject({ name: 'on-before-500updates', cadence: { updates: 500 } })
    expect(variants[2]).toMatchObject({ snapshotEvery: '2s', cadence: { ms: 2000 } })
    expect(variants[0]).toMatchObject({ snapshotEvery: null, cadence: null })
  })

  it('refuses a cadence that is none', () => {
    expect(() => planVariants(['on'], ['often'])).toThrow('"often" is not understood')
  })
})

describe('the verdict of a comparison', () => {
  it('is valid when deltas alone lost money to the cleaner and nobody else did', () => {
    const rows = [row(), lost]
    expect(verdictOf(rows, stateHashes(rows))).toBe('valid')
  })

  it('is invalid when the predicted loss did not show', () => {
    const rows = [row(), row({ changelog: 'delta', compaction: 'after' })]
    expect(verdictOf(rows, stateHashes(rows))).toBe('invalid')
  })

  it('is invalid when the loss has another name', () => {
    const rows = [
      row({ changelog: 'delta', compaction: 'after', verdict: 'invalid', anomalies: ['divergence'] }),
    ]
    expect(verdictOf(rows, stateHashes(rows))).toBe('invalid')
  })

  it('is invalid when rows that must agree end in different states', () => {
    const rows = [row(), row({ state_hash: 'cc' })]
    expect(verdictOf(rows, stateHashes(rows))).toBe('invalid')
  })

  it('is unknown when a row could not be judged', () => {
    const rows = [row(), row({ verdict: 'unknown', problem: 'no broker' }), lost]
    expect(verdictOf(rows, stateHashes(rows))).toBe('unknown')
  })
})

describe('the page', () => {
  const result = {
    kind: 'compare-changelog',
    verdict: 'valid',
    seed: 7,
    orders: 1000,
    window_s: 60,
    repeat: 1,
    results: 'results/x',
    brokers: 'localhost:1',
    rows: [row(), { ...lost, changelog_records: 750, changelog_records_compacted: 20 }],
    state_hashes: ['aa'],
    wall_ms: 1,
  } as const
  const words = (blocks: readonly Block[]): string => JSON.stringify(blocks)

  it('says what was predicted, what the cleaner left, and that the rest agrees', () => {
    const page = words(comparedBlocks(result))
    expect(page).toContain('invalid, as predicted')
    expect(page).toContain('20 of 750 changelog records')
    expect(page).toContain('All 1 runs that must lose nothing ended in one state')
  })

  it('shows medians of all runs of a variant, their interval, how sure it is, and the worst verdict', () => {
    const runs = [200, 230, 260].map((ttr_ms, at) => row({ repeat: at + 1, ttr_ms }))
    const bad = row({
      variant: 'off-none',
      changelog: 'off',
      compaction: null,
      repeat: 2,
      verdict: 'invalid',
    })
    const rows = [...runs, row({ ...bad, repeat: 1, verdict: 'valid' }), bad]
    const blocks = comparedBlocks({ ...result, repeat: 3, rows })
    const [table] = blocks.flatMap((block) => (block.kind === 'table' ? [block.table] : []))
    expect(table!.rows.map((cells) => [cells[3], cells[9], cells[12]])).toEqual([
      ['3', '230 (200–260)', 'valid'],
      ['2', '200', 'invalid'],
    ])
    expect(words(blocks)).toContain('holds the true median with 75 % confidence')
    expect(words(comparedBlocks(result))).toContain('One run of each')
    const { option, frame } = phaseChart(rows)
    expect((option['series'] as { data: unknown[] }[])[0]!.data).toEqual([1, 1])
    expect(frame.description).toContain('on, before, none: 230')
  })

  it('has a csv row with every column, phases included', () => {
    const [line] = comparedCsv(result.rows)
    expect(line).toHaveLength(COMPARED_COLUMNS.length)
    expect(line![COMPARED_COLUMNS.indexOf('replay_ms')]).toBe(6)
    expect(line![COMPARED_COLUMNS.indexOf('snapshot_bytes')]).toBeNull()
  })

  it('draws a bar a row, with nothing where nothing came back', () => {
    const gone = row({ variant: 'gone', phases: null, ttr_ms: null })
    const { option, frame } = phaseChart([row(), gone])
    const [first] = option['series'] as { name: string; data: (number | null)[] }[]
    expect(first).toMatchObject({ name: 'detect', data: [1, null] })
    expect(frame.description).toContain('on, before, none: 200; on, before, none: not back')
  })
})
