/** A sweep over all its runs: order, rows, judged steps, charts, and its section of the page. */
import { describe, expect, test } from 'vitest'
import { PROVENANCE, sampleCell, sampleRun } from '../../testing/sample-run.ts'
import type { HistoryEvent } from '../history/event.ts'
import { NO_KILL, type CellResult, type RunResult } from '../matrix/result.ts'
import { sweepCharts } from './charts-sweep.ts'
import { reportPage } from './html-page.ts'
import { sweepBlocks, sweepsOf } from './sweep.ts'

const repeated = (n: number, base: number, changes: Partial<CellResult> = {}): CellResult[] =>
  Array.from({ length: n }, (_, i) =>
    sampleCell({ cell: `c${i}`, repeat: i + 1, ttr_ms: base + i, latency_p95_ms: base / 2 + i, ...changes }),
  )

/** One run of the sweep; `minute` is when it began. */
const swept = (minute: number, every: string, cells: readonly CellResult[]): RunResult =>
  sampleRun({
    experiment: `s.snapshot_every-${every}`,
    verdict: 'valid',
    sweep: { of: 's', values: { snapshot_every: every } },
    provenance: { ...PROVENANCE, started: `2025-11-21T05:0${minute}:00.000Z` },
    cells,
  })

const tablesOf = (runs: readonly RunResult[]) =>
  sweepBlocks('s', runs).flatMap((block) => (block.kind === 'table' ? [block.table] : []))

describe('the tables', () => {
  test('are in the order of the runs, whatever their folders are called', () => {
    const runs = [swept(2, '1000updates', repeated(1, 300)), swept(1, '200updates', repeated(1, 200))]
    expect(
      sweepsOf(runs)
        .get('s')
        ?.map((run) => run.sweep?.values['snapshot_every']),
    ).toEqual(['200updates', '1000updates'])
  })

  test('have a row for each group of cells, with its number', () => {
    const none = repeated(2, 0, { point: NO_KILL, ttr_ms: null })
    const [table] = tablesOf([swept(1, '200updates', [...repeated(3, 100), ...none])])
    expect(table?.rows.map((row) => row.slice(0, 5))).toEqual([
      ['200updates', 'opb.commit.mid', 'valid', '3', '101 (100–102)'],
      ['200updates', 'none', 'valid', '2', '–'],
    ])
  })

  test('say of a step whether it can be chance', () => {
    const [, steps] = tablesOf([
      swept(1, '200updates', repeated(8, 100)),
      swept(2, '500updates', repeated(8, 300)),
      swept(3, '900updates', repeated(8, 303)),
    ])
    const ttr = steps?.rows.filter((row) => row[1] === 'ttr_ms')
    expect(ttr?.map((row) => [row[0], row.at(-1)])).toEqual([
      [
        'snapshot_every 200updates → 500updates: opb.commit.mid',
        expect.stringMatching(/^significant \(p (< 0\.001|0\.00\d)\)$/),
      ],
      ['snapshot_every 500updates → 900updates: opb.commit.mid', expect.stringMatching(/^not significant/)],
    ])
  })

  test('set the recovery of each OpB cell beside what the others predict of it', () => {
    const back = (records: number, changes: Partial<CellResult> = {}): CellResult =>
      sampleCell({
        cell: `after-${records}`,
        restored_keys: 50,
        applied: records,
        skipped: 0,
        restore_source: 'local',
        phases: { ...sampleCell().phases!, restore_ms: 0, replay_ms: records / 10 },
        ttr_ms: 100 + records / 10,
        ...changes,
      })
    const cells = [back(100), back(200), back(300), back(400, { ttr_ms: 280 })]
    const others = [back(500, { operator: 'opa' }), back(600, { phases: null }), back(700, { ttr_ms: null })]
    const predicted = (of: readonly CellResult[]) =>
      tablesOf([swept(1, 'a', of)]).find(({ columns }) =>
        columns.some(({ title }) => title === 'predicted_ms'),
      )
    expect(predicted([...cells, ...others])?.rows).toEqual([
      ['a after-100', '50', '0', '100', '110', '110', '+0 %'],
      ['a after-200', '50', '0', '200', '120', '120', '+0 %'],
      ['a after-300', '50', '0', '300', '130', '130', '+0 %'],
      ['a after-400', '50', '0', '400', '140', '280', '-50 %'],
    ])
    expect(predicted(cells.slice(1))).toBeUndefined()
  })

  test('judge no steps where nothing was repeated', () => {
    const tables = tablesOf([swept(1, 'a', repeated(1, 100)), swept(2, 'b', repeated(1, 300))])
    expect(tables.filter(({ columns }) => columns.some(({ title }) => title === 'difference'))).toEqual([])
  })
})

const snapshot = (ms: number): HistoryEvent =>
  ({ f: 'snapshot', type: 'ok', who: 'opb', ms, t: 1, at: 1, i: 1 }) as unknown as HistoryEvent

describe('the charts', () => {
  const cells = repeated(3, 100, { mode: 'cold', latency_p95_ms: null })
  const events = new Map(cells.map(({ cell }, i) => [cell, [snapshot(10), snapshot(20 + i)]]))
  const charts = sweepCharts([
    { run: swept(1, '200updates', [...cells, sampleCell({ cell: 'warm' })]), events },
  ])

  test('set what all snapshots of a cell cost beside the replay, of the cells that lost their state', () => {
    const [cadence] = charts
    expect(cadence?.name).toBe('snapshot-cadence')
    expect(cadence?.description).toContain(
      '200updates opb.commit.mid (cold) (n 3): all snapshots together 31 ms, replay after the kill 32 ms',
    )
    expect(cadence?.description).not.toContain('warm')
    expect(JSON.stringify(cadence?.option)).toContain('"data":[[30,32,0]]')
  })

  test('leave out what was not measured, and a cadence that was not varied', () => {
    expect(charts.map(({ name }) => name)).toEqual(['snapshot-cadence', 'sweep-ttr'])
    const other = { ...swept(1, 'x', cells), sweep: { of: 's', values: { batch: 10 } } }
    expect(sweepCharts([{ run: other, events }]).map(({ name }) => name)).toEqual(['sweep-ttr'])
  })
})

test('the page has a section of the sweep before its runs, and leads to it', () => {
  const runs = [swept(1, '200updates', repeated(2, 100)), swept(2, '500updates', repeated(2, 200))]
  const pages = runs.map((run) => ({ run, pictures: [], events: new Map(), timelines: new Map() }))
  const svg = '<svg role="img"></svg>'
  const page = reportPage(pages, [
    { name: 's', runs, pictures: [{ name: 'x', title: 'A title', note: 'How to read it.', svg }] },
  ])
  expect(page).toContain('<a href="#sweep-1">s: all runs</a>')
  expect(page.indexOf('id="sweep-1"')).toBeLessThan(page.indexOf('id="run-1"'))
  expect(page).toContain('A title. How to read it.')
  expect(page).toContain('What each step changed')
})
