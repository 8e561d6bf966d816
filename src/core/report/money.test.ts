import { expect, test } from 'vitest'
import { sampleMutantRun, sampleRun } from '../../testing/sample-run.ts'
import { moneyBlocks } from './money.ts'

test('a twin is told in money beside a run that overcharged nobody', () => {
  const mutant = sampleMutantRun()
  const [cell] = mutant.cells
  const bad = {
    ...cell!,
    overcharge_total: 900,
    overcharge: [
      { orderId: 'o17', amount: 500, src: `${cell!.prefix}orders/0/16`, cause: 'duplicate' as const },
    ],
  }
  const blocks = moneyBlocks([{ ...mutant, cells: [bad] }, sampleRun()])
  const texts = blocks.filter((b) => b.kind === 'text').map((b) => b.text)
  expect(texts[0]).toContain('order o17 (orders/0/16) over 500 was counted twice')
  expect(texts[0]).toContain('overcharged 900 in all')
  expect(texts[1]).toContain('nobody overcharged: 0')
  const rows = blocks.flatMap((b) => (b.kind === 'table' ? b.table.rows : []))
  expect(rows.map((row) => row.at(-1))).toEqual(['900', '0'])
})
