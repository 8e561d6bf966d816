/**
 * Runs told in money: what was paid in, what was counted, and what customers would have been overcharged.
 *
 * Promises: the sums are the oracle's (recomputed from `orders` alone); an overcharge names an order, its
 * amount and the record it came from. Amounts are the integers of the orders, in their smallest unit.
 */
import type { CellResult, RunResult } from '../matrix/result.ts'
import { heading, left, right, table, text, type Block } from './blocks.ts'
import { number, printable } from './numbers.ts'

const total = (cells: readonly CellResult[], of: (cell: CellResult) => number): number =>
  cells.reduce((sum, cell) => sum + of(cell), 0)

/** One sentence on the first order that was counted too often, or that none was. */
function example(run: RunResult): string {
  const cell = run.cells.find((c) => c.overcharge.length > 0)
  const first = cell?.overcharge[0]
  const sum = total(run.cells, (c) => c.overcharge_total)
  if (!cell || !first) return `${run.experiment}: ${run.cells.length} kills, nobody overcharged: 0.`
  const how =
    first.cause === 'duplicate' ? 'was counted twice' : 'was counted though its transaction was aborted'
  const src = first.src.startsWith(cell.prefix) ? first.src.slice(cell.prefix.length) : first.src
  return printable(
    `${run.experiment}: order ${first.orderId} (${src}) over ${number(first.amount)} ${how}; ` +
      `customers were overcharged ${number(sum)} in all.`,
  )
}

/** Several runs side by side, in money. */
export const moneyBlocks = (runs: readonly RunResult[]): Block[] => [
  heading(2, 'In money'),
  ...runs.map((run) => text(example(run))),
  table(
    [
      left('experiment'),
      left('guarantee'),
      right('kills'),
      right('paid in'),
      right('counted'),
      right('overcharged'),
    ],
    runs.map((run) => [
      run.experiment,
      run.cells[0]?.guarantee ?? '',
      number(run.cells.length),
      number(total(run.cells, (c) => c.totals.sum_in)),
      number(total(run.cells, (c) => c.totals.sum_out)),
      number(total(run.cells, (c) => c.overcharge_total)),
    ]),
  ),
  text(`Results: ${runs.map((run) => run.results).join(', ')}`),
]
