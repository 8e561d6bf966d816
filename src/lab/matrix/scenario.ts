/**
 * Loads an experiment file: YAML, schema, contradictions and crash points, all checked before anything runs.
 *
 * Promises: whatever is wrong with the file is one LabError that names file, line and column of the first
 * problem and lists the others; paths in it are relative to the file, so it runs from any directory.
 */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { readYaml, writeYaml } from '../../adapters/formats/yaml.ts'
import type { YamlText } from '../../adapters/formats/yaml.ts'
import { resolvePoints } from '../../core/crash/points.ts'
import { NO_KILL } from '../../core/matrix/result.ts'
import { LabError, messageOf } from '../../core/errors.ts'
import { contradictions, resolveScenario, toFile } from '../../core/scenario/resolve.ts'
import type { Scenario } from '../../core/scenario/resolve.ts'
import { readScenario } from '../../core/scenario/schema.ts'
import { expandSweep } from '../../core/scenario/sweep.ts'
import type { Problem, ScenarioFile } from '../../core/scenario/schema.ts'
import { programNames, programText } from '../../program/files.ts'

/** All runs that the file asks for: one, or one per combination of its `matrix`. */
export async function loadScenarios(file: string): Promise<Scenario[]> {
  const yaml = readYaml(await textOf(file), file)
  const whole = readScenario(yaml.value)
  if ('problems' in whole) throw refusal(yaml, whole.problems)
  const swept = expandSweep(yaml.value)
  if ('problem' in swept) throw refusal(yaml, [{ path: ['matrix'], message: swept.problem }])
  return swept.files.map(({ value, sweep }) => {
    const read = readScenario(value)
    if ('problems' in read) throw refusal(yaml, read.problems)
    const problems = [...contradictions(read.scenario), ...unknownPoints(read.scenario)]
    if (problems.length > 0) throw refusal(yaml, problems)
    const { from } = read.scenario
    const at = from === undefined ? {} : { from: path.resolve(path.dirname(file), from) }
    return resolveScenario({ ...read.scenario, ...at }, sweep)
  })
}

/** The file's run; of a sweep the first. */
export async function loadScenario(file: string): Promise<Scenario> {
  const [first] = await loadScenarios(file)
  return first!
}

/** Text of scenario.resolved.yaml: a file that `eoslab run` takes and that leaves nothing to a default. */
export const resolvedYaml = (scenario: Scenario): string =>
  writeYaml(toFile(scenario), ['What this run did, every default written out; `eoslab run` takes it.'])

async function textOf(file: string): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file))
  } catch (error) {
    const own = isMissing(error) ? programText(ownName(file)) : undefined
    if (own !== undefined) return own
    const reason = error instanceof TypeError ? 'it is not UTF-8 text' : messageOf(error)
    throw new LabError('BAD_INPUT_FILE', `cannot read the experiment ${file}: ${reason}`, {
      hint: 'Experiments lie in experiments/, for example: eoslab run experiments/plan/p1.yaml',
      cause: error,
    })
  }
}

const isMissing = (error: unknown): boolean => (error as { code?: unknown }).code === 'ENOENT'

/** A relative path as the name of a file of the program; `/` is none. */
const ownName = (file: string): string => {
  const name = path.normalize(file)
  return name.startsWith(`experiments${path.sep}`) ? name : '/'
}

/**
 * The experiments that come with eoslab are found from everywhere, by their path in it. `experiments/x/*.yaml`,
 * which a shell leaves as it is where nothing fits, means them too. What lies in the current folder goes first.
 */
export function resolveFiles(files: readonly string[], say: (text: string) => void): string[] {
  return files.flatMap((file) => {
    if (existsSync(file) || ownName(file) === '/') return [file]
    const found = programNames('experiments').filter((name) => path.matchesGlob(name, ownName(file)))
    if (found.length === 0) return [file]
    say(`${file}: not in this folder; taken from those that come with eoslab`)
    return found
  })
}

function refusal(yaml: YamlText, problems: readonly Problem[]): LabError {
  const [first, ...others] = problems.map((problem) => `${yaml.at(problem.path)}: ${problem.message}`)
  const hint = ['Nothing was run. The fields are described in contracts/scenario.schema.json.', ...others]
  return new LabError('SCENARIO', first ?? 'the experiment cannot be read', { hint: hint.join('\n') })
}

function unknownPoints(file: ScenarioFile): Problem[] {
  const asked = [
    ...(file.points ?? []).map((point, i) => ({ path: ['points', i], point })),
    ...(file.cells ?? []).map(({ point }, i) => ({ path: ['cells', i, 'point'], point })),
  ]
  return asked.flatMap(({ path: at, point }) => {
    if (point === NO_KILL && at[0] === 'cells') return []
    try {
      resolvePoints([point])
      return []
    } catch (error) {
      if (!(error instanceof LabError)) throw error
      return [{ path: at, message: error.hint ? `${error.message}; ${error.hint}` : error.message }]
    }
  })
}
