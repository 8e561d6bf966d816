/**
 * One variant of compare-changelog: a real OpB, killed by SIGKILL after a commit, its local state deleted, the
 * changelog compacted where the variant says so, a restart, the rest of the input, the oracle.
 *
 * Promises: compaction happens between kill and restart, so no figure of the recovery contains it; the oracle
 * is given the changelog as it was before the cleaner, and nothing about the variant. A variant that can't
 * run to its end comes back as `unknown` with the reason.
 */
import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import path from 'node:path'
import { median } from 'simple-statistics'
import { readJournals } from '../../adapters/files/journal.ts'
import { hostClock } from '../../adapters/host/clock.ts'
import { asExpected, type ComparedRow } from '../../core/compare/result.ts'
import { MODE_OF, type Variant } from '../../core/compare/variants.ts'
import { groupName, topicNames, type TopicNames } from '../../core/contracts/names.ts'
import { stateHashLine } from '../../core/contracts/records.ts'
import { phasesOf, type PhaseTimes } from '../../core/crash/phases.ts'
import { LabError, messageOf } from '../../core/errors.ts'
import type { HistoryEvent } from '../../core/history/event.ts'
import type { OracleInput, RawTopic, StateDump, Truth } from '../../core/oracle/input.ts'
import { judge } from '../../core/oracle/judge.ts'
import type { Judgement } from '../../core/oracle/verdict.ts'
import type { WorkerSpec } from '../../core/ports/workers.ts'
import { collect } from '../cell/collect.ts'
import { forceCompaction, type Compacted } from '../recovery/compaction.ts'
import { directoryOf, ownTopics, spawn, toItsEnd, workerSpec, type CompareStage } from './compare-stage.ts'
import type { CrewMember } from '../cell/crew.ts'
import { pipelineTopics } from '../workload/topics.ts'
import { until } from '../wait.ts'

/** The kill: a committed transaction that local state has not seen, three quarters into the input. */
export const KILL_POINT = 'opb.commit.after'
const KILL_SHARE = 0.75
const KILL_MS = 120_000

interface Lives {
  readonly first: CrewMember
  readonly second: CrewMember
  readonly compacted: Compacted | undefined
  readonly lsoAtKill: number
}

const namesOf = (stage: CompareStage, prefix: string): TopicNames => {
  const { orders, enriched, dlq } = stage.names
  return topicNames(prefix, { orders, enriched, dlq })
}

export async function runVariant(
  stage: CompareStage,
  variant: Variant,
  shared: { readonly prefix: string; readonly repeat: number; readonly truth: Truth | undefined },
): Promise<ComparedRow> {
  const started = hostClock.monotonicMs()
  const { prefix, repeat } = shared
  const place = { ...placeOf(variant, prefix), repeat }
  try {
    const names = namesOf(stage, prefix)
    const own = ownTopics(names)
    await stage.admin.create(pipelineTopics(names, 1).filter(({ topic }) => own.includes(topic)))
    const lives = await killAndRecover(stage, variant, prefix)
    stage.say(`${variant.name}: judging`)
    const input = await collected(stage, { ...shared, names, tap: lives.compacted?.before })
    const facts = factsOf(directoryOf(stage, prefix), lives)
    return rowOf(variant, { place, lives, input, judgement: judge(input), facts, started })
  } catch (error) {
    if (error instanceof LabError && ['BROKER_LOST', 'NO_BROKER'].includes(error.code)) throw error
    return unfinished(place, { problem: messageOf(error), started })
  }
}

async function killAndRecover(stage: CompareStage, variant: Variant, prefix: string): Promise<Lives> {
  const names = namesOf(stage, prefix)
  const spec: WorkerSpec = {
    ...workerSpec(stage, 'opb', prefix),
    names,
    changelog: MODE_OF[variant.changelog],
    snapshotEvery: variant.cadence,
  }
  rmSync(spec.stateDir, { recursive: true, force: true })
  stage.say(`${variant.name}: until the kill`)
  const hit = Math.max(1, Math.floor((KILL_SHARE * stage.orders) / stage.batch))
  const first = spawn(stage, { ...spec, crashAt: { point: KILL_POINT, hit, task: 0 } })
  first.expectEnd()
  const exit = await until(() => first.exit, {
    what: `the kill at ${KILL_POINT} hit ${hit}`,
    ms: KILL_MS,
    failed: () => first.failure(),
  })
  if (exit.signal !== 'SIGKILL') {
    const how = exit.signal ?? `exit code ${exit.code}`
    throw new LabError('CRASH_NOT_REACHED', `${first.name} ended with ${how} before ${KILL_POINT} hit ${hit}`)
  }
  const { lastStableOffset: lsoAtKill } = await stage.log.offsets(names.enriched, 0)
  let compacted: Compacted | undefined
  if (variant.compaction === 'after') {
    stage.say(`${variant.name}: compaction`)
    compacted = await forceCompaction(stage, names.changelog)
  }
  // Where there is local state, the changelog is hardly read: what is compared here is coming back without.
  rmSync(path.join(spec.stateDir, 'opb-0'), { recursive: true, force: true })
  stage.say(`${variant.name}: recovery`)
  const second = spawn(stage, spec)
  await toItsEnd(second, `${second.name} to recover and process the rest`)
  return { first, second, compacted, lsoAtKill }
}

async function collected(
  stage: CompareStage,
  from: { prefix: string; truth: Truth | undefined; names: TopicNames; tap: RawTopic | undefined },
): Promise<OracleInput> {
  const { prefix, names, truth, tap } = from
  const input = await collect({
    brokers: stage.brokers,
    prefix,
    stateRoot: stage.stateRoot,
    names,
    groups: { opa: groupName(stage.prefix, 'opa') },
    window: stage.window,
    cleanEnd: true,
    log: stage.rawLog,
  })
  return { ...input, truth, ...(tap ? { changelogTap: tap } : {}) }
}

interface Facts {
  readonly killed: readonly HistoryEvent[]
  readonly next: readonly HistoryEvent[]
  readonly times: PhaseTimes
}

function factsOf(stateDir: string, { first, second, lsoAtKill }: Lives): Facts {
  const events = readJournals(path.join(stateDir, 'journals'))
  const of = (member: CrewMember) => events.filter((e) => e.incarnation === member.handle.incarnation)
  const [killed, next] = [of(first), of(second)]
  const exitAt = first.exit!.t
  const times = phasesOf({
    task: 0,
    killedAt: killed.find((e) => e.f === 'kill')?.t ?? exitAt,
    exitAt,
    spawnedAt: second.handle.spawnedAt,
    next,
    inputLsoAtKill: lsoAtKill,
  })
  return { killed, next, times }
}

const done = (events: readonly HistoryEvent[], f: string): HistoryEvent | undefined =>
  events.find((e) => e.f === f && e.type === 'ok')

const tenth = (ms: number): number => Math.round(ms * 10) / 10

function costsOf({ killed, next }: Facts) {
  const taken = killed.filter((e) => e.f === 'snapshot' && e.type === 'ok')
  const committed = new Set(
    killed.filter((e) => e.f === 'commit' && e.type === 'ok' && e['kind'] === 'data').map((e) => e['n']),
  )
  const before = killed.filter((e) => e.f === 'txn' && e['kind'] === 'data' && committed.has(e['n']))
  const restore = done(next, 'restore')
  const replay = done(next, 'replay')
  const [records, ms] = [Number(replay?.['records'] ?? 0), Number(replay?.['ms'] ?? 0)]
  return {
    snapshots: taken.length,
    snapshot_time_ms: taken.length > 0 ? tenth(median(taken.map((e) => Number(e['ms'])))) : null,
    snapshot_bytes: taken.length > 0 ? Number(taken.at(-1)!['bytes']) : null,
    snapshot_kind: (taken.at(-1)?.['kind'] as ComparedRow['snapshot_kind'] | undefined) ?? null,
    records_before_kill: before.reduce((n, e) => n + Number(e['records']), 0),
    restore_source: (restore?.['source'] as ComparedRow['restore_source'] | undefined) ?? null,
    restored_keys: Number(restore?.['keys'] ?? 0),
    replay_records: records,
    replay_bytes: Number(replay?.['bytes'] ?? 0),
    replay_rate: records > 0 && ms > 0 ? Math.round((records / ms) * 1000) : null,
    applied: Number(replay?.['applied'] ?? 0),
    skipped: Number(replay?.['skipped'] ?? 0),
  }
}

/** As sqlite3 and sha256sum compute it: lines sorted by key. */
function hashOf(state: StateDump | undefined): string | null {
  if (!state) return null
  const lines = state.rows.map((row) => [Buffer.from(row.key), stateHashLine(row)] as const)
  lines.sort(([a], [b]) => a.compare(b))
  const hash = createHash('sha256')
  for (const [, line] of lines) hash.update(line)
  return hash.digest('hex')
}

type Place = ReturnType<typeof placeOf> & { readonly repeat: number }

interface Judged {
  readonly place: Place
  readonly lives: Lives
  readonly input: OracleInput
  readonly judgement: Judgement
  readonly facts: Facts
  readonly started: number
}

const placeOf = ({ name, changelog, compaction, snapshotEvery }: Variant, prefix: string) => ({
  variant: name,
  prefix,
  changelog,
  compaction,
  snapshot_every: snapshotEvery,
})

function rowOf(variant: Variant, judged: Judged): ComparedRow {
  const { place, lives, input, judgement, facts, started } = judged
  const { verdict, anomalies, checks } = judgement
  const { compacted } = lives
  const findings = checks.flatMap((check) => check.anomalies)
  return {
    ...place,
    ...costsOf(facts),
    changelog_records: compacted?.recordsBefore ?? null,
    changelog_records_compacted: compacted?.recordsAfter ?? null,
    ...facts.times,
    state_hash: hashOf(input.states?.[0]),
    verdict,
    anomalies,
    as_expected: asExpected({ ...variant, verdict, anomalies }),
    loss: findings.find(({ name }) => name === 'delta-compaction-loss') ?? null,
    problem: doubt(judgement),
    wall_ms: Math.round(hostClock.monotonicMs() - started),
  }
}

/** Why a judgement is unknown; null for one that is not. */
const doubt = ({ verdict, checks }: Judgement): string | null =>
  verdict === 'unknown' ? (checks.find((check) => check.verdict === 'unknown')?.reason ?? null) : null

function unfinished(place: Place, { problem, started }: { problem: string; started: number }): ComparedRow {
  const nothing = { killed: [], next: [], times: NO_TIMES }
  return {
    ...place,
    ...costsOf(nothing),
    changelog_records: null,
    changelog_records_compacted: null,
    ...NO_TIMES,
    state_hash: null,
    verdict: 'unknown',
    anomalies: [],
    as_expected: false,
    loss: null,
    problem,
    wall_ms: Math.round(hostClock.monotonicMs() - started),
  }
}

const NO_TIMES: PhaseTimes = { phases: null, ttr_ms: null, caught_up_ms: null, lag_zero_ms: null, held_ms: 0 }
