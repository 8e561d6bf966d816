/**
 * `eoslab evidence ways`: orders, the real OpA over them, and then, as often as asked, a real OpB that is
 * killed at a random place, brought back in every way, and run on to the end.
 *
 * Promises: the orders are checked before a broker is looked for; each repeat has topics and state of its own
 * and draws from its own seed; the last repeat's state is kept, so that its hash can be computed by hand.
 */
import { cpSync, rmSync } from 'node:fs'
import path from 'node:path'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { readJournals } from '../../adapters/files/journal.ts'
import { checkOrders } from '../../adapters/files/orders-file.ts'
import { openTopicAdmin } from '../../adapters/kafka/topic-admin.ts'
import { connectLog } from '../../adapters/kafka/log.ts'
import { openRawLog } from '../../adapters/raw-log/platformatic.ts'
import { StateDirectory } from '../../adapters/sqlite/state-directory.ts'
import { createProgress } from '../../adapters/terminal/progress.ts'
import { hashOf, type WaysFound, type WaysRepeat } from '../../core/compare/ways.ts'
import { murmur2 } from '../../core/contracts/murmur2.ts'
import { topicNames } from '../../core/contracts/names.ts'
import { describe } from '../../core/crash/case.ts'
import { LabError } from '../../core/errors.ts'
import type { WorkerSpec } from '../../core/ports/workers.ts'
import { withBroker, type LentBroker } from '../broker/broker.ts'
import type { CrewMember } from '../cell/crew.ts'
import { tailJournal } from '../cell/tail.ts'
import { onInterrupt } from '../interrupt.ts'
import { withOwnTask } from '../recovery/own-task.ts'
import { findTarget } from '../recovery/task-target.ts'
import { until, within } from '../wait.ts'
import { pipelineTopics } from '../workload/topics.ts'
import { directoryOf, makeEnriched, ownTopics, sharedTopics, spawn } from './compare-stage.ts'
import { toItsEnd, workerSpec, type CompareStage } from './compare-stage.ts'
import { allWays } from './ways-back.ts'

export interface WaysOptions {
  readonly brokers?: string | undefined
  readonly stateDir: string
  readonly prefix: string
  readonly from?: string | undefined
  /** Of generated ones. */
  readonly orders: number
  readonly repeat: number
  readonly seed: number
  /** Seconds. */
  readonly window: number
  /** File for the last state. */
  readonly keepAt: string
  readonly quiet: boolean
}

/** Transactions that the whole input makes, and snapshots that are taken on the way. */
const TRANSACTIONS = 70
const SNAPSHOTS = 12
const KILL_MS = 120_000
/** Journal lines of about three transactions. */
const LINES = 21

export async function runWays(options: WaysOptions): Promise<WaysFound> {
  const { from, stateDir, quiet } = options
  const orders = from === undefined ? options.orders : (await checkOrders(from)).orders
  const progress = createProgress({ stream: process.stderr, env: process.env, quiet })
  const crew: CrewMember[] = []
  const killAll = (): void => {
    for (const member of crew) if (member.exit === undefined) member.handle.kill('SIGKILL')
  }
  const forget = onInterrupt(killAll)
  const place = { brokers: options.brokers, stateDir, say: (text: string) => progress.say(text) }
  try {
    return await withBroker(place, async (broker) => {
      const tools = await openTools(broker.brokers)
      const stage: CompareStage = {
        ...tools,
        stateRoot: stateDir,
        prefix: options.prefix,
        names: topicNames(options.prefix),
        orders,
        ...(from === undefined ? {} : { from }),
        seed: options.seed,
        window: options.window,
        batch: Math.min(1000, Math.max(2, Math.floor(orders / TRANSACTIONS))),
        say: (what) => progress.update(what),
        onMember: (member) => void crew.push(member),
      }
      try {
        const repeats = await allRepeats(stage, options, {
          broker,
          done: (found) => {
            const wrong = found.ways.filter((w) => w.objection !== null || w.state_hash !== hashOf(found))
            progress.done(
              wrong.length === 0 ? 'valid' : 'invalid',
              `${found.ways.length} ways, hash ${hashOf(found).slice(0, 16)}`,
            )
          },
          begin: (n) => progress.cell(`repeat ${n}`, options.repeat),
        })
        return { orders, from: from ?? null, window_s: options.window, repeats }
      } finally {
        killAll()
        await Promise.allSettled([tools.log.close(), tools.admin.close(), tools.rawLog.close()])
      }
    })
  } finally {
    forget()
    progress.close()
  }
}

async function openTools(brokers: string) {
  const clientId = 'eoslab-ways'
  const [log, rawLog] = await Promise.all([connectLog({ brokers, clientId }), openRawLog({ brokers })])
  return { brokers, log, rawLog, admin: openTopicAdmin({ brokers, clientId }) }
}

interface Around {
  readonly broker: LentBroker
  readonly begin: (n: number) => void
  readonly done: (found: WaysRepeat) => void
}

async function allRepeats(stage: CompareStage, options: WaysOptions, around: Around): Promise<WaysRepeat[]> {
  const [used] = await stage.admin.list(stage.prefix)
  if (used !== undefined) {
    throw new LabError(
      'USAGE',
      `--prefix ${stage.prefix}: ${used} exists, and the ways want topics of their own`,
      {
        hint: `leave out --prefix, or delete them: eoslab topics delete --prefix '${stage.prefix}'`,
      },
    )
  }
  await makeEnriched(stage)
  const repeats: WaysRepeat[] = []
  for (let n = 1; n <= options.repeat; n++) {
    around.begin(n)
    const prefix = `${stage.prefix}${String(n).padStart(2, '0')}.`
    const found = await oneRepeat(stage, { n, prefix, seed: options.seed + n - 1, keepAt: options.keepAt })
    repeats.push(found)
    rmSync(directoryOf(stage, prefix), { recursive: true, force: true })
    if (around.broker.kind !== 'ephemeral') await stage.admin.remove(ownTopics(topicNames(prefix)))
    around.done(found)
  }
  if (around.broker.kind !== 'ephemeral') await stage.admin.remove(sharedTopics(stage.names))
  return repeats
}

async function oneRepeat(
  stage: CompareStage,
  { n, prefix, seed, keepAt }: { n: number; prefix: string; seed: number; keepAt: string },
): Promise<WaysRepeat> {
  // Mixed, because streams of neighbouring seeds begin alike.
  const random = xoroshiro128plus(murmur2(new TextEncoder().encode(`ways/${seed}`)))
  const draw = (low: number, high: number): number => uniformInt(random, low, high)
  const { orders, enriched, dlq } = stage.names
  const names = topicNames(prefix, { orders, enriched, dlq })
  await stage.admin.create(pipelineTopics(names, 1).filter(({ topic }) => ownTopics(names).includes(topic)))
  rmSync(directoryOf(stage, prefix), { recursive: true, force: true })
  const spec: WorkerSpec = {
    ...workerSpec(stage, 'opb', prefix),
    names,
    snapshotEvery: { updates: Math.max(1, Math.floor(stage.orders / SNAPSHOTS)) },
  }
  const killed = await killSomewhere(stage, spec, draw)
  const { ways, snapshots, keys } = await allWays({ stage, spec, draw })
  await toItsEnd(spawn(stage, spec), 'OpB to process the rest')
  const end = await theEnd(stage, spec, keepAt)
  return { repeat: n, seed, ...killed, snapshots, keys, ways, ...end }
}

/** SIGKILL some drawn lines of its journal after it has committed beyond a drawn offset. */
async function killSomewhere(
  stage: CompareStage,
  spec: WorkerSpec,
  draw: (low: number, high: number) => number,
) {
  const { highWatermark: end } = await stage.log.offsets(spec.names.enriched, 0)
  const at = draw(Math.floor(end * 0.4), Math.floor(end * 0.9))
  const member = spawn(stage, spec)
  stage.say(`until the kill at input offset ${at}`)
  await until(() => (member.tasks.get(0)?.next ?? 0) >= at, {
    what: `OpB to commit input offset ${at}`,
    ms: KILL_MS,
    everyMs: 1,
    failed: () => member.failure(),
  })
  member.expectEnd()
  // Progress is told right after an apply; some lines of the journal later it may be anywhere.
  const nth = draw(1, LINES)
  const tail = tailJournal({ file: member.journalFile!, task: 0, nth }, () => member.handle.kill('SIGKILL'))
  await within(member.handle.exited, { what: `line ${nth} of ${member.name}'s journal`, ms: KILL_MS })
  tail.stop()
  const journal = readJournals(path.join(spec.stateDir, 'journals'))
  const life = journal.filter((e) => e.incarnation === member.handle.incarnation)
  const commit = life.findLast((e) => e.f === 'commit' && e.type === 'ok' && e['kind'] === 'data')
  const txn = life.find((e) => e.f === 'txn' && e['n'] === commit?.['n'] && e['kind'] === 'data')
  return { killed_at: Number(txn?.['next'] ?? at), last_event: describe(life.at(-1)) }
}

/** The state once everything is processed, and a copy of it that stays. */
async function theEnd(stage: CompareStage, spec: WorkerSpec, keepAt: string) {
  const target = findTarget({
    brokers: stage.brokers,
    prefix: spec.prefix,
    'state-dir': stage.stateRoot,
    window: `${stage.window}s`,
    input: spec.names.enriched,
  })
  const context = { target, log: stage.log, task: 0, say: () => undefined }
  const end = await withOwnTask(context, { manifest: 'latest', local: 'keep' }, async ({ recovered }) => ({
    final_hash: recovered.store.stateHash(),
    final_keys: recovered.store.keyCount(),
  }))
  const file = new StateDirectory(path.join(spec.stateDir, 'opb-0'), spec.snapshotDir).currentFile()!
  cpSync(file, keepAt)
  return { ...end, state: keepAt }
}
