/** Markdown: tables that no foreign text can break, and CSV beside it. */
import { expect, test } from 'vitest'
import { code, heading, left, list, right, table, text } from '../../core/report/blocks.ts'
import { csv } from './csv.ts'
import { markdown } from './markdown.ts'

test('every kind of block', () => {
  expect(
    markdown([
      heading(2, 'A run'),
      text('A sentence.'),
      list(['one', 'two']),
      code(['eoslab report']),
      table([left('cell'), right('ttr_ms')], [['opb.commit.mid', '453']]),
    ]),
  ).toBe(
    [
      '## A run',
      'A sentence.',
      '- one\n- two',
      '```\neoslab report\n```',
      '| cell           | ttr_ms |\n| :------------- | -----: |\n| opb.commit.mid |    453 |\n',
    ].join('\n\n'),
  )
})

test('texts stay texts', () => {
  const key = 'a|b`c<img src=x>[l](u)\\*d*\ne'
  const drawn = markdown([table([left('key')], [[key]])])
  expect(drawn.trimEnd().split('\n')).toHaveLength(3)
  expect(drawn).toContain('a\\|b\\`c\\<img src=x\\>\\[l\\](u)\\\\\\*d\\* e')
  expect(markdown([text('<b>')])).toBe('\\<b\\>\n')
})

test('no line can end a code block', () => {
  expect(markdown([code(['````'])])).toBe('`````\n````\n`````\n')
})

test('CSV quotes what needs it and leaves unmeasured fields empty', () => {
  expect(csv(['a', 'b', 'c'], [['x,"y"', null, 1.5]])).toBe('a,b,c\n"x,""y""",,1.5\n')
})
