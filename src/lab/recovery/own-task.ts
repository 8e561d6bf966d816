/**
 * Owning one of OpB's tasks from the command line: announced, journalled, fenced and recovered, used, let go.
 *
 * Promises: while `use` runs, others see this process as the live owner; the journal ends with a stop event;
 * the store is closed on every way out.
 */
import path from 'node:path'
import { openJournal } from '../../adapters/files/journal.ts'
import { listen } from '../../adapters/files/live-owner.ts'
import { hostClock } from '../../adapters/host/clock.ts'
import { lineageOfSnapshot } from '../../adapters/sqlite/inspect.ts'
import { SnapshotDirectory, snapshotFile } from '../../adapters/sqlite/snapshot-files.ts'
import { StateDirectory } from '../../adapters/sqlite/state-directory.ts'
import { transactionalId } from '../../core/contracts/names.ts'
import type { ChangelogMode } from '../../core/contracts/records.ts'
import { LabError } from '../../core/errors.ts'
import { foldOrder, readEnriched } from '../../core/pipelines/reference/opb.ts'
import type { Journal } from '../../core/ports/journal.ts'
import type { LogPort, TransactionalProducer } from '../../core/ports/log.ts'
import { recoverTask } from '../../core/recovery/recover.ts'
import type { Recovered, RecoverOptions, RecoveryDeps } from '../../core/recovery/recover.ts'
import type { At, RecoveryStep } from '../../core/recovery/steps.ts'
import { TRANSACTION_TIMEOUT_MS } from '../matrix/spec.ts'
import { snapshotDirectory, taskDirectory, type Target } from './task-target.ts'

export interface OwnedTask {
  readonly recovered: Recovered
  readonly home: StateDirectory
  readonly shelf: SnapshotDirectory
  readonly producer: TransactionalProducer
  readonly journal: Pick<Journal, 'append' | 'incarnation'>
}

export type Asked = Pick<RecoverOptions, 'manifest' | 'local' | 'replayFrom' | 'chunkBytes'> & {
  /** Only where neither state nor snapshot says it. */
  readonly changelogMode?: ChangelogMode
}

export interface TaskContext {
  readonly target: Target
  readonly log: LogPort
  readonly task: number
  readonly say: (line: Readonly<Record<string, unknown>>) => void
  /** Check every row of a local state, however many there are. */
  readonly verify?: boolean
  /** For crash points. */
  readonly at?: At<RecoveryStep>
}

/** Fences the task, recovers it, lends it to `use`, and lets it go. */
export async function withOwnTask<T>(
  context: TaskContext,
  asked: Asked,
  use: (owned: OwnedTask) => Promise<T>,
): Promise<T> {
  const { target, log, task, verify = false } = context
  const dir = taskDirectory(target, task)
  const home = new StateDirectory(dir, snapshotDirectory(target, task), { verify })
  home.prepare()
  const journal = openJournal({
    dir: path.join(target.stateDir, 'journals'),
    who: 'opb',
    instance: 'cli',
    clock: hostClock,
  })
  const owner = await listen(
    home.where,
    { pid: process.pid, incarnation: journal.incarnation, since: hostClock.wallMs() },
    {
      snapshot: () =>
        Promise.reject(new LabError('LIVE_OWNER', `${journal.incarnation} only recovers the task`)),
    },
  )
  const producer = log.producer({
    transactionalId: transactionalId(target.prefix, 'opb', task),
    timeoutMs: TRANSACTION_TIMEOUT_MS,
  })
  const shelf = new SnapshotDirectory(snapshotDirectory(target, task))
  let recovered: Recovered | undefined
  try {
    journal.append({ f: 'boot', type: 'info', pid: process.pid, operator: 'opb', tasks: [task], ...asked })
    recovered = await recoverTask(
      depsOf(context, { home, shelf, journal, producer }),
      optionsOf(context, journal.incarnation, asked),
    )
    return await use({ recovered, home, shelf, producer, journal })
  } finally {
    recovered?.store.close()
    journal.append({ f: 'stop', type: 'info', reason: 'the command ends' })
    journal.close()
    await producer.close()
    await owner.close()
  }
}

export function depsOf(
  { target, log, task, say, at }: TaskContext,
  parts: Pick<RecoveryDeps, 'home' | 'shelf' | 'journal' | 'producer'>,
): RecoveryDeps {
  const { window } = settingsOf(target, task)
  return {
    ...parts,
    log,
    clock: hostClock,
    say,
    ...(at ? { at } : {}),
    fold: (record, get) => {
      const { key, order } = readEnriched(record, window)
      return foldOrder(get(key), key, order)
    },
  }
}

export function optionsOf({ target, task, say }: TaskContext, owner: string, asked: Asked): RecoverOptions {
  const { prefix, names, group } = target
  const topics = { input: names.enriched, changelog: names.changelog, snapshots: names.snapshots }
  const { found, ...settings } = settingsOf(target, task)
  if (!found && target.windowFrom === 'default') {
    // The changelog does not name the window; a wrong guess would only show when OpB goes on counting.
    const note = `neither state nor snapshot says the window: ${settings.window} s is assumed (--window)`
    say({ msg: 'recover note', partition: task, note })
  }
  return { partition: task, owner, prefix, ...settings, topics, group, ...asked }
}

/** Window and changelog mode as the state says, else its newest snapshot file, else as told or by default. */
function settingsOf(
  target: Target,
  task: number,
): { window: number; changelogMode: ChangelogMode; found: boolean } {
  const snapshots = snapshotDirectory(target, task)
  const local = new StateDirectory(taskDirectory(target, task), snapshots).peek()
  const newest = new SnapshotDirectory(snapshots)
    .list()
    .sort((a, b) => b.nextInputOffset - a.nextInputOffset)[0]
  const found = local ?? (newest && lineageOfSnapshot(snapshotFile(snapshots, newest), newest.kind))
  return {
    window: target.windowFrom === 'flag' ? target.window : (found?.window ?? target.window),
    found: found !== undefined,
    changelogMode: found?.changelogMode ?? newest?.changelogMode ?? 'after-image',
  }
}
