/**
 * A simulated campaign as a folder of results: what `report`, `explain` and `check` read.
 *
 * Promises: a cell for each reduced failure, or one for the first schedule where none failed; each with its
 * journals and with what the oracle was given. Broker, client and experiment say that they are simulated.
 */
import path from 'node:path'
import { packLines } from '../../adapters/files/stored-input.ts'
import { hostClock } from '../../adapters/host/clock.ts'
import { provenance } from '../../adapters/host/provenance.ts'
import type { CellResult, RunResult } from '../../core/matrix/result.ts'
import { ORACLE_VERSION } from '../../core/oracle/judge.ts'
import { encodeInput } from '../../core/oracle/stored.ts'
import { evaluate } from '../../core/scenario/expect.ts'
import type { MutantName } from '../../core/scenario/mutants.ts'
import { resolveScenario } from '../../core/scenario/resolve.ts'
import type { ScheduleOutcome } from '../../core/sim/run.ts'
import { storedCell, storedJournals } from '../../core/sim/stored.ts'
import { completeRun, type ResultsFolder, startRun } from '../matrix/results.ts'
import { knownScore } from '../report/report.ts'

export interface StoredSchedule {
  readonly outcome: ScheduleOutcome
  readonly command: string
}

export interface StoredCampaign {
  readonly seed: number
  readonly mutant: MutantName | undefined
  readonly startedMs: number
  readonly schedules: readonly StoredSchedule[]
  readonly argv: readonly string[]
}

/** Returns the folder, as a person would type it. */
export async function storeCampaign(campaign: StoredCampaign): Promise<string> {
  const { seed, mutant, startedMs, argv, schedules } = campaign
  const scenario = resolveScenario({ name: 'simulated', seed, ...(mutant === undefined ? {} : { mutant }) })
  const folder = await startRun({ experiment: scenario.name, seed, startedMs })
  const cells: CellResult[] = []
  for (const [i, { outcome, command }] of schedules.entries()) {
    const cell = storedCell(`simulated.${i + 1}`, outcome, command)
    await storeSchedule(folder, cell, outcome)
    cells.push(cell)
  }
  const facts = {
    seed,
    startedMs,
    argv,
    kafka: 'none: a simulated log',
    client: 'kafkajs',
    sqlite: null,
  } as const
  const { expectations, verdict } = evaluate(scenario.expect, cells)
  const result: RunResult = {
    experiment: scenario.name,
    verdict,
    seed,
    results: folder.dir,
    brokers: 'simulated',
    cells,
    expectations,
    provenance: { ...(await provenance({ ...facts, pragmas: {} })), client: 'none: a simulated log' },
    wall_ms: Math.round(hostClock.wallMs() - startedMs),
    oracle_version: ORACLE_VERSION,
    mutation_score: knownScore(ORACLE_VERSION),
  }
  const completed = await completeRun(folder, { result, scenario })
  return completed.result.results
}

async function storeSchedule(
  folder: ResultsFolder,
  cell: CellResult,
  { input, journals }: ScheduleOutcome,
): Promise<void> {
  await folder.addInput(cell.cell, packLines(encodeInput(input)))
  await folder.addEvidence(cell.cell, {
    cell: cell.cell,
    simulated: true,
    story: cell.story,
    findings: cell.findings,
  })
  for (const [incarnation, events] of storedJournals(journals)) {
    const lines = events.map((event) => `${JSON.stringify(event)}\n`)
    await folder.writeText(path.join('journals', cell.cell, `${incarnation}.jsonl`), lines.join(''))
  }
}
