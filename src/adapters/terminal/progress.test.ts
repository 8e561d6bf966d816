/** Progress: a live line on a terminal, one line a cell elsewhere, nothing when quiet. */
import { expect, test } from 'vitest'
import { createProgress } from './progress.ts'
import type { ProgressOptions } from './progress.ts'

const recorder = (stream: { isTTY?: boolean; columns?: number }, options: Partial<ProgressOptions> = {}) => {
  const written: string[] = []
  const progress = createProgress({
    stream: { ...stream, write: (text: string) => written.push(text) },
    env: {},
    ...options,
  })
  return { progress, written }
}

const story = ({ progress }: ReturnType<typeof recorder>): void => {
  progress.cell('opa.commit.mid', 2)
  progress.update('feeding')
  progress.done('valid', 'ttr 453 ms')
  progress.say('a word')
  progress.cell('opb.commit.mid', 2)
  progress.close()
}

test('without a terminal, one quiet line per finished cell', () => {
  const record = recorder({})
  story(record)
  expect(record.written).toEqual(['[1/2] opa.commit.mid: valid, ttr 453 ms\n', 'a word\n'])
})

test('on a terminal the live line is redrawn, and cleared before a line that stays', () => {
  const record = recorder({ isTTY: true, columns: 80 }, { env: { NO_COLOR: '1' } })
  story(record)
  expect(record.written).toEqual([
    '\r\u001b[2K[1/2] opa.commit.mid',
    '\r\u001b[2K[1/2] opa.commit.mid: feeding',
    '\r\u001b[2K[1/2] opa.commit.mid: valid, ttr 453 ms\n',
    'a word\n',
    '\r\u001b[2K[2/2] opb.commit.mid',
    '\r\u001b[2K',
  ])
})

test('the live line never wraps, not even with the ^C that a terminal writes behind it, and an unchanged one is not drawn again', () => {
  const record = recorder({ isTTY: true, columns: 40 })
  record.progress.cell('c', 1)
  record.progress.update('x'.repeat(100))
  record.progress.update('x'.repeat(100))
  expect(record.written).toHaveLength(2)
  expect(record.written[1]).toBe(`\r\u001b[2K[1/1] c: ${'x'.repeat(27)}…`)
})

test('verbose says every step, on a line that stays', () => {
  const record = recorder({ isTTY: true, columns: 80 }, { verbose: true })
  story(record)
  expect(record.written[0]).toBe('[1/2] opa.commit.mid: feeding\n')
  expect(record.written.join('')).not.toContain('\r')
})

test('quiet says nothing', () => {
  const record = recorder({ isTTY: true }, { quiet: true })
  story(record)
  expect(record.written).toEqual([])
})
