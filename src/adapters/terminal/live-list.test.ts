/** The live list of a matrix: what is over stays with its mark, what runs is named, talk comes after. */
import { PassThrough } from 'node:stream'
import { Chalk } from 'chalk'
import { expect, test } from 'vitest'
import { openLiveList, roughly } from './live-list.ts'
import { listProgress } from './matrix-progress.ts'

/** A terminal of 80 columns and what was written to it. */
function terminal() {
  const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: 24 })
  let text = ''
  stream.on('data', (data: Buffer) => (text += data.toString()))
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => text }
}

const ESC = '\u001B'
const SEQUENCE = new RegExp(String.raw`(?=${ESC}\[)|(?<=${ESC}\[[?\d;]*[A-Za-z])|(\n)`)
const MOVE = new RegExp(String.raw`^${ESC}\[(\d*)([A-Za-z])$`)

/** What stays on the screen: a terminal that knows the few movements which are used here. */
function left(text: string): string[] {
  const lines: string[] = []
  let [row, column] = [0, 0]
  for (const part of text.split(SEQUENCE).filter(Boolean)) {
    const [, count = '1', move] = MOVE.exec(part) ?? []
    const line = lines[row] ?? ''
    if (part === '\n') [row, column] = [row + 1, 0]
    else if (move === 'A') row -= Number(count)
    else if (move === 'B') row += Number(count)
    else if (move === 'G') column = 0
    else if (move === 'K') lines[row] = count === '2' ? '' : line.slice(0, column)
    else if (!part.startsWith(ESC)) {
      lines[row] = line.slice(0, column).padEnd(column) + part + line.slice(column + part.length)
      column += part.length
    }
  }
  return lines.filter((line) => line.trim() !== '')
}

test('on a terminal every cell that is over stays with its mark, what was running is named, talk comes after', async () => {
  const { stream, text } = terminal()
  const record = listProgress({
    stream,
    colour: new Chalk({ level: 0 }),
    open: openLiveList,
  })
  record.cell('a', 5)
  record.update('feeding')
  await expect.poll(text).toContain('› a: feeding, 0 s')
  expect(text()).toContain('0 of 5 done')
  record.done('valid', 'hit 7')
  record.say('metrics: here')
  record.cell('b', 5)
  await expect.poll(text).toMatch(/1 of 5 done, about \d+ s left/)
  record.done('invalid', 'duplicate')
  record.cell('c', 5)
  record.done('vacuous', 'why')
  record.cell('d', 5)
  record.update('judging')
  record.say('the end')
  await record.close()
  expect(left(text())).toEqual([
    '✓ a: valid, hit 7',
    'metrics: here',
    '✗ b: invalid, duplicate',
    '? c: vacuous, why',
    '? d: stopped while judging',
    'the end',
  ])
  // The cursor is back.
  expect(text()).toContain(`${ESC}[?25h`)
})

test('time left is told in the unit a person would use', () => {
  expect([100, 45_000, 100_000, 3_600_000 * 2].map(roughly)).toEqual(['1 s', '45 s', '2 min', '2 h 0 min'])
})
