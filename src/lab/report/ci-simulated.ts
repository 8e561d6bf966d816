/** A simulation for a CI server: a testcase for the schedules, one for each that failed, one for each mutant. */
import type { JunitCase } from '../../core/report/junit.ts'
import { replayBlocks, showedNothing, simulationBlocks } from '../../core/sim/report.ts'
import type { Failure, Replay, Simulation } from '../../core/sim/result.ts'
import type { CiOutcome } from './ci.ts'

export function ofSimulation(result: Simulation | Replay): CiOutcome {
  if ('replay' in result) {
    const { replay, verdict, mutant } = result
    const name = `schedule ${replay}`
    const bad = verdict === 'valid' ? {} : { bad: badOf(verdict, result.anomalies, result.findings) }
    return {
      suites: [suite(result, { mutant: mutant ?? '' }, [{ name, ms: 0, ...bad }])],
      blocks: replayBlocks(result),
    }
  }
  const { seed, schedules, mutant, failures, mutants, wall_ms: ms } = result
  const cases: JunitCase[] = [
    allOf(result, ms),
    ...failures.map((failure) => ({
      name: `schedule ${failure.index + 1}`,
      ms: 0,
      bad: badOf(failure.verdict, failure.anomalies, told(failure)),
    })),
    ...mutants.map(({ mutant: name, primary, schedules: found }) => ({
      name: `mutant ${name}`,
      ms: 0,
      ...(found === null
        ? { bad: badOf('invalid', ['survived'], [`${name} must show ${primary}, and did not`]) }
        : {}),
    })),
  ]
  const properties = { seed: String(seed), schedules: String(schedules), mutant: mutant ?? '' }
  return { suites: [suite(result, properties, cases)], blocks: simulationBlocks(result) }
}

/** What belongs to no single schedule. */
function allOf(run: Simulation, ms: number): JunitCase {
  const name = `${run.schedules} schedules`
  const nothing = showedNothing(run)
  return { name, ms, ...(nothing === undefined ? {} : { bad: badOf('vacuous', [], [nothing]) }) }
}

const told = (failure: Failure): string[] => {
  const { findings, command } = failure.reduced ?? failure
  return [...findings, 'next:', `  ${command}`]
}

function badOf(
  verdict: string,
  anomalies: readonly string[],
  lines: readonly string[],
): NonNullable<JunitCase['bad']> {
  const text = lines.length > 0 ? lines.join('\n') : verdict
  return { kind: verdict === 'invalid' ? 'failure' : 'error', type: anomalies[0] ?? verdict, text }
}

const suite = (
  { verdict }: { readonly verdict: string },
  properties: Readonly<Record<string, string>>,
  cases: readonly JunitCase[],
) => ({ name: 'simulated', properties: { log: 'simulated', verdict, ...properties }, cases })
