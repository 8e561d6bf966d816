/**
 * `snapshot verify`: is every snapshot of a task what its manifest says, and does it lead where the log leads?
 *
 * Promises: works on copies in a folder of its own, which is removed: nobody is fenced, nothing is journalled
 * or published, a live owner may go on. All are replayed to one end, fixed once, so the hashes can be compared;
 * the measure is an empty state with the whole log replayed onto it.
 * Does not: measure against the log where its beginning is gone; then the snapshots are only compared with
 * each other, and it says so.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { connectLog } from '../../adapters/kafka/log.ts'
import { SnapshotDirectory } from '../../adapters/sqlite/snapshot-files.ts'
import { StateDirectory } from '../../adapters/sqlite/state-directory.ts'
import { drawTable } from '../draw.ts'
import type { SnapshotEntry } from '../../core/contracts/records.ts'
import { LabError, messageOf } from '../../core/errors.ts'
import type { StateStore } from '../../core/ports/store.ts'
import { catchUp } from '../../core/recovery/catch-up.ts'
import { lineageNow, loadManifests, readFacts } from '../../core/recovery/load.ts'
import type { LogFacts } from '../../core/recovery/load.ts'
import { chainOf, missingBase } from '../../core/recovery/manifest.ts'
import type { RecoverOptions, RecoveryDeps } from '../../core/recovery/recover.ts'
import { NOTHING, number } from '../../core/report/numbers.ts'
import { depsOf, optionsOf } from './own-task.ts'
import type { TaskContext } from './own-task.ts'
import { findTarget, snapshotDirectory, tasksOf, withTargetBroker } from './task-target.ts'
import type { TargetFlags } from './task-target.ts'

export interface VerifiedSnapshot {
  readonly partition: number
  /** Null for the measure: an empty state and the whole log. */
  readonly snapshot_id: string | null
  readonly kind: SnapshotEntry['kind'] | 'log'
  /** Files that it takes. */
  readonly links: number
  readonly keys: number | null
  /** After replay to the common end. */
  readonly state_hash: string | null
  readonly applied: number | null
  readonly verdict: 'ok' | 'damaged' | 'differs' | 'not compared'
  readonly reason: string | null
}

export interface VerifyResult {
  readonly prefix: string
  readonly chosen: string
  readonly ok: boolean
  readonly snapshots: readonly VerifiedSnapshot[]
}

export async function verifySnapshots(
  flags: TargetFlags,
  say: (text: string) => void,
): Promise<VerifyResult> {
  const target = findTarget(flags)
  say(target.chosen)
  return withTargetBroker(target, say, async (brokers) => {
    const log = await connectLog({ brokers, clientId: 'eoslab-verify' })
    try {
      const snapshots: VerifiedSnapshot[] = []
      for (const task of await tasksOf(target, log)) {
        const context = { target, log, task, say: (line: object) => say(JSON.stringify(line)) }
        snapshots.push(...(await verifyTask(context)))
      }
      if (!snapshots.some((s) => s.snapshot_id !== null)) {
        throw new LabError('NOTHING_TO_SHOW', `no snapshot of ${target.prefix}opb is known`, {
          hint: 'take one: eoslab snapshot take',
        })
      }
      const ok = snapshots.every((s) => s.verdict === 'ok' || s.verdict === 'not compared')
      return { prefix: target.prefix, chosen: target.chosen, ok, snapshots }
    } finally {
      await log.close()
    }
  })
}

/** What one task's snapshots are measured with. */
interface Bench {
  readonly deps: RecoveryDeps
  readonly options: RecoverOptions
  readonly facts: LogFacts
  readonly home: StateDirectory
}

async function verifyTask(context: TaskContext): Promise<VerifiedSnapshot[]> {
  const { target, task } = context
  const root = mkdtempSync(path.join(tmpdir(), 'eoslab-verify-'))
  const snapshots = snapshotDirectory(target, task)
  const home = new StateDirectory(path.join(root, `opb-${task}`), snapshots)
  const journal = { append: () => undefined }
  const shelf = new SnapshotDirectory(snapshots)
  const deps = {
    ...depsOf(context, { home, shelf, journal, producer: undefined }),
    // Every snapshot would say its replay; the table has it.
    say: () => undefined,
  }
  try {
    const options = optionsOf(context, 'verify', { manifest: 'latest', local: 'keep' })
    const facts = await readFacts(context.log, options)
    const bench: Bench = { deps, options, facts, home }
    const known = await loadManifests({ ...deps, say: context.say }, options)
    const measure = await measureOf(bench)
    const all = [measure]
    for (const entry of known.entries) {
      const found = await verifyOne(bench, entry, known.entries)
      all.push(judged(found, all.find((one) => one.state_hash !== null)?.state_hash ?? null))
    }
    return all
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

function judged(found: VerifiedSnapshot, measure: string | null): VerifiedSnapshot {
  if (found.verdict !== 'ok' || measure === null || found.state_hash === measure) return found
  return { ...found, verdict: 'differs', reason: `with its replay it gives another state than ${measure}` }
}

/** The state that the log alone gives. */
async function measureOf(bench: Bench): Promise<VerifiedSnapshot> {
  const { options, home, deps } = bench
  const none = { partition: options.partition, snapshot_id: null, kind: 'log', links: 0 } as const
  try {
    const store = home.create(await lineageNow(deps.log, options))
    return { ...none, ...(await replayed(bench, store)) }
  } catch (error) {
    if (!(error instanceof LabError && error.code === 'RECOVERY_GAP')) throw error
    const unknown = { keys: null, state_hash: null, applied: null }
    return { ...none, ...unknown, verdict: 'not compared', reason: error.message }
  }
}

async function verifyOne(
  bench: Bench,
  entry: SnapshotEntry,
  known: readonly SnapshotEntry[],
): Promise<VerifiedSnapshot> {
  const chain = chainOf(entry, known)
  const { partition } = bench.options
  const one = {
    partition,
    snapshot_id: entry.snapshotId,
    kind: entry.kind,
    links: chain?.length ?? 0,
    keys: null,
    state_hash: null,
    applied: null,
  }
  if (!chain)
    return {
      ...one,
      verdict: 'damaged',
      reason: `it builds on ${missingBase(entry, known)}, which is not known`,
    }
  try {
    const store = await bench.home.restore(chain)
    const hash = store.stateHash()
    if (entry.stateHash !== null && hash !== entry.stateHash) {
      store.close()
      const reason = `its state hash is ${hash}, its manifest says ${entry.stateHash}`
      return { ...one, keys: entry.keys, verdict: 'damaged', reason }
    }
    return { ...one, ...(await replayed(bench, store)) }
  } catch (error) {
    if (!(error instanceof LabError)) throw error
    if (!['SNAPSHOT_DAMAGED', 'RECOVERY_GAP'].includes(error.code)) throw error
    return { ...one, verdict: 'damaged', reason: messageOf(error) }
  } finally {
    bench.home.retire()
  }
}

/** Brings the state to the common end, and closes it. */
async function replayed(
  { deps, options, facts }: Bench,
  store: StateStore,
): Promise<Pick<VerifiedSnapshot, 'keys' | 'state_hash' | 'applied' | 'verdict' | 'reason'>> {
  try {
    store.takeOwnership(options.owner)
    const { applied } = await catchUp(deps, options, { store, facts, from: undefined })
    const keys = store.keyCount()
    return { keys, state_hash: store.stateHash(), applied, verdict: 'ok', reason: null }
  } finally {
    store.close()
  }
}

export async function verifyTable(result: VerifyResult): Promise<string> {
  const table = await drawTable({
    columns: ['task', 'snapshot', 'kind', 'links', 'keys', 'applied', 'state_hash', 'verdict'].map(
      (title, i) => ({ title, align: i >= 3 && i <= 5 ? ('right' as const) : ('left' as const) }),
    ),
    rows: result.snapshots.map((s) => [
      `${result.prefix}opb-${s.partition}`,
      s.snapshot_id ?? 'none: the whole log',
      s.kind,
      s.links === 0 ? NOTHING : number(s.links),
      number(s.keys),
      number(s.applied),
      s.state_hash?.slice(0, 16) ?? NOTHING,
      s.verdict,
    ]),
  })
  const reasons = result.snapshots.filter((s) => s.reason !== null)
  return [table, ...reasons.map((s) => `${s.snapshot_id ?? 'the whole log'}: ${s.reason}`)].join('\n')
}
