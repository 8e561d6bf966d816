/** Two runs side by side: what is a difference, what is chance, and what can't be told. */
import { expect, test } from 'vitest'
import type { CellResult } from '../matrix/result.ts'
import { PROVENANCE, sampleCell, sampleRun } from '../../testing/sample-run.ts'
import type { Block } from './blocks.ts'
import { compareBlocks, compareTable, differencesTable, pairsWithin } from './compare.ts'

const repeats = (ttrs: readonly number[], changes: Partial<CellResult> = {}): CellResult[] =>
  ttrs.map((ttr_ms, at) => sampleCell({ cell: `c${at}`, repeat: at + 1, ttr_ms, ...changes }))
const SIDES = ['A', 'B'] as const
const judged = (a: readonly number[], b: readonly number[]): string[] | undefined =>
  differencesTable([{ label: 'x', metric: 'ttr_ms', a: repeats(a), b: repeats(b) }], SIDES).rows[0]?.slice(-2)

test.each([
  [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10], '+167 %', 'significant (p 0.008)'],
  [[1, 3, 5, 7, 9], [2, 4, 6, 8, 10], '+20 %', 'not significant (p 0.69)'],
  [[1, 2], [30, 40], '+2233 %', 'too few runs to tell'],
  [[5, 5, 5], [5, 5], '0 %', 'none: the same in every run'],
])('%j against %j: %s, %s', (a, b, change, words) => {
  expect(judged(a, b)).toEqual([change, words])
})

test('many rows make one of them less surprising', () => {
  const pair = {
    label: 'x',
    metric: 'ttr_ms' as const,
    a: repeats([1, 2, 3, 4, 5]),
    b: repeats([6, 7, 8, 9, 10]),
  }
  const rows = differencesTable(
    Array.from({ length: 8 }, () => pair),
    SIDES,
  ).rows
  expect(rows.map((row) => row.at(-1))).toEqual(Array.from({ length: 8 }, () => 'not significant (p 0.06)'))
})

test('within a run cold is set against warm of the same point, and OpB against OpA of the same moment', () => {
  const cells = [
    sampleCell(),
    sampleCell({ cell: 'cold', mode: 'cold' }),
    sampleCell({ cell: 'a', operator: 'opa', point: 'opa.commit.mid' }),
    sampleCell({ cell: 'other', point: 'opb.commit.after' }),
  ]
  const found = pairsWithin(cells, 'ttr_ms').map(({ name, pairs }) => [name, pairs.map((pair) => pair.label)])
  expect(found).toEqual([
    ['opa against opb', ['commit.mid']],
    ['warm against cold', ['opb.commit.mid']],
  ])
})

test('runs: verdicts that changed, cells of one side only, other machines', () => {
  const a = sampleRun({ cells: [sampleCell(), sampleCell({ cell: 'gone', point: 'opb.random' })] })
  const b = sampleRun({
    cells: [sampleCell({ verdict: 'invalid', anomalies: ['duplicate'] }), sampleCell({ cell: 'new' })],
    provenance: { ...PROVENANCE, host: { ...PROVENANCE.host, cpus: 64 } },
  })
  const said = JSON.stringify(compareBlocks(a, b) satisfies Block[])
  expect(said).toContain('1 of 1 cells in both changed their verdict.')
  expect(said).toContain('["opb.commit.mid","valid","invalid","–","duplicate"]')
  expect(said).toContain('Only in A: gone')
  expect(said).toContain('Only in B: new')
  expect(said).toContain('different machines')
  expect(compareTable(a, b).rows.map(([cell, metric, , n, , m]) => [cell, metric, n, m])).toContainEqual([
    'opb.commit.mid',
    'ttr_ms',
    '1',
    '2',
  ])
  expect(JSON.stringify(compareBlocks(a, a))).not.toContain('different machines')
  expect(JSON.stringify(compareBlocks(a, a))).not.toContain('different numbers of orders')
  const larger = JSON.stringify(compareBlocks(a, sampleRun({ cells: [sampleCell({ orders: 69_659 })] })))
  expect(larger).toContain('["orders a cell","2,000","69,659"]')
  expect(larger).toContain('different numbers of orders')
})

test('cells that were killed at different hits are not passed off as alike', () => {
  const at = (hit: number) => sampleRun({ cells: [sampleCell({ hit })] })
  expect(compareTable(at(5), at(9)).rows[0]?.[0]).toBe('opb.commit.mid, hit 5 against 9')
  expect(compareTable(at(5), at(5)).rows[0]?.[0]).toBe('opb.commit.mid')
})
