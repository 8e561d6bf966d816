/**
 * Flips one bit inside a row of a SQLite file, so that the file still opens and SQLite finds nothing wrong.
 *
 * Promises: the row that is told has changed, or its key has; copies of its bytes in free space are passed over.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { dumpDatabase } from '../../adapters/sqlite-dump/dump.ts'
import type { Flip } from '../../core/crash/fault-proofs.ts'
import type { Draw } from '../../core/crash/plan.ts'
import { flipBit } from './files.ts'

/** In the sum behind the key, or in a digit of the key itself. */
export type RowPart = 'sum' | 'key'

export async function flipInRow(
  { root, file, draw }: { root: string; file: string; draw: Draw },
  part: RowPart,
): Promise<Flip> {
  const rowsOf = async (): Promise<string> => JSON.stringify((await dumpDatabase(file, 0)).rows)
  const { rows } = await dumpDatabase(file, 0)
  const was = JSON.stringify(rows)
  const { key } = rows[draw(0, rows.length - 1)]!
  const content = readFileSync(file)
  for (let at = content.indexOf(key); at >= 0; at = content.indexOf(key, at + 1)) {
    // The lowest bit turns a digit into another one; the last digit is the least likely to break the order.
    const [offset, bit] = part === 'key' ? [at + key.length - 1, 0] : [at + key.length, draw(0, 6)]
    const flip = flipBit(root, file, { offset, bit })
    if ((await rowsOf()) !== was) return flip
    writeFileSync(file, content)
  }
  throw new Error(`${file} does not hold ${key} as it is`)
}
