/**
 * One history out of many journals: history.jsonl, ordered by the clock that the processes of a host share.
 *
 * Promises: every whole line of every journal is in it once, with the cell it belongs to (the name of its
 * folder), in order of `t`; lines of one journal keep their order. A line that a kill tore apart is counted.
 * Does not: judge or repair; the journals stay beside it as they were.
 */
import { readFile, readdir } from 'node:fs/promises'
import path from 'node:path'

interface Line {
  readonly t: number
  readonly text: string
}

export interface MergedHistory {
  readonly text: string
  readonly torn: number
}

/** Merges <dir>/<cell>/*.jsonl; a missing directory is an empty history. */
export async function mergedHistory(dir: string): Promise<MergedHistory> {
  const lines: Line[] = []
  let torn = 0
  const files = await journals(dir)
  for (const { cell, file } of files) {
    for (const text of (await readFile(file, 'utf8')).split('\n')) {
      if (text === '') continue
      const event = parsed(text)
      if (event) lines.push({ t: Number(event['t'] ?? 0), text: JSON.stringify({ cell, ...event }) })
      else torn += 1
    }
  }
  // The sort is stable, so equal stamps keep the order of their journal.
  lines.sort((a, b) => a.t - b.t)
  return { text: lines.map((line) => `${line.text}\n`).join(''), torn }
}

async function journals(dir: string): Promise<{ cell: string; file: string }[]> {
  try {
    const cells = (await readdir(dir)).sort()
    const found = await Promise.all(
      cells.map(async (cell) => {
        const names = (await readdir(path.join(dir, cell))).sort()
        return names.map((name) => ({ cell, file: path.join(dir, cell, name) }))
      }),
    )
    return found.flat()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
