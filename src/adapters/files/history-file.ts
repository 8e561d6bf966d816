/**
 * history.jsonl read back: the events of each cell, in order.
 *
 * Promises: a line that is no event is left out; a run without the file has no events. Cells are found by the
 * folder that the run gave them, so a cell is named as in its results.
 */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { LabError, messageOf } from '../../core/errors.ts'
import type { HistoryEvent } from '../../core/history/event.ts'
import { cellFolders } from './results.ts'

/** Events by name of cell; `cells` in the order of the run. */
export async function readHistory(
  dir: string,
  cells: readonly string[],
): Promise<Map<string, readonly HistoryEvent[]>> {
  const byFolder = new Map<string, HistoryEvent[]>()
  for (const line of (await textOf(path.join(dir, 'history.jsonl'))).split('\n')) {
    const event = eventOf(line)
    if (!event) continue
    const of = byFolder.get(event.cell)
    if (of) of.push(event)
    else byFolder.set(event.cell, [event])
  }
  const folderOf = cellFolders()
  return new Map(cells.map((cell) => [cell, byFolder.get(folderOf(cell)) ?? []]))
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw new LabError('RESULTS_UNUSABLE', `cannot read ${file}: ${messageOf(error)}`, {
      hint: 'Name a folder that can be read with EOSLAB_RESULTS (default: ./results).',
      cause: error,
    })
  }
}

function eventOf(line: string): (HistoryEvent & { readonly cell: string }) | undefined {
  if (line === '') return undefined
  try {
    const value = JSON.parse(line) as Partial<HistoryEvent> & { cell?: unknown }
    const whole = typeof value.t === 'number' && typeof value.f === 'string' && typeof value.cell === 'string'
    return whole ? (value as HistoryEvent & { cell: string }) : undefined
  } catch {
    return undefined
  }
}
