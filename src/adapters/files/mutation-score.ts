/**
 * results/mutation-score.json: the newest mutation score of each oracle version.
 *
 * Promises: written whole or not at all; a file that is missing or damaged has no scores, for a report must
 * not fail for what it can call "not measured".
 */
import { mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import writeFileAtomic from 'write-file-atomic'

const FILE = 'mutation-score.json'

export type Scores = Readonly<Record<string, unknown>>

export function readScores(root: string): Scores {
  try {
    const scores: unknown = JSON.parse(readFileSync(path.join(root, FILE), 'utf8'))
    return typeof scores === 'object' && scores !== null ? (scores as Scores) : {}
  } catch {
    return {}
  }
}

export async function writeScore(root: string, version: string, score: unknown): Promise<void> {
  mkdirSync(root, { recursive: true })
  const scores = { ...readScores(root), [version]: score }
  await writeFileAtomic(path.join(root, FILE), `${JSON.stringify(scores, null, 2)}\n`)
}
