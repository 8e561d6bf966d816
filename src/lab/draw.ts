/** A table for stdout, as wide as the terminal is. Loads the table library only when one is drawn. */
import type { Table } from '../core/report/blocks.ts'

export async function drawTable(table: Table): Promise<string> {
  const [{ tableText }, { colourFor, widthFor }] = await Promise.all([
    import('../adapters/terminal/table.ts'),
    import('../adapters/terminal/colour.ts'),
  ])
  const { env, stdout } = process
  return tableText(table, { width: widthFor(stdout, env), colour: colourFor(stdout, env) })
}
