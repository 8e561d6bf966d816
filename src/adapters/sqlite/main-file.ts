/**
 * A snapshot as it must not be made: the database's main file, copied as a file. What the write-ahead log
 * beside it holds is missing, although the manifest counts it. For the mutant that does this.
 */
import { copyFileSync, statSync } from 'node:fs'
import { fsyncPath, hashFile } from './files.ts'
import type { UnnamedSnapshot } from './snapshots.ts'

export function mainFileOnly(snapshot: UnnamedSnapshot): UnnamedSnapshot {
  const { unfinished, order, entry } = snapshot
  if (entry.kind === 'partial') return snapshot
  copyFileSync(order.stateFile, unfinished)
  fsyncPath(unfinished)
  const { size } = statSync(unfinished)
  return { ...snapshot, entry: { ...entry, bytes: size, sha256: hashFile(unfinished) } }
}
