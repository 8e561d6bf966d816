/**
 * `eoslab evidence p3`: recovery on artefacts made by ourselves. Three random kills of a real OpB that loses
 * its local state each time; three times to recover, the core lines of each, and the lag going to zero.
 *
 * Promises: the draws come from the seed; each kill comes while orders are being processed, and the next one
 * only when the lag was zero again; at the end a full replay of the changelog gives the same state.
 * Does not: run OpA, or ask the oracle: no operator has made the first records.
 */
import { rmSync } from 'node:fs'
import path from 'node:path'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { readJournals } from '../../adapters/files/journal.ts'
import { hostClock } from '../../adapters/host/clock.ts'
import { openTopicAdmin } from '../../adapters/kafka/topic-admin.ts'
import { connectLog } from '../../adapters/kafka/log.ts'
import { createProgress } from '../../adapters/terminal/progress.ts'
import type { Kill } from '../../core/compare/p3.ts'
import { lagPoints } from '../../core/compare/lag.ts'
import { topicNames } from '../../core/contracts/names.ts'
import { phasesOf } from '../../core/crash/phases.ts'
import type { LogPort } from '../../core/ports/log.ts'
import type { TopicAdmin } from '../../core/ports/topics.ts'
import type { WorkerSpec } from '../../core/ports/workers.ts'
import { ArtefactState } from '../../core/workload/artefacts.ts'
import { artefactsOn, type ArtefactResult } from '../workload/artefacts.ts'
import type { ArtefactPlan } from '../workload/artefacts-plan.ts'
import { withBroker } from '../broker/broker.ts'
import { directoryOf, workerSpec } from './compare-stage.ts'
import { CrewMember } from '../cell/crew.ts'
import { processWorkers } from '../../adapters/process/workers.ts'
import { onInterrupt } from '../interrupt.ts'
import { recover } from '../recovery/recover.ts'
import { until } from '../wait.ts'

export interface P3Options {
  readonly brokers?: string | undefined
  readonly stateDir: string
  readonly prefix: string
  readonly seed: number
  readonly quiet: boolean
}

export interface P3 {
  readonly artefacts: ArtefactResult
  readonly kills: readonly Kill[]
  readonly state_hash: string
  /** Of a full replay of the changelog. */
  readonly replay_hash: string
}

const KILLS = 3
const ORDERS = 6_000
const BATCH = 200
const WAIT_MS = 120_000

interface Round {
  readonly spec: WorkerSpec
  readonly log: LogPort
  readonly admin: TopicAdmin
  readonly state: ArtefactState
  readonly draw: (low: number, high: number) => number
  readonly start: (spec: WorkerSpec) => CrewMember
}

export function runP3(options: P3Options): Promise<P3> {
  const { stateDir, quiet } = options
  const progress = createProgress({ stream: process.stderr, env: process.env, quiet })
  const say = (text: string): void => progress.say(text)
  const plan: ArtefactPlan = {
    prefix: options.prefix,
    seed: options.seed,
    keys: 20_000,
    tail: 5_000,
    skipped: 0.05,
    partials: 2,
    compacted: false,
    unread: 0,
  }
  const crew: CrewMember[] = []
  const killAll = (): void => {
    for (const member of crew) if (member.exit === undefined) member.handle.kill('SIGKILL')
  }
  const forget = onInterrupt(killAll)
  const work = async ({ brokers }: { brokers: string }): Promise<P3> => {
    const admin = openTopicAdmin({ brokers, clientId: 'eoslab-evidence' })
    const log = await connectLog({ brokers, clientId: 'eoslab-evidence' })
    const stage = { brokers, stateRoot: stateDir, window: 60, batch: BATCH }
    try {
      await admin.remove(await admin.list(plan.prefix))
      rmSync(directoryOf(stage, plan.prefix), { recursive: true, force: true })
      const artefacts = await artefactsOn(brokers, { plan, stateDir, progress })
      const random = xoroshiro128plus(options.seed)
      const kills = await threeKills({
        spec: { ...workerSpec(stage, 'opb', plan.prefix), untilCaughtUp: false },
        log,
        admin,
        state: new ArtefactState(plan.keys, options.seed),
        draw: (low, high) => uniformInt(random, low, high),
        start: (spec) => {
          const member = new CrewMember(processWorkers(hostClock), spec)
          crew.push(member)
          return member
        },
      })
      const hash = (manifest: string, replayFrom: 'state' | 'manifest' = 'state'): Promise<string> =>
        stateHash({ manifest, replayFrom, prefix: plan.prefix, brokers, stateDir })
      return { artefacts, kills, state_hash: await hash('latest'), replay_hash: await hash('none') }
    } finally {
      killAll()
      await Promise.allSettled([log.close(), admin.close()])
    }
  }
  return withBroker({ brokers: options.brokers, stateDir, say }, work).finally(() => {
    forget()
    progress.close()
  })
}

async function stateHash(asked: {
  manifest: string
  replayFrom: 'state' | 'manifest'
  prefix: string
  brokers: string
  stateDir: string
}): Promise<string> {
  const { manifest, replayFrom, prefix, brokers, stateDir } = asked
  const flags = { prefix, brokers, 'state-dir': stateDir }
  const { tasks } = await recover({ flags, manifest, replayFrom, say: () => undefined })
  return tasks[0]!.state_hash
}

async function threeKills(round: Round): Promise<Kill[]> {
  const kills: Kill[] = []
  let member = round.start(round.spec)
  for (let n = 1; n <= KILLS; n++) {
    const { kill, next } = await killOnce(round, member, n)
    kills.push(kill)
    member = next
  }
  await member.stop()
  return kills
}

async function killOnce(
  round: Round,
  member: CrewMember,
  n: number,
): Promise<{ kill: Kill; next: CrewMember }> {
  const { spec, log, draw } = round
  const task = () => member.tasks.get(0)!
  const wait = (what: string, ready: () => boolean, of = member): Promise<true> =>
    until(ready, { what, ms: WAIT_MS, everyMs: 1, failed: () => of.failure() })
  await wait('OpB to recover', () => task().recovered)
  const from = (await log.offsets(spec.names.enriched, 0)).highWatermark
  const at = from + draw(Math.floor(ORDERS * 0.1), Math.floor(ORDERS * 0.6))
  const feeding = feed(round, from)
  await wait(`the kill at input offset ${at}`, () => (task().next ?? 0) >= at)
  member.expectEnd()
  const killedAt = hostClock.monotonicMs()
  member.handle.kill('SIGKILL')
  const exit = await member.handle.exited
  await feeding
  const { lastStableOffset: end } = await log.offsets(spec.names.enriched, 0)
  // Local state would make this a question of a few records: what is asked is the way back without it.
  rmSync(path.join(spec.stateDir, 'opb-0'), { recursive: true, force: true })
  const next = round.start(spec)
  const { snapshotDir, stateDir } = spec
  await wait('the lag to be zero', () => next.tasks.get(0)!.zeroAt !== undefined, next)
  const events = readJournals(path.join(stateDir, 'journals')).filter(
    (e) => e.incarnation === next.handle.incarnation,
  )
  const committed = Number(events.find((e) => e.f === 'committed-offset')?.['offset'] ?? 0)
  const times = phasesOf({
    task: 0,
    killedAt,
    exitAt: exit.t,
    spawnedAt: next.handle.spawnedAt,
    next: events,
    inputLsoAtKill: end,
  })
  const kill: Kill = {
    kill: n,
    at_offset: committed,
    lag_at_kill: end - committed,
    ...times,
    lines: next.lines.filter((line) => !line.includes('note')),
    snapshot_dir: snapshotDir,
    lag: lagPoints({ killedAt, heldMs: times.held_ms, task: 0, end, next: committed, events }),
  }
  return { kill, next }
}

/** More orders, without waiting for anybody to read them. */
async function feed({ admin, spec, state }: Round, from: number): Promise<void> {
  const order = (_: unknown, i: number) => state.order(state.below(state.keys), from + i)
  const orders = Array.from({ length: ORDERS }, order)
  const record = (o: (typeof orders)[number]) => ({ partition: 0, key: o.orderId, value: JSON.stringify(o) })
  await admin.append(topicNames(spec.prefix).enriched, orders.map(record))
}
