/** JUnit XML: well-formed whatever a key holds, and red exactly where the run is. */
import { expect, test } from 'vitest'
import { sampleMutantRun, sampleRun } from '../../testing/sample-run.ts'
import type { RunResult } from '../matrix/result.ts'
import { failedCells } from './failed.ts'
import { junitXml, runSuite } from './junit.ts'

const BROKEN = {
  ...sampleMutantRun().cells[0]!,
  cell: 'opa.broken',
  mutant: null,
  command: 'eoslab crash-matrix --seed 7',
}
const run: RunResult = sampleRun({ verdict: 'invalid', cells: [...sampleRun().cells, BROKEN] })

const kinds = (of: RunResult): string[] =>
  runSuite(of).cases.map(({ name, bad }) => `${name}: ${bad?.kind ?? 'fine'} ${bad?.type ?? ''}`.trim())

test('one testcase a cell: an anomaly is a failure, what proves nothing an error', () => {
  const found = kinds(run)
  for (const cell of run.cells) {
    const [kind, type] =
      cell.verdict === 'valid'
        ? ['fine', '']
        : cell.verdict === 'invalid'
          ? ['failure', cell.anomalies[0]]
          : ['error', cell.verdict]
    expect(found).toContain(`${cell.cell}: ${kind} ${type}`.trim())
  }
  expect(new Set(run.cells.map((cell) => cell.verdict)).size).toBeGreaterThan(2)
})

test('a failure says anomaly and place, where the evidence lies, and what to run next', () => {
  const invalid = run.cells.find((cell) => cell.verdict === 'invalid')!
  const text = runSuite(run).cases.find((each) => each.name === invalid.cell)!.bad!.text
  expect(text).toContain(`${invalid.anomalies[0]}: `)
  expect(text).toMatch(/@\d+/)
  expect(text).toContain(`evidence: ${run.results}/evidence/`)
  expect(text).toContain(`eoslab explain ${invalid.cell} --run ${run.results}`)
  expect(text).toContain(invalid.command)
})

test('a run that came out as expected is green: a caught mutant is no failure', () => {
  expect(kinds({ ...run, verdict: 'valid', expectations: [] }).every((each) => each.endsWith('fine'))).toBe(
    true,
  )
  expect(failedCells({ ...run, verdict: 'valid' })).toEqual([])
})

test('a missed expectation is a failure of its own, where the cells are fine', () => {
  const fine = run.cells.filter((cell) => cell.verdict === 'valid')
  const expectations = [{ text: 'ttr_ms at most 1ms in every cell', met: false, found: '453ms (a)' }]
  expect(kinds({ ...run, cells: fine, expectations }).filter((each) => !each.endsWith('fine'))).toEqual([
    'expected: ttr_ms at most 1ms in every cell: failure expectation',
  ])
})

test('that not every cell is valid is said once, by its cell; a threshold beside it is said too', () => {
  const every = { text: 'every cell valid', met: false, found: 'opa.broken invalid' }
  const slow = { text: 'ttr_ms at most 1ms in every cell', met: false, found: '453ms (a)' }
  const expected = (expectations: RunResult['expectations']) =>
    kinds({ ...run, expectations }).filter((each) => each.startsWith('expected'))
  expect(expected([every])).toEqual([])
  expect(expected([every, slow])).toHaveLength(2)
})

test('whatever a name or a message holds, the document stays well-formed', () => {
  const nasty = `<&"'>]]>\u0000\u001b[31m\ud800 \uffff é😀\nnext`
  const xml = junitXml([
    {
      name: nasty,
      properties: { [nasty]: nasty },
      cases: [{ name: nasty, ms: 1, bad: { kind: 'failure', type: nasty, text: nasty } }],
    },
  ])
  expect(xml).toContain('&lt;&amp;&quot;&apos;&gt;]]&gt;\ufffd\ufffd[31m\ufffd \ufffd é😀')
  expect(xml.match(/<(?!\/|\?)/g)).toHaveLength(xml.match(/<\/|\/>/g)!.length)
  // Line breaks would become spaces in an attribute.
  expect(xml).toMatch(/message="[^"]*"/)
  expect(xml).toMatch(/name="[^"\n]*&#10;next"/)
})
