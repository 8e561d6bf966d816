/** Reports as blocks: medians, places, foreign texts, and that results read back are shown or named. */
import { describe, expect, test } from 'vitest'
import { sampleCell, sampleMutantRun, sampleRun } from '../../testing/sample-run.ts'
import type { RunResult } from '../matrix/result.ts'
import type { Block } from './blocks.ts'
import { CSV_COLUMNS, csvRows } from './csv-rows.ts'
import { METRIC_NAMES } from './metrics.ts'
import { number, printable, spread } from './numbers.ts'
import { asRunResult } from './read.ts'
import { ciBlocks, CRASH_KIND, reportBlocks, summaryBlocks, terminalBlocks } from './report.ts'
import { findingsTable, groups, isolationTable, placeOf, recoveryTable } from './tables.ts'

const rowsOf = (block: Block | undefined): readonly (readonly string[])[] =>
  block?.kind === 'table' ? block.table.rows : []
const titlesOf = (block: Block): string[] =>
  block.kind === 'table' ? block.table.columns.map((column) => column.title) : []
const textsOf = (blocks: readonly Block[]): string => JSON.stringify(blocks)

describe('numbers', () => {
  test('are grouped, short, and a dash where nothing was measured', () => {
    expect([12_345, 0, 2.14, 453.24, null, undefined, Number.NaN].map(number)).toEqual([
      '12,345',
      '0',
      '2.1',
      '453',
      '–',
      '–',
      '–',
    ])
  })

  test('several samples are the median, the least and the largest', () => {
    expect(spread([500, 400, 433])).toBe('433 (400–500)')
    expect(spread([500, null, 400])).toBe('450 (400–500)')
    expect(spread([7, 7])).toBe('7')
    expect(spread([null, 7])).toBe('7')
    expect(spread([null])).toBe('–')
  })

  test('control characters and broken Unicode are shown, other scripts stay', () => {
    expect(printable('a\u001b[31m\nb\ud800c\u202ed 注文 é')).toBe(
      String.raw`a\u001b[31m\u000ab\ud800c\u202ed 注文 é`,
    )
  })
})

describe('repeats', () => {
  const cells = [1, 2, 3].map((n) => sampleCell({ cell: `opb.commit.mid#${n}`, repeat: n, ttr_ms: 100 * n }))
  const cold = sampleCell({ cell: 'cold', mode: 'cold' })

  test('of one point and mode are one row with n', () => {
    const table = recoveryTable([...cells, cold])
    expect(titlesOf(table).slice(0, 3)).toEqual(['cell', 'n', 'ttr_ms'])
    expect(rowsOf(table).map((row) => row.slice(0, 3))).toEqual([
      ['opb.commit.mid', '3', '200 (100–300)'],
      ['cold', '1', '453'],
    ])
  })

  test('without repeats there is no n', () => {
    expect(titlesOf(recoveryTable([cold]))).not.toContain('n')
  })

  test('differ by point, mode, guarantee and mutant', () => {
    const changes = [{}, { point: 'x' }, { mode: 'cold' as const }, { guarantee: 'x' }, { mutant: 'x' }]
    expect(groups(changes.map((change) => sampleCell(change)))).toHaveLength(5)
  })
})

test('no page of simulated schedules speaks of killed processes, a mixed one says which are which', () => {
  const simulated = sampleRun({ brokers: 'simulated', cells: [sampleCell()] })
  expect(textsOf(reportBlocks([simulated]))).not.toContain(CRASH_KIND)
  expect(textsOf(summaryBlocks(simulated))).toContain('Simulated log and kills')
  expect(textsOf(reportBlocks([simulated, sampleRun()]))).toContain(`${CRASH_KIND}; simulated where`)
})

test('a page has the kind of crash, every cell, expectation, finding, version and number', () => {
  const runs = [sampleRun(), sampleMutantRun()]
  const page = textsOf(reportBlocks(runs))
  expect(page).toContain(CRASH_KIND)
  for (const run of runs) {
    for (const cell of run.cells) {
      for (const text of [cell.cell, cell.evidence.summary, cell.story]) expect(page).toContain(text)
    }
    for (const each of run.expectations) expect(page).toContain(`${each.met ? '✓' : '✗'} ${each.text}`)
  }
  for (const word of [
    'ttr_ms',
    'boot_ms',
    'snapshot_time_ms',
    'snapshot_bytes',
    'replay_bytes',
    'applied',
    'skipped',
  ])
    expect(page).toContain(`"${word}"`)
  for (const word of ['4.3.0', '24.21.0', '3.50.4', 'Example CPU', '7bda135c0ffee'])
    expect(page).toContain(word)
  expect(page).toContain(
    'Mutant at-least-once: OpA commits its input offsets outside its transaction, after it. It was caught',
  )
})

test('a summary says its verdict and repeats what was not valid', () => {
  const page = textsOf(summaryBlocks(sampleRun()))
  expect(page).toContain('crash-matrix: vacuous')
  expect(page).toContain('eoslab crash-matrix --at opb.commit.mid:5')
  expect(textsOf(summaryBlocks(sampleRun({ cells: [sampleCell()] })))).not.toContain('To repeat')
})

test('a stopped run says so on every page, beside its verdict', () => {
  const run: RunResult = { ...sampleRun({ cells: [sampleCell()] }), interrupted: true }
  for (const blocks of [reportBlocks([run]), summaryBlocks(run), terminalBlocks(run), ciBlocks([run])]) {
    expect(textsOf(blocks)).toContain('Stopped before its end')
  }
  expect(textsOf(reportBlocks([sampleRun()]))).not.toContain('Stopped before')
})

test('a cell without totals of a topic shows a dash, and prefixes do not multiply the topics', () => {
  const other = sampleCell({
    cell: 'other',
    prefix: 'm7.c2.',
    totals: {
      ...sampleCell().totals,
      uncommitted_dangling: { 'm7.c2.orders.output': 3 },
      uncommitted_at_end: {},
    },
  })
  const table = isolationTable([sampleCell(), other])
  expect(titlesOf(table)).toEqual(['cell', 'opb-changelog', 'orders.output'])
  expect(rowsOf(table)).toEqual([
    ['opb.commit.mid', '66 / 0', '66 / 0'],
    ['other', '– / –', '3 / 0'],
  ])
})

test('findings name their place without the prefix, once the cell, and no more than three of a kind; without findings there is no table', () => {
  expect(findingsTable([sampleCell()])).toBeUndefined()
  const [cell] = sampleMutantRun().cells
  const [finding] = cell!.findings
  const many = { ...cell!, findings: Array.from({ length: 9 }, () => finding!) }
  const rows = rowsOf(findingsTable([many]))
  expect(rows[0]?.[4]).toBe(
    String.raw`orders.enriched/0@868, key A|\u001b[31m<b>` +
      '`' +
      String.raw`#p1\u000a#0, transaction opa.a.2/1`,
  )
  expect(rows).toHaveLength(3)
  expect(rows.map(([name]) => name)).toEqual([cell!.cell, '', ''])
  expect(placeOf({ topic: 't' })).toBe('t')
  expect(placeOf({ partition: 3, transaction: 'id-0/opb.a.1/7' })).toBe('partition 3, transaction opb.a.1/7')
  expect(placeOf({})).toBe('')
})

test('CSV has every number of every cell under its name', () => {
  const rows = csvRows(sampleRun().cells)
  expect(new Set(CSV_COLUMNS).size).toBe(CSV_COLUMNS.length)
  for (const row of rows) expect(row).toHaveLength(CSV_COLUMNS.length)
  const field = (row: number, name: string) => rows[row]?.[CSV_COLUMNS.indexOf(name)]
  expect(field(1, 'ttr_ms')).toBe(453.24)
  expect(field(1, 'sum_out')).toBe(41_250_900)
  expect(field(3, 'ttr_ms')).toBeNull()
  for (const name of METRIC_NAMES) expect(CSV_COLUMNS).toContain(name)
})

const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe('a run read back', () => {
  test('is the run', () => {
    const read = asRunResult(json(sampleMutantRun()))
    expect(read).toEqual({ run: sampleMutantRun() })
  })

  test('may lack what an older version did not write', () => {
    const old = json(sampleRun()) as { cells: Record<string, unknown>[]; expectations?: unknown }
    delete old.expectations
    for (const cell of old.cells)
      for (const field of ['phases', 'totals', 'findings', 'story', 'applied']) delete cell[field]
    const read = asRunResult(old)
    if ('problem' in read) throw new Error(read.problem)
    expect(textsOf(reportBlocks([read.run]))).toContain('opb.commit.mid#cold')
    expect(csvRows(read.run.cells)[0]).toHaveLength(CSV_COLUMNS.length)
  })

  test.each([
    [null, 'the document'],
    [{ experiment: 'x' }, 'verdict'],
    [{ ...sampleRun(), cells: [{ ...sampleCell(), verdict: 'great' }] }, 'cells.0.verdict'],
  ])('or is refused by the field that is wrong', (value, field) => {
    expect(asRunResult(value)).toMatchObject({ problem: expect.stringContaining(field) })
  })
})

describe('differences within a run', () => {
  const repeats = (base: number, changes: object) =>
    Array.from({ length: 6 }, (_, i) => sampleCell({ cell: `${base}-${i}`, ttr_ms: base + i, ...changes }))

  test('are judged where cells were repeated', () => {
    const texts = textsOf(
      reportBlocks([sampleRun({ cells: [...repeats(100, {}), ...repeats(900, { mode: 'cold' })] })]),
    )
    expect(texts).toContain('Warm against cold:')
    expect(texts).toContain('significant (p 0.002)')
  })

  test('are not spoken of where they were not', () => {
    expect(textsOf(reportBlocks([sampleRun()]))).not.toContain('Is it a difference?')
  })

  test('set cells in which nobody was killed against the others', () => {
    const none = repeats(0, { point: 'none', ttr_ms: null, latency_p95_ms: 60 })
    const killed = repeats(200, { latency_p95_ms: 180 })
    const texts = textsOf(reportBlocks([sampleRun({ cells: [...none, ...killed] })]))
    expect(texts).toContain('Nobody killed against killed:')
    expect(texts).toContain('+200 %')
  })
})
