/**
 * The whole matrix of kills: every point of the registry once, pairs beyond the ones that the registry needs,
 * and restarts without local state. Faults beyond a kill are a selection of their own.
 *
 * Promises: distinct points and pairs only; hits and repeats are the caller's. Does not: plan hits.
 */
import { resolvePoints, type PointOrder } from './points.ts'
import { CRASH_POINTS } from './registry.ts'

/** Second kills that find something else than the base pairs do: an open transaction, a new snapshot, an applied batch. */
const PAIRS = [
  'opa.commit.before+opa.fence.after',
  'opa.commit.mid+opa.commit.before',
  'opb.commit.before+opb.fence.after',
  'opb.apply.mid+opb.apply.mid',
  'opb.snapshot-rename.after+opb.manifest-load.after',
  'opb.manifest-commit.mid+opb.restore.after',
  'opb.prune.mid+opb.manifest-load.after',
] as const

/** Killed here, the state deleted before the restart. */
const COLD = ['opb.commit.mid', 'opb.snapshot-rename.before'] as const

export interface Selection {
  /** As `--at` takes them. */
  readonly points: readonly string[]
  readonly cold: readonly string[]
}

export const FULL: Selection = {
  points: [...CRASH_POINTS.map((point) => point.name), ...PAIRS],
  cold: COLD,
}

const nameOf = ({ point, first = [] }: PointOrder): string =>
  [
    ...first.map((place) => place.point.name),
    ...(point.base && first.length === 0 ? [point.base] : []),
    point.name,
  ].join('+')

/** Distinct points and pairs of a selection; a restart without state is none of its own. */
export const distinct = ({ points, cold }: Selection): string[] => [
  ...new Set(resolvePoints([...points, ...cold]).map(nameOf)),
]
