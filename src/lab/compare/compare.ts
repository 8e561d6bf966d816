/**
 * `eoslab compare-changelog`: what each form of the changelog costs at recovery, and whether it keeps what it
 * promises once the cleaner has run.
 *
 * Promises: one set of orders and one OpA for all rows, so that rows differ in nothing but their variant; the
 * flags are checked before a broker is looked for; results are written like those of every other run.
 */
import { rmSync } from 'node:fs'
import { csv } from '../../adapters/formats/csv.ts'
import { markdown } from '../../adapters/formats/markdown.ts'
import { drawSvg } from '../../adapters/formats/svg.ts'
import { hostClock } from '../../adapters/host/clock.ts'
import { openTopicAdmin } from '../../adapters/kafka/topic-admin.ts'
import { connectLog } from '../../adapters/kafka/log.ts'
import { openRawLog } from '../../adapters/raw-log/platformatic.ts'
import { createProgress, type Progress } from '../../adapters/terminal/progress.ts'
import {
  COMPARED_COLUMNS,
  comparedCsv,
  stateHashes,
  verdictOf,
  type ComparedResult,
  type ComparedRow,
} from '../../core/compare/result.ts'
import { phaseChart } from '../../core/compare/charts.ts'
import { comparedBlocks } from '../../core/compare/page.ts'
import { planVariants, type ChangelogForm, type Variant } from '../../core/compare/variants.ts'
import { topicNames } from '../../core/contracts/names.ts'
import { LabError } from '../../core/errors.ts'
import { text } from '../../core/report/blocks.ts'
import { number } from '../../core/report/numbers.ts'
import { parseCount, parseWindowSeconds } from '../../core/scenario/units.ts'
import { withBroker, type LentBroker } from '../broker/broker.ts'
import { directoryOf, makeEnriched, ownTopics, sharedTopics, type CompareStage } from './compare-stage.ts'
import { runVariant } from './compare-variant.ts'
import type { CrewMember } from '../cell/crew.ts'
import { onInterrupt } from '../interrupt.ts'
import { forTerminal } from '../report/report.ts'
import { shownPath, startRun, type ResultsFolder } from '../matrix/results.ts'
import { checkPrefix } from '../workload/topics.ts'

export interface CompareFlags {
  readonly brokers?: string | undefined
  readonly 'state-dir': string
  readonly prefix?: string | undefined
  readonly orders: string
  readonly seed: string
  readonly window: string
  readonly 'snapshot-every': readonly string[]
  readonly changelog: readonly string[]
  readonly repeat: string
  readonly quiet: boolean
}

interface Plan {
  readonly prefix: string
  readonly orders: number
  readonly seed: number
  /** Seconds. */
  readonly window: number
  readonly variants: readonly Variant[]
  readonly repeat: number
}

const TRANSACTIONS = 50
const EXPERIMENT = 'compare-changelog'

/** Everything that can be wrong about the flags is found here. */
export function planCompare(flags: CompareFlags): Plan {
  const unique = Date.now().toString(36).slice(-6) + process.pid.toString(36)
  return {
    prefix: checkPrefix(flags.prefix ?? `cc-${unique}.`),
    // Below this the kill leaves too little on one side of it to compare anything.
    orders: parseCount(flags.orders, '--orders', { min: 200, max: 10_000_000 }),
    seed: parseCount(flags.seed, '--seed', { max: 2 ** 32 - 1 }),
    window: parseWindowSeconds(flags.window),
    repeat: parseCount(flags.repeat, '--repeat', { min: 1, max: 1_000 }),
    variants: planVariants(flags.changelog as ChangelogForm[], [...new Set(flags['snapshot-every'])]),
  }
}

export async function compareChangelog(flags: CompareFlags): Promise<ComparedResult> {
  const plan = planCompare(flags)
  const startedMs = hostClock.wallMs()
  const { seed } = plan
  const folder = await startRun({ experiment: EXPERIMENT, seed, startedMs })
  const progress = createProgress({ stream: process.stderr, env: process.env, quiet: flags.quiet })
  const place = {
    brokers: flags.brokers,
    stateDir: flags['state-dir'],
    say: (text: string) => progress.say(text),
  }
  try {
    return await withBroker(place, async (broker) => {
      const rows = await onBroker(plan, { broker, flags, progress, folder })
      return complete(plan, { rows, broker, folder, startedMs })
    })
  } finally {
    progress.close()
  }
}

interface Around {
  readonly broker: LentBroker
  readonly flags: CompareFlags
  readonly progress: Progress
  readonly folder: ResultsFolder
}

async function onBroker(plan: Plan, around: Around): Promise<ComparedRow[]> {
  const { broker, flags, progress } = around
  const { brokers } = broker
  const crew: CrewMember[] = []
  const admin = openTopicAdmin({ brokers, clientId: 'eoslab-compare' })
  const opening = openRawLog({ brokers })
  opening.catch(() => {})
  const log = await connectLog({ brokers, clientId: 'eoslab-compare' })
  const killAll = (): void => {
    for (const member of crew) if (member.exit === undefined) member.handle.kill('SIGKILL')
  }
  const forget = onInterrupt(killAll)
  const stage = async (): Promise<CompareStage> => ({
    brokers,
    admin,
    log,
    rawLog: await opening,
    stateRoot: flags['state-dir'],
    prefix: plan.prefix,
    names: topicNames(plan.prefix),
    orders: plan.orders,
    seed: plan.seed,
    window: plan.window,
    batch: Math.min(1000, Math.max(2, Math.floor(plan.orders / TRANSACTIONS))),
    say: (what) => progress.update(what),
    onMember: (member) => void crew.push(member),
  })
  try {
    return await allVariants(plan, await stage(), around)
  } finally {
    killAll()
    forget()
    await Promise.allSettled([log.close(), admin.close(), opening.then((raw) => raw.close())])
  }
}

async function allVariants(plan: Plan, stage: CompareStage, around: Around): Promise<ComparedRow[]> {
  const { broker, progress, folder } = around
  await refuseUsed(stage)
  progress.say(`${number(plan.orders)} orders, and OpA over them`)
  const truth = await makeEnriched(stage)
  const rows: ComparedRow[] = []
  for (const { variant, repeat, name } of turns(plan)) {
    progress.cell(name, plan.variants.length * plan.repeat)
    const prefix = `${plan.prefix}${String(rows.length + 1).padStart(2, '0')}.`
    const row = await runVariant(stage, variant, { prefix, repeat, truth })
    rows.push(row)
    const dir = directoryOf(stage, prefix)
    await folder.addJournals(name, `${dir}/journals`)
    if (!row.as_expected) await folder.keep(name, 'state', dir)
    rmSync(dir, { recursive: true, force: true })
    if (broker.kind !== 'ephemeral') await stage.admin.remove(ownTopics(topicNames(prefix)))
    const words = row.as_expected ? row.anomalies[0] : (row.problem ?? row.anomalies.join(', '))
    progress.done(row.verdict, [`back in ${number(row.ttr_ms)} ms`, words ?? ''].filter(Boolean).join(', '))
  }
  if (broker.kind !== 'ephemeral') await stage.admin.remove(sharedTopics(stage.names))
  rmSync(directoryOf(stage, plan.prefix), { recursive: true, force: true })
  return rows
}

/** Every variant once, then every one again: what changes on the machine meanwhile falls on all of them alike. */
function turns({ variants, repeat }: Plan): { variant: Variant; repeat: number; name: string }[] {
  return Array.from({ length: repeat }, (_, at) => at + 1).flatMap((n) =>
    variants.map((variant) => ({
      variant,
      repeat: n,
      name: repeat > 1 ? `${variant.name}-r${n}` : variant.name,
    })),
  )
}

/** A prefix that holds topics already is somebody's: their records would be compared too. */
async function refuseUsed({ admin, prefix }: CompareStage): Promise<void> {
  const [used] = await admin.list(prefix)
  if (used === undefined) return
  throw new LabError(
    'USAGE',
    `--prefix ${prefix}: ${used} exists, and the comparison wants topics of its own`,
    {
      hint: `Leave out --prefix, or delete them: eoslab topics delete --prefix '${prefix}'`,
    },
  )
}

interface Ended {
  readonly rows: readonly ComparedRow[]
  readonly broker: LentBroker
  readonly folder: ResultsFolder
  readonly startedMs: number
}

async function complete(plan: Plan, { rows, broker, folder, startedMs }: Ended): Promise<ComparedResult> {
  const hashes = stateHashes(rows)
  const result: ComparedResult = {
    kind: EXPERIMENT,
    verdict: verdictOf(rows, hashes),
    seed: plan.seed,
    orders: plan.orders,
    window_s: plan.window,
    repeat: plan.repeat,
    results: shownPath(folder.dir),
    brokers: broker.brokers,
    rows,
    state_hashes: hashes,
    wall_ms: Math.round(hostClock.wallMs() - startedMs),
  }
  await folder.writeText('cells.csv', csv(COMPARED_COLUMNS, comparedCsv(rows)))
  await folder.writeText('summary.md', markdown(comparedBlocks(result)))
  const { option, frame } = phaseChart(rows)
  await folder.writeText('charts/ttr.svg', await drawSvg(option, frame))
  await folder.finish(result)
  return result
}

export const comparedText = (result: ComparedResult): string =>
  forTerminal([
    ...comparedBlocks(result),
    text(`Results: ${result.results}; the chart: ${result.results}/charts/ttr.svg`),
  ])
