/**
 * A simulation as blocks of text. Everything says that it is simulated.
 */
import { type Block, code, heading, left, list, right, table, text, words } from '../report/blocks.ts'
import { number } from '../report/numbers.ts'
import type { Replay, Simulation } from './result.ts'

const SIMULATED =
  'Simulated: a log in memory under a seeded scheduler, in virtual time. No broker, no process was killed.'

export function simulationBlocks(run: Simulation): Block[] {
  const { schedules, verdicts, distinct, coverage } = run
  const share = `${number((100 * distinct) / schedules)} %`
  const rows = [
    ['schedules', number(schedules)],
    ['valid', number(verdicts.valid)],
    ['invalid', number(verdicts.invalid)],
    ['unknown', number(verdicts.unknown)],
    ['distinct interleavings', `${number(distinct)} (${share})`],
    ['steps', number(run.steps)],
    ['lives of workers', number(run.lives)],
    ['crash points reached', `${coverage.reached} of ${coverage.points}`],
    ['crash points killed at', `${coverage.killed_at} of ${coverage.points}`],
    ['situations met by a fault', number(coverage.situations)],
    ['joint states of OpA and OpB', number(coverage.states)],
    ['wall clock', `${number(run.wall_ms / 1000)} s on ${run.threads} threads`],
  ]
  const of = run.mutant === null ? '' : `, mutant ${run.mutant}`
  return [
    heading(1, `Simulated schedules, seed ${run.seed}${of}: ${run.verdict}`),
    text(SIMULATED),
    table([left('what'), right('how much')], rows),
    ...nothingShown(run),
    ...missed(run),
    ...failures(run),
    ...mutants(run),
  ]
}

/** Fewer of them apart, and a number of schedules says more than was tried. */
const DISTINCT_SHARE = 0.95

/** Why the schedules as a whole prove nothing, or undefined: then the campaign is vacuous, if not worse. */
export function showedNothing({
  mutant,
  verdicts,
  schedules,
  distinct,
}: Pick<Simulation, 'mutant' | 'verdicts' | 'schedules' | 'distinct'>): string | undefined {
  if (mutant !== null && verdicts.valid === schedules)
    return `The mutant ${mutant} got away: none of ${schedules} schedules shows what is wrong with it. Try more, or another seed.`
  if (distinct < schedules * DISTINCT_SHARE)
    return `Only ${distinct} of ${schedules} schedules differ, the others are repetitions. Try another seed.`
  return undefined
}

function nothingShown(run: Simulation): Block[] {
  const said = showedNothing(run)
  return said === undefined ? [] : [text(said)]
}

function missed({ coverage }: Simulation): Block[] {
  if (coverage.not_killed_at.length === 0) return []
  return [text(`No schedule killed at: ${coverage.not_killed_at.join(', ')}.`)]
}

function failures({ failures: failed }: Simulation): Block[] {
  return failed.slice(0, 10).flatMap((failure) => {
    const { reduced } = failure
    const size =
      reduced &&
      ` Reduced to ${reduced.orders} orders and ${reduced.faults.join(', ') || 'no fault'} in ${reduced.runs} runs:`
    return [
      heading(2, `Simulated schedule ${failure.index + 1} of the campaign: ${failure.verdict}`),
      list((reduced ?? failure).findings.slice(0, 4)),
      text(`${failure.anomalies.join(', ') || 'no anomaly, but not what ought to happen'}.${size ?? ''}`),
      code([(reduced ?? failure).command]),
    ]
  })
}

function mutants({ mutants: hunts, not_simulated }: Simulation): Block[] {
  if (hunts.length === 0) return []
  const rows = hunts.map((hunt) => [
    hunt.mutant,
    hunt.primary,
    hunt.schedules === null ? 'got away' : String(hunt.schedules),
    hunt.also.join(', ') || '–',
  ])
  const left_out = Object.entries(not_simulated).map(([name, why]) => `${name}: ${why}`)
  return [
    heading(2, 'Simulated mutants'),
    table([left('mutant'), left('must show'), right('found in schedule'), words('beside it')], rows),
    text(`Not simulated: ${left_out.join('; ')}.`),
  ]
}

export function replayBlocks(replayed: Replay): Block[] {
  const of = replayed.mutant === null ? '' : `, mutant ${replayed.mutant}`
  return [
    heading(1, `Simulated schedule ${replayed.replay}${of}: ${replayed.verdict}`),
    text(SIMULATED),
    ...(replayed.findings.length > 0 ? [list(replayed.findings)] : []),
    code(replayed.timeline),
    text(`Digest of the history: ${replayed.history}`),
  ]
}
