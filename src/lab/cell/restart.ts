/**
 * How killed workers come back, by the scenario's restart condition (core/scenario/mutants.ts).
 * Each condition is waited for, bounded; none is a sleep.
 */
import { readFileSync } from 'node:fs'
import type { LabError } from '../../core/errors.ts'
import type { HistoryEvent } from '../../core/history/event.ts'
import type { WorkerSpec } from '../../core/ports/workers.ts'
import type { Restart } from '../../core/scenario/mutants.ts'
import type { CrewMember } from './crew.ts'
import { opbReached, type Scope } from './observe.ts'
import { takeOver } from './takeover.ts'
import { until } from '../wait.ts'

export interface RestartContext {
  readonly restart: Restart
  readonly scope: Scope
  readonly opb: () => readonly CrewMember[]
  /** The living members of the victims' operator. */
  readonly peers: () => readonly CrewMember[]
  readonly now: () => number
  /** Task of the kill. */
  readonly task: number
  readonly spawn: (spec: WorkerSpec) => CrewMember
  /** Lets the EndTxn go that the proxy holds back. */
  readonly letGo: () => Promise<void>
  /** Has the cleaner go over the changelog. */
  readonly compact: () => Promise<unknown>
  readonly failed: () => LabError | undefined
}

const BOUND_MS = 30_000

/** Spawns the next lives; resolves with the one whose recovery is measured. */
export async function restartVictims(
  victims: readonly CrewMember[],
  context: RestartContext,
): Promise<CrewMember> {
  const { restart, scope, failed } = context
  if (restart === 'when-opb-passed-open-records') {
    await until(() => opbReached(scope, context.opb(), 'highWatermark'), {
      what: 'OpB to pass the records of the open transaction',
      ms: BOUND_MS,
      failed,
    })
  }
  if (restart === 'takeover') return takeOver(victims, context)
  if (restart === 'interleaved-two-instances') return restartLaterFirst(victims, context)
  if (restart === 'compacted') await context.compact()
  const next = context.spawn({ ...victims[0]!.spec, crashAt: null })
  if (restart === 'released-before-fence') {
    await until(() => hasWritten(next, 'committed-offset'), {
      what: `${next.name} to find its committed offset`,
      ms: BOUND_MS,
      failed,
    })
    await context.letGo()
  }
  return next
}

/** The life has a line of this kind in its journal. */
const hasWritten = ({ journalFile }: CrewMember, f: HistoryEvent['f']): boolean =>
  journalFile !== undefined && readFileSync(journalFile, 'utf8').includes(`"f":"${f}"`)

/** The instance whose transaction began later comes back first, the others once its abort marker is in the log. */
async function restartLaterFirst(
  victims: readonly CrewMember[],
  context: RestartContext,
): Promise<CrewMember> {
  const [latest, ...earlier] = victims.toSorted((a, b) => b.exit!.t - a.exit!.t)
  const later = context.spawn({ ...latest!.spec, crashAt: null })
  // Its fence has returned: the broker answers it only when the old transaction's markers are written.
  await until(() => [...later.tasks.values()].every((task) => task.recovered), {
    what: `the abort marker of ${later.name}'s open transaction`,
    ms: BOUND_MS,
    failed: context.failed,
  })
  let last = later
  for (const victim of earlier) last = context.spawn({ ...victim.spec, crashAt: null })
  return last
}
