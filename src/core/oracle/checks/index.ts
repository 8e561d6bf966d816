/** The registry of checks: a new check is one file and one line here. The order is the order of the table. */
import type { Check } from '../check.ts'
import { offsetAhead, offsetBehind } from './atomicity.ts'
import { deltaCompactionLoss } from './compaction.ts'
import { overCount, phantomKey, underCount } from './counts.ts'
import { duplicate, lostWrite } from './delivery.ts'
import { foldEnriched, foldOrders, foldState } from './folds.ts'
import { hungTransaction, markers, neverZeroLag, noProgress, stuckRecovery } from './liveness.ts'
import { abortedRead, phantomOutput } from './provenance.ts'
import { nonIdempotentRecovery, replayGap } from './recovery.ts'
import { danglingManifest, manifestRegression, pathDependence, tornSnapshot } from './snapshots.ts'
import { sourceMismatch } from './source.ts'
import { checkpointAhead, dirtyState, stateBehind } from './state.ts'
import { reorder, tornTransaction, zombieWrite } from './transactions.ts'
import { versionGap, versionRegression } from './versions.ts'

export const CHECKS: readonly Check[] = [
  markers,
  sourceMismatch,
  lostWrite,
  duplicate,
  abortedRead,
  phantomOutput,
  tornTransaction,
  reorder,
  zombieWrite,
  offsetAhead,
  offsetBehind,
  underCount,
  overCount,
  versionGap,
  versionRegression,
  phantomKey,
  dirtyState,
  stateBehind,
  checkpointAhead,
  foldOrders,
  foldEnriched,
  foldState,
  deltaCompactionLoss,
  danglingManifest,
  tornSnapshot,
  manifestRegression,
  pathDependence,
  replayGap,
  nonIdempotentRecovery,
  hungTransaction,
  stuckRecovery,
  noProgress,
  neverZeroLag,
]
