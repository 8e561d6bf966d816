/**
 * `eoslab evidence p2`: on the OpB cell that the last run kept, the newest manifest and where its snapshot is,
 * and what an overlapping replay does.
 *
 * Promises: the overlap is replayed onto a copy, for real; the numbers of the explanation are its numbers.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { SnapshotDirectory } from '../../adapters/sqlite/snapshot-files.ts'
import type { IdempotenceFound } from '../../core/compare/p2.ts'
import type { Manifest } from '../../core/contracts/records.ts'
import { LabError } from '../../core/errors.ts'
import { recover } from '../recovery/recover.ts'
import { findTarget } from '../recovery/task-target.ts'

export interface P2Options {
  readonly brokers?: string | undefined
  readonly stateDir: string
  readonly prefix?: string | undefined
  readonly say: (text: string) => void
}

export async function runP2({ brokers, stateDir, prefix, say }: P2Options): Promise<IdempotenceFound> {
  const flags = { brokers, prefix, 'state-dir': stateDir }
  const before = await recover({ flags, manifest: 'latest', replayFrom: 'state', say })
  // What recovery took is what the newest manifest in the log names; its JSON lies beside the file.
  const id = before.tasks[0]?.snapshot_id
  const { snapshotDir } = findTarget(flags)
  const newest = new SnapshotDirectory(path.join(snapshotDir, 'opb-0'))
    .list()
    .find((s) => s.snapshotId === id)
  if (!newest) {
    throw new LabError('NO_MANIFEST', `${before.prefix}opb-0 came back without a snapshot`, {
      hint: 'run the cells first: eoslab run experiments/plan/p2.yaml',
    })
  }
  const snapshot = path.join(snapshotDir, 'opb-0', newest.path)
  const into = mkdtempSync(path.join(tmpdir(), 'eoslab-p2-'))
  try {
    const again = await recover({ flags, manifest: 'latest', replayFrom: 'manifest', into, say })
    const [state, overlap] = [before.tasks[0]!, again.tasks[0]!]
    const manifest = JSON.parse(readFileSync(`${snapshot}.json`, 'utf8')) as Manifest
    return {
      manifest,
      snapshot,
      overlap: overlap.applied + overlap.skipped,
      applied: overlap.applied,
      skipped: overlap.skipped,
      from: overlap.replay_from,
      to: overlap.replay_to,
      hash_before: state.state_hash,
      hash_after: overlap.state_hash,
    }
  } finally {
    rmSync(into, { recursive: true, force: true })
  }
}
