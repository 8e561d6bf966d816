/**
 * `eoslab advise`: which snapshot cadence keeps a time to recover, from rates measured on this machine.
 *
 * Promises: measures on real parts (SQLite, snapshot files, a changelog on a real broker), at the size of one
 * task or at `--measure-keys`, whichever is smaller, and says what was measured; what does not change with
 * the cadence is taken from the newest results, or from kills made here. What it made is removed again.
 * Does not: know how busy the machine will be when it happens; rates of a busy machine are too low, on the
 * safe side.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { median } from 'simple-statistics'
import { newestRuns, readVerdict } from '../../adapters/files/results.ts'
import { openTopicAdmin } from '../../adapters/kafka/topic-admin.ts'
import { createProgress } from '../../adapters/terminal/progress.ts'
import { prefixDirectory, topicNames } from '../../core/contracts/names.ts'
import { LabError } from '../../core/errors.ts'
import type { CellResult } from '../../core/matrix/result.ts'
import { startAndRate } from '../../core/model/fit.ts'
import { advise, type Load, type Rates } from '../../core/model/recovery.ts'
import { adviceBlocks, adviceJson, type Advised } from '../../core/report/advice.ts'
import { asRunResult } from '../../core/report/read.ts'
import { resolveScenario } from '../../core/scenario/resolve.ts'
import { parseCount, parseDurationMs, parseRate } from '../../core/scenario/units.ts'
import { artefactsOn } from '../workload/artefacts.ts'
import { withBroker, type LentBroker } from '../broker/broker.ts'
import { runExperimentOn } from '../matrix/experiment.ts'
import { recover } from '../recovery/recover.ts'
import { forTerminal } from './report.ts'
import { resultsRoot } from '../matrix/results.ts'
import { takeSnapshots } from '../recovery/snapshot.ts'

export interface AdviseFlags {
  readonly ttr: string
  readonly keys: string
  readonly rate: string
  readonly partitions: string
  readonly measureKeys: string
  readonly brokers?: string | undefined
  readonly stateDir: string
  readonly quiet: boolean
}

const MOST = 1e12
const FEW_CELLS = 3
/** Beside the size that was asked for: so small that nearly all of it is start. */
const SMALL = 1000

export async function runAdvise(flags: AdviseFlags): Promise<Advised> {
  const ttr_goal_ms = parseDurationMs(flags.ttr, '--ttr')
  const load: Load = {
    keys: parseCount(flags.keys, '--keys', { min: 1, max: MOST }),
    rate: parseRate(flags.rate, '--rate'),
    partitions: parseCount(flags.partitions, '--partitions', { min: 1, max: 1_000_000 }),
  }
  const most = parseCount(flags.measureKeys, '--measure-keys', { min: 10 * SMALL, max: 10_000_000 })
  if (ttr_goal_ms <= 0)
    throw new LabError('USAGE', '--ttr 0: nothing comes back in no time', { hint: 'try 2s' })
  const keys = Math.max(10 * SMALL, Math.min(most, Math.ceil(load.keys / load.partitions)))
  const { brokers, stateDir, quiet } = flags
  const say = (text: string): void => {
    if (!quiet) process.stderr.write(`${text}\n`)
  }
  return withBroker({ brokers, stateDir, say }, async (broker) => {
    const small = await measureSize(broker, { keys: SMALL, quiet })
    const large = await measureSize(broker, { keys, quiet })
    const fixed = await fixedPart(broker, { stateDir, quiet, say })
    const rates: Rates = { ...ratesOf(small, large), ...fixed.rates }
    const measured = { keys, records: large.records, cells: fixed.cells, from: fixed.from }
    return { ttr_goal_ms, ...load, rates, measured, advice: advise(rates, load, ttr_goal_ms) }
  })
}

export const adviseText = (result: Advised): string => forTerminal(adviceBlocks(result))
export { adviceJson }

type Sized = Awaited<ReturnType<typeof measureSize>>

function ratesOf(small: Sized, large: Sized): Omit<Rates, 'fixedMs' | 'capacityPerSecond'> {
  const restore = startAndRate(small.restore, large.restore)
  const snapshot = startAndRate(small.snapshot, large.snapshot)
  return {
    restoreStartMs: restore.startMs,
    restoreBytesPerSecond: restore.bytesPerSecond,
    snapshotStartMs: snapshot.startMs,
    snapshotBytesPerSecond: snapshot.bytesPerSecond,
    replayRecordsPerSecond: (large.records / Math.max(large.replayMs, 0.1)) * 1000,
    bytesPerKey: large.snapshot.bytes / Math.max(1, large.keys),
  }
}

/** Snapshot, restore and replay of one task of that size. */
async function measureSize({ brokers }: LentBroker, { keys, quiet }: { keys: number; quiet: boolean }) {
  const stateDir = mkdtempSync(path.join(tmpdir(), 'eoslab-advise-'))
  const prefix = `advise-${Date.now().toString(36)}${process.pid.toString(36)}.`
  const progress = createProgress({ stream: process.stderr, env: process.env, quiet })
  const admin = openTopicAdmin({ brokers, clientId: 'eoslab-advise' })
  try {
    const tail = Math.max(2000, Math.floor(keys / 2))
    const plan = { prefix, seed: 7, keys, tail, skipped: 0, partials: 0, compacted: false, unread: 0 }
    await artefactsOn(brokers, { plan, stateDir, progress })
    progress.say(`measuring with ${keys} keys and a tail of ${tail} records`)
    const flags = { brokers, 'state-dir': stateDir, prefix }
    const silent = (): void => {}
    const [task] = (await recover({ flags, manifest: 'latest', replayFrom: 'state', say: silent })).tasks
    const [taken] = (await takeSnapshots(flags, silent, 'full')).snapshots
    if (!task || !taken) throw new LabError('INTERNAL', `nothing was recovered below ${prefix}`)
    return {
      keys: task.keys,
      records: task.applied + task.skipped,
      replayMs: task.phases.replay_ms,
      restore: { bytes: task.snapshot_bytes, ms: task.phases.restore_ms },
      snapshot: { bytes: taken.bytes, ms: taken.snapshot_time_ms },
    }
  } finally {
    progress.close()
    await admin.remove(Object.values(topicNames(prefix))).catch(() => {})
    await admin.close()
    rmSync(path.join(stateDir, prefixDirectory(prefix)), { recursive: true, force: true })
    rmSync(stateDir, { recursive: true, force: true })
  }
}

type Recovered = CellResult & { readonly phases: NonNullable<CellResult['phases']>; readonly ttr_ms: number }

const recovered = (cells: readonly CellResult[]): Recovered[] =>
  cells.filter(
    (cell): cell is Recovered => cell.operator === 'opb' && cell.phases !== null && cell.ttr_ms !== null,
  )

/** What no cadence changes, and how much a task gets through: of the newest runs, or of kills made here. */
async function fixedPart(
  broker: LentBroker,
  { stateDir, quiet, say }: { stateDir: string; quiet: boolean; say: (text: string) => void },
) {
  let from = 'the newest results'
  let cells = recovered(await cellsOf(resultsRoot()))
  if (cells.length < FEW_CELLS) {
    say(`fewer than ${FEW_CELLS} recoveries of OpB in the results: killing it ${FEW_CELLS} times to see`)
    const scenario = resolveScenario({ name: 'advise', points: ['opb.commit.mid'], repeat: FEW_CELLS })
    const run = await runExperimentOn(broker, {
      scenario,
      brokers: broker.brokers,
      stateDir,
      quiet,
      argv: ['advise'],
    })
    cells = recovered(run.cells)
    from = 'kills made for it'
  }
  if (cells.length === 0) {
    throw new LabError('NOTHING_TO_SHOW', 'no recovery of OpB could be measured', {
      hint: 'see why: eoslab crash-matrix --at opb.commit.mid',
    })
  }
  const fixed = cells.map(({ ttr_ms, phases }) => ttr_ms - phases.restore_ms - phases.replay_ms)
  const flows = cells.map((cell) => cell.throughput ?? 0)
  return {
    from,
    cells: cells.length,
    rates: { fixedMs: median(fixed), capacityPerSecond: Math.max(1, ...flows) },
  }
}

async function cellsOf(root: string): Promise<CellResult[]> {
  const cells: CellResult[] = []
  for (const { dir } of await newestRuns(root)) {
    const read = asRunResult(await readVerdict(dir).catch(() => undefined))
    if ('run' in read) cells.push(...read.run.cells)
  }
  return cells
}
