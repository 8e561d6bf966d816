/** Panels in columns: nothing wider than asked, nothing lost, frames closed. */
import { Chalk } from 'chalk'
import { expect, it, test } from 'vitest'
import type { Panel } from '../../core/freeze/panels.ts'
import { panelsText } from './panels.ts'
import { displayWidth } from './wrap.ts'

const colour = new Chalk({ level: 0 })
const panel = (title: string, wide: boolean, ...texts: string[]): Panel => ({
  title,
  wide,
  lines: texts.map((text) => ({ text, tone: 'open' })),
})
const PANELS = [
  panel('Who knows what', true, 'worker: ' + 'has sent EndTxn and waits '.repeat(6)),
  panel(
    'orders/0',
    false,
    '0..9 10 committed',
    '  … a-very-long-key-that-no-terminal-of-this-width-could-ever-hold, b',
  ),
  panel('a title that is itself far too long for a single column of a narrow terminal', false, 'x'),
  panel('output/0', false, 'empty'),
]

test.each([40, 80, 100, 140])('at %i columns every line fits and no word is lost', (width) => {
  const text = panelsText(PANELS, { width, colour })
  for (const line of text.split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(width)
  const squeezed = text.replaceAll(/[│\s]/g, '')
  expect(squeezed).toContain('0..910committed')
  expect(text.match(/┌/g)).toHaveLength(PANELS.length)
  expect(text.match(/┘/g)).toHaveLength(PANELS.length)
  for (const line of text.trimEnd().split('\n'))
    if (line.includes('┌')) expect(line.endsWith('┐') || line.endsWith('│') || line.endsWith('┘')).toBe(true)
})

it('puts panels side by side where there is room, and below each other where there is none', () => {
  const row = (width: number): string => panelsText(PANELS.slice(1), { width, colour }).split('\n')[0]!
  expect(row(80).match(/┌/g)).toHaveLength(2)
  expect(row(120).match(/┌/g)).toHaveLength(3)
  expect(row(60).match(/┌/g)).toHaveLength(1)
})
