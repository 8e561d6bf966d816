/**
 * Collecting what the oracle is given, from the broker and from the state directory of a prefix.
 *
 * Promises: nothing under judgement is changed. SQLite and group offsets are read before the logs, and the
 * logs from the end of the pipeline to its beginning, so that a pipeline which is still running is never
 * accused of what happened in between. What can't be read is undefined, with the reason in `problems`.
 * Does not: judge; and it takes no guarantee, scenario or mutant to hand on.
 */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { readJournals } from '../../adapters/files/journal.ts'
import { readTruth, truthFile } from '../../adapters/files/truth.ts'
import { type RawLog, openRawLog } from '../../adapters/raw-log/platformatic.ts'
import { dumpStates } from '../../adapters/sqlite-dump/dump.ts'
import { inspectSnapshots } from '../../adapters/sqlite-dump/snapshot-files.ts'
import { type TopicNames, groupName, prefixDirectory, topicNames } from '../../core/contracts/names.ts'
import { LabError, messageOf } from '../../core/errors.ts'
import type { HistoryEvent } from '../../core/history/event.ts'
import type { OracleInput, RawTopic, SnapshotDump, StateDump } from '../../core/oracle/input.ts'
import { namedSnapshots } from '../../core/oracle/manifests.ts'

export interface CollectOptions {
  readonly brokers: string
  /** Literal, its trailing dot included. */
  readonly prefix: string
  /** Root of all state: `<stateRoot>/<prefix>`. */
  readonly stateRoot: string
  readonly names?: Partial<TopicNames> | undefined
  readonly groups?: Partial<OracleInput['groups']> | undefined
  /** Parent of the tasks' snapshot directories, when it is not below the state. */
  readonly snapshotDir?: string | undefined
  /** Seconds; else SQLite's own, else 60. */
  readonly window?: number | undefined
  readonly pipeline?: OracleInput['pipeline'] | undefined
  /** Did all workers end on their own, and is none running? Read from the journals if not said. */
  readonly cleanEnd?: boolean | undefined
  /** A connection to reuse; it stays open. */
  readonly log?: RawLog | undefined
}

const DEFAULT_WINDOW = 60

/** From the end of the pipeline to its beginning. */
const READING_ORDER = ['snapshots', 'changelog', 'output', 'dlq', 'enriched', 'orders'] as const

export async function collect(options: CollectOptions): Promise<OracleInput> {
  const { prefix, stateRoot } = options
  const stateDir = path.join(stateRoot, prefixDirectory(prefix))
  const problems: Record<string, string> = {}
  const attempt = async <T>(name: string, how: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await how()
    } catch (error) {
      problems[name] = messageOf(error)
      return undefined
    }
  }
  const ours = (name: string): void => {
    if (!existsSync(stateDir)) throw new Error(`there is no ${stateDir} to read ${name} from`)
  }
  const log = options.log ?? (await openRawLog({ brokers: options.brokers }))
  try {
    const names = topicNames(prefix, options.names)
    const groups = { opa: groupName(prefix, 'opa'), opb: groupName(prefix, 'opb'), ...options.groups }
    const states = await attempt('states', () => {
      ours('SQLite files')
      return dumpStates(stateDir)
    })
    const journals = await attempt('journals', () => {
      ours('journals')
      return readJournals(path.join(stateDir, 'journals'))
    })
    const groupOffsets = await log.groupOffsets([
      { group: groups.opa, topic: names.orders },
      { group: groups.opb, topic: names.enriched },
    ])
    const topics = await readTopics(log, names, prefix)
    const snapshotDir = options.snapshotDir ?? path.join(stateDir, 'snapshots')
    return {
      prefix,
      pipeline: options.pipeline ?? 'reference',
      window: options.window ?? states?.[0]?.window ?? DEFAULT_WINDOW,
      names,
      groups,
      topics,
      groupOffsets,
      states: states && currentStates(states, journals ?? []),
      snapshots: await attempt('snapshots', () =>
        snapshotsOf(topics.snapshots, snapshotDir, () => ours('snapshots')),
      ),
      journals,
      truth: await attempt('truth', () => readTruth(truthFile(stateRoot, prefix))),
      problems,
      cleanEnd: options.cleanEnd ?? endedCleanly(journals ?? []),
    }
  } finally {
    if (!options.log) await log.close()
  }
}

async function readTopics(log: RawLog, names: TopicNames, prefix: string): Promise<OracleInput['topics']> {
  const topics: Partial<Record<keyof TopicNames, RawTopic | undefined>> = {}
  for (const role of READING_ORDER) topics[role] = await log.topic(names[role])
  if (READING_ORDER.every((role) => topics[role] === undefined)) {
    throw new LabError('MISSING_TOPIC', `there is no topic ${names.orders}, and none of its pipeline`, {
      hint: `The prefix is literal, its trailing dot included: was "${prefix}" meant? See what is there: eoslab topics list --prefix ${prefix.charAt(0) || 'p'}`,
    })
  }
  return topics as OracleInput['topics']
}

async function snapshotsOf(
  topic: RawTopic | undefined,
  directory: string,
  required: () => void,
): Promise<SnapshotDump[]> {
  const named = topic ? namedSnapshots(topic) : []
  if (named.length > 0) required()
  return inspectSnapshots(directory, named)
}

/**
 * One state per task: where a task went from one instance to another, both have one, and the one whose owner
 * fenced last is the task's. What the former owner left behind is stale by right and judged by nobody.
 */
export function currentStates(states: readonly StateDump[], journals: readonly HistoryEvent[]): StateDump[] {
  const owner = new Map<number, string>()
  for (const event of journals) {
    if (event.who === 'opb' && event.f === 'fence' && event.type === 'ok' && event.task !== undefined)
      owner.set(event.task, event.incarnation)
  }
  return states.filter(
    (state) =>
      states.every((other) => other === state || other.partition !== state.partition) ||
      state.owner === owner.get(state.partition),
  )
}

/**
 * True if the newest life of every worker wrote its last line, `stop`, on its own. Without any journal
 * nobody knows: false, and what only a clean end makes final is not judged.
 */
export function endedCleanly(journals: readonly HistoryEvent[]): boolean {
  const newest = new Map<string, { life: number; last: HistoryEvent }>()
  for (const event of journals) {
    const parts = /^(.+)\.(\d+)$/.exec(event.incarnation)
    if (!parts || event.who === 'supervisor') continue
    const worker = parts[1]!
    const life = Number(parts[2])
    const known = newest.get(worker)
    if (!known || life > known.life || (life === known.life && event.i > known.last.i)) {
      newest.set(worker, { life, last: event })
    }
  }
  const ends = [...newest.values()]
  return ends.length > 0 && ends.every(({ last }) => last.f === 'stop' && last.type === 'info')
}
