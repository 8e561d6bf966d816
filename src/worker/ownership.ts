/**
 * Ownership of a task's directory on this host: one process at a time, told apart by a local socket that the
 * owner answers on. The log's own fencing does not depend on it; it only keeps two people from working in
 * one directory by accident, and lets a live owner take a snapshot on request.
 */
import { listen, probe } from '../adapters/files/live-owner.ts'
import { LabError } from '../core/errors.ts'
import type { SnapshotReport } from '../core/primitives/snapshot-keeper.ts'
import type { SnapshotKind } from '../core/recovery/snapshot-kind.ts'
import { taskDirectory, type Run } from './run.ts'

type Take = (kind?: SnapshotKind) => Promise<SnapshotReport>

export interface Ownership {
  /** From now on snapshot requests are served. */
  serve(snapshot: Take): void
  release(): Promise<void>
}

export async function ownTask(run: Run, task: number): Promise<Ownership> {
  const dir = taskDirectory(run.spec, task)
  // A stopped owner can't be told from a busy one: who was sent to take over leaves it to the fence.
  const owner = run.spec.takeOver ? undefined : await probe(dir)
  if (owner) {
    throw new LabError('LIVE_OWNER', `${dir} has a live owner: ${owner.incarnation}, pid ${owner.pid}`, {
      hint: `stop it first (kill -TERM ${owner.pid}), or work on a copy: eoslab recover --into DIR`,
    })
  }
  let snapshot: Take | undefined
  const listener = await listen(
    dir,
    { pid: process.pid, incarnation: run.journal.incarnation, since: Date.now() },
    {
      snapshot: (kind) => {
        if (snapshot) return snapshot(kind)
        throw new LabError('LIVE_OWNER', `${run.journal.incarnation} is still recovering`, {
          hint: 'ask again when it has said "replay done"',
        })
      },
    },
  )
  return {
    serve: (take) => (snapshot = take),
    release: async () => listener.close(),
  }
}
