/**
 * `crash-matrix --mutants`: every broken twin, one after the other on one broker, and the mutation score.
 *
 * Promises: the score is kept beside the results, by oracle version, so that every report can show it; a
 * survivor, or an anomaly nobody predicted, makes it invalid. A score of some mutants only is not kept.
 */
import { writeScore } from '../../adapters/files/mutation-score.ts'
import { ORACLE_VERSION } from '../../core/oracle/judge.ts'
import { type Block, heading, left, table, text, words } from '../../core/report/blocks.ts'
import { LabError } from '../../core/errors.ts'
import { nearest } from '../../core/crash/nearest.ts'
import { MUTANT_NAMES, type MutantName } from '../../core/scenario/mutants.ts'
import { resolveScenario } from '../../core/scenario/resolve.ts'
import { readSeed } from './matrix.ts'
import { type MutationScore, mutationScore } from '../../core/scenario/score.ts'
import { type ExperimentOptions, runExperimentOn, withExperimentBroker } from './experiment.ts'
import { forTerminal } from '../report/report.ts'
import { resultsRoot } from './results.ts'

/** All of them, or those asked for, separated by commas. */
function asked(only: string | undefined): readonly MutantName[] {
  if (only === undefined) return MUTANT_NAMES
  const isMutant = (name: string): name is MutantName => (MUTANT_NAMES as readonly string[]).includes(name)
  return only.split(',').map((text) => {
    const name = text.trim()
    if (isMutant(name)) return name
    const near = nearest(name, MUTANT_NAMES)
    throw new LabError('USAGE', `--mutant ${name}: there is no such mutant`, {
      hint: near.length > 0 ? `did you mean ${near.join(', ')}?` : `known are: ${MUTANT_NAMES.join(', ')}`,
    })
  })
}

interface Asked {
  readonly only?: string | undefined
  /** Of every workload and kill; as without this where absent. */
  readonly seed?: string | undefined
}

export async function runMutants({
  only,
  brokers,
  stateDir,
  quiet,
  verbose,
  argv,
  seed,
}: Omit<ExperimentOptions, 'scenario'> & Asked): Promise<MutationScore> {
  const options = { brokers, stateDir, quiet, verbose, argv: ['crash-matrix', ...argv] }
  const scenarios = asked(only).map((mutant) => ({
    mutant,
    scenario: resolveScenario({
      name: `mutant-${mutant}`,
      mutant,
      ...(seed === undefined ? {} : { seed: readSeed(seed) }),
    }),
  }))
  const score = await withExperimentBroker(
    options,
    scenarios.map((each) => each.scenario),
    async (broker) => {
      const runs = []
      for (const { mutant, scenario } of scenarios)
        runs.push({ mutant, run: await runExperimentOn(broker, { ...options, scenario }) })
      return mutationScore(runs, ORACLE_VERSION)
    },
  )
  if (only === undefined) await writeScore(resultsRoot(), score.oracle_version, score)
  return score
}

const OUTCOME = {
  'as-predicted': 'caught',
  'beyond-prediction': 'caught, and more than predicted',
  survived: 'SURVIVED',
} as const

function scoreBlocks(score: MutationScore): Block[] {
  const rows = score.mutants.map((m) => [
    m.mutant,
    m.wrong,
    m.killed_at.join(', '),
    m.primary,
    m.found.join(', ') || 'nothing',
    OUTCOME[m.outcome],
  ])
  const columns = [
    left('mutant'),
    words('what is wrong'),
    words('killed at'),
    left('must show'),
    words('found'),
  ]
  return [
    heading(2, `Mutants: ${score.verdict}`),
    table([...columns, words('outcome')], rows),
    text(`Mutation score of oracle version ${score.oracle_version}: ${score.caught} of ${score.of} caught.`),
  ]
}

export const scoreForTerminal = (score: MutationScore): string => forTerminal(scoreBlocks(score))
