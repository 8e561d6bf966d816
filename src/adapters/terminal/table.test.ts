/** Terminal drawing: fits the width, loses nothing, colours only where wanted. */
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import { left, right, words } from '../../core/report/blocks.ts'
import { terminalBlocks } from '../../core/report/report.ts'
import { sampleMutantRun, sampleRun } from '../../testing/sample-run.ts'
import { colourFor, widthFor } from './colour.ts'
import { tableText, terminalText } from './table.ts'
import { displayWidth, wrap, wrapName } from './wrap.ts'

const plain = colourFor({}, {})
const coloured = colourFor({}, { FORCE_COLOR: '1' })
const widest = (text: string): number =>
  Math.max(
    ...stripVTControlCharacters(text)
      .split('\n')
      .map((line) => displayWidth(line)),
  )
const letters = (text: string): string => text.replaceAll(/[\s│─┌┐└┘├┤┬┴┼]/g, '')

describe.each([40, 80, 120, 200])('at %d columns', (width) => {
  const blocks = [...terminalBlocks(sampleRun()), ...terminalBlocks(sampleMutantRun())].filter(
    (block) => block.kind !== 'code',
  )

  test('no line is wider, with and without colour', () => {
    expect(widest(terminalText(blocks, { width, colour: plain }))).toBeLessThanOrEqual(width)
    expect(widest(terminalText(blocks, { width, colour: coloured }))).toBeLessThanOrEqual(width)
  })

  test('every text of every cell is there', () => {
    const shown = tableText(
      {
        columns: [left('cell'), right('snapshot_time_ms'), words('evidence'), left('key')],
        rows: [['opb.commit.mid', '12,345', 'EndTxn was forwarded and its answer withheld', 'x'.repeat(90)]],
      },
      { width, colour: plain },
    )
    expect(widest(shown)).toBeLessThanOrEqual(width)
    expect(shown).not.toContain('…')
    expect(shown.match(/x/g)).toHaveLength(90 + (shown.includes('EndTxn') ? 1 : 0))
    for (const word of ['12,345', 'forwarded', 'withheld']) expect(letters(shown)).toContain(word)
  })
})

test('a table that fits is one table, one that does not goes on with its first column', () => {
  const table = {
    columns: [left('cell'), right('a'), right('b')],
    rows: [['c1', '1'.repeat(20), '2'.repeat(20)]],
  }
  expect(tableText(table, { width: 80, colour: plain }).match(/c1/g)).toHaveLength(1)
  expect(tableText(table, { width: 40, colour: plain }).match(/c1/g)).toHaveLength(2)
})

test('where the first column names no row, as many go along as do', () => {
  const [a, b] = ['1'.repeat(20), '2'.repeat(20)]
  const table = {
    columns: [left('changelog'), left('after'), right('a'), right('b')],
    rows: [
      ['on', 'none', a, b],
      ['on', 'all', a, b],
    ],
  }
  const drawn = tableText(table, { width: 50, colour: plain })
  expect([drawn.match(/none/g), drawn.match(/all/g)]).toEqual([
    ['none', 'none'],
    ['all', 'all'],
  ])
  expect(widest(drawn)).toBeLessThanOrEqual(50)
})

test('numbers stand right, words left', () => {
  const drawn = tableText(
    {
      columns: [left('w'), right('n')],
      rows: [
        ['a', '1'],
        ['bbb', '22'],
      ],
    },
    { width: 80, colour: plain },
  )
  expect(drawn.split('\n').slice(3, 5)).toEqual(['│ a   │  1 │', '│ bbb │ 22 │'])
})

test('an empty table shows its columns', () => {
  expect(tableText({ columns: [left('only')], rows: [] }, { width: 80, colour: plain })).toContain('only')
})

const on = (stream: { isTTY?: boolean }, env: Record<string, string>) => colourFor(stream, env).level > 0

test('colour follows NO_COLOR, FORCE_COLOR and the stream', () => {
  expect(on({ isTTY: true }, {})).toBe(true)
  expect(on({}, {})).toBe(false)
  expect(on({ isTTY: true }, { NO_COLOR: '1' })).toBe(false)
  expect(on({ isTTY: true }, { NO_COLOR: '' })).toBe(true)
  expect(on({}, { FORCE_COLOR: '1' })).toBe(true)
  expect(on({ isTTY: true }, { FORCE_COLOR: '0' })).toBe(false)
  expect(on({}, { FORCE_COLOR: '1', NO_COLOR: '1' })).toBe(false)
  expect(on({ isTTY: true }, { TERM: 'dumb' })).toBe(false)
})

test('width is the terminal, else COLUMNS, else that of a file', () => {
  expect(widthFor({ columns: 100 }, { COLUMNS: '90' })).toBe(100)
  expect(widthFor({}, { COLUMNS: '90' })).toBe(90)
  expect(widthFor({}, { COLUMNS: 'wide' })).toBe(200)
  expect(widthFor({ columns: 10 }, {})).toBe(40)
})

test('texts break at spaces, long words anywhere, wide characters by their width', () => {
  expect(wrap('one two three', 7)).toEqual(['one two', 'three'])
  expect(wrap('abcdefghij k', 4)).toEqual(['abcd', 'efgh', 'ij k'])
  expect(wrap('注文注文', 4)).toEqual(['注文', '注文'])
  expect(wrap('', 4)).toEqual([''])
  expect(wrapName('snapshot_time_ms', 9)).toEqual(['snapshot_', 'time_ms'])
  expect(wrapName('snapshot_time_ms', 16)).toEqual(['snapshot_time_ms'])
})
