/**
 * The registry of mutations: a new one is one function in this folder and one line here. What each needs in
 * order to show, and what it must show, is in core/scenario/mutants.ts.
 */
import type { WorkerSpec } from '../ports/workers.ts'
import { type Diary, type Mutation, type MutationMaker, NO_MUTATION } from './mutation.ts'
import {
  offsetOneTooFar,
  offsetOneTooFew,
  noSource,
  ownPartition,
  sortedBatch,
  rangesUnchecked,
  dlqOutside,
  ownTransactionalId,
  openAtStop,
  offsetsBeforeFence,
} from './opa.ts'
import {
  sqliteFirst,
  checkpointFirst,
  ownerUnchecked,
  rowsLate,
  notFlushed,
  overlayForgotten,
  lastOutputOnly,
  rawTime,
} from './opb.ts'
import { replaySkipsFirst, replayDropsLast, doneAtLastRecord, seqIgnored, manifestAhead } from './recovery.ts'
import { copyWithoutWal, manifestEarly } from './snapshots.ts'

export type { Mutation } from './mutation.ts'

const MUTATIONS = {
  offsetOneTooFar,
  offsetOneTooFew,
  noSource,
  ownPartition,
  sortedBatch,
  rangesUnchecked,
  dlqOutside,
  ownTransactionalId,
  openAtStop,
  offsetsBeforeFence,
  sqliteFirst,
  checkpointFirst,
  ownerUnchecked,
  rowsLate,
  notFlushed,
  overlayForgotten,
  lastOutputOnly,
  rawTime,
  replaySkipsFirst,
  replayDropsLast,
  doneAtLastRecord,
  seqIgnored,
  manifestAhead,
  manifestEarly,
  copyWithoutWal,
} satisfies Readonly<Record<string, MutationMaker>>

/** Where nobody waits for what a mutation says. */
const UNKEPT: Diary = { append: () => undefined }

export type MutationName = keyof typeof MUTATIONS

/** What is wrong with this worker; nothing, if its specification names no mutation. */
export function mutationOf(spec: WorkerSpec, incarnation: string, journal: Diary = UNKEPT): Mutation {
  if (spec.mutation === undefined) return NO_MUTATION
  const make = MUTATIONS[spec.mutation as MutationName] as MutationMaker
  return { ...NO_MUTATION, ...make(spec, incarnation, journal) }
}
