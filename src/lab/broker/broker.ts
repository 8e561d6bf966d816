/**
 * Which broker a command uses, and the lab's own brokers.
 *
 * Promises: resolution in this order and no other: `--brokers` or EOSLAB_BROKERS, the broker of
 * `eoslab broker start`, and, for whole experiments only, one that lives as long as the command. A broker
 * that was given is only talked to. An ephemeral one is stopped and removed on every way out: the end, an
 * error, Ctrl-C, and (by its own watch on us) our sudden death; what a dead run left is cleaned by the next.
 * Does not: load the process adapter or a client before it is needed.
 */
import type { RunningBroker, SpawnedBroker } from '../../adapters/process/broker.ts'
import { LabError } from '../../core/errors.ts'
import { ephemeralDirectory, keepDirectory, removeDirectory } from './broker-directory.ts'
import { startPersistent } from './broker-persistent.ts'
import { liveRecord, persistentDirectory } from './broker-record.ts'
import { reach, silent, start, type BrokerOptions } from './broker-start.ts'
import { onInterrupt } from '../interrupt.ts'

export { brokerStatus, startPersistent, stopPersistent } from './broker-persistent.ts'
export type { BrokerStatus } from './broker-persistent.ts'
export { fetchFiles, reach } from './broker-start.ts'
export type { BrokerOptions } from './broker-start.ts'

export interface ResolvedBroker {
  /** host:port, or several with commas. */
  readonly brokers: string
  readonly kind: 'given' | 'started' | 'ephemeral'
  /** Folder of a broker of ours. */
  readonly dataDir?: string
}

export interface LentBroker extends ResolvedBroker {
  /** Asks that the data of an ephemeral broker be moved there at the end. Nothing for the other kinds. */
  keepDataAs(directory: string): void
}

export interface WithBrokerOptions extends BrokerOptions {
  /** Start on this data folder, which stays, whatever else there is: a kept cell lives nowhere else. */
  readonly dataDir?: string | undefined
  /** If none is there, start the one of `broker start` and leave it running, instead of an ephemeral one. */
  readonly leaveRunning?: boolean | undefined
}

/** For commands that need a broker and start none. */
export async function resolveBroker(options: BrokerOptions): Promise<ResolvedBroker> {
  const found = await findBroker(options)
  if (found !== undefined) return found
  throw new LabError('NO_BROKER', 'no Kafka broker: none was given, and none of ours is running', {
    hint: 'Start one: eoslab broker start\nor name one: --brokers host:port (or EOSLAB_BROKERS)',
  })
}

/** For whole experiments: lends a broker to `use`, its own one if there is no other. */
export async function withBroker<T>(
  options: WithBrokerOptions,
  use: (broker: LentBroker) => Promise<T>,
): Promise<T> {
  const lend = (broker: ResolvedBroker): Promise<T> => use({ ...broker, keepDataAs: () => undefined })
  if (options.dataDir === undefined) {
    const found = await findBroker(options)
    if (found !== undefined) return lend(found)
    if (options.leaveRunning === true) {
      const { brokers, dataDir } = await startPersistent(options)
      return lend({ brokers, dataDir, kind: 'started' })
    }
  }
  return withOwnBroker(options, use)
}

async function findBroker(options: BrokerOptions): Promise<ResolvedBroker | undefined> {
  if (options.brokers !== undefined && options.brokers !== '') {
    await reach(options.brokers, 'Is it running, and is the address right? (--brokers, EOSLAB_BROKERS)')
    return { brokers: options.brokers, kind: 'given' }
  }
  const record = liveRecord(persistentDirectory(options.stateDir))
  if (record === undefined) return undefined
  await reach(record.brokers, 'It may hang. Restart it: eoslab broker stop; eoslab broker start')
  return { brokers: record.brokers, kind: 'started', dataDir: record.dataDir }
}

async function withOwnBroker<T>(
  options: WithBrokerOptions,
  use: (broker: LentBroker) => Promise<T>,
): Promise<T> {
  const own = options.dataDir === undefined ? await ephemeralDirectory(options.stateDir) : undefined
  const dataDir = own ?? options.dataDir ?? ''
  let spawned: SpawnedBroker | undefined
  let running: RunningBroker | undefined
  let keepAs: string | undefined
  const discard = async (): Promise<void> => {
    if (own !== undefined) await removeDirectory(own)
  }
  const forget = onInterrupt(async () => {
    await (running?.stop() ?? spawned?.kill())
    await discard()
  })
  try {
    running = await start({
      dataDir,
      tie: true,
      say: options.say ?? silent,
      onSpawn: (broker) => (spawned = broker),
    })
    const lent: LentBroker = {
      brokers: running.brokers,
      dataDir,
      kind: 'ephemeral',
      keepDataAs: (directory) => (keepAs = directory),
    }
    return await use(lent)
  } finally {
    await running?.stop()
    if (own !== undefined && keepAs !== undefined) await keepDirectory(own, keepAs)
    await discard()
    forget()
  }
}
