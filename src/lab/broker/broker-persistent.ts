/**
 * The one broker of a state folder that outlives its command: `eoslab broker start`, `stop`, `status`.
 *
 * Promises: starting is idempotent, also for two at once; data and, if it is free, the port survive stop and
 * start. The record is written as soon as the process exists, so no orphan is lost.
 * Does not: touch a broker that somebody else started.
 */
import { writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { SpawnedBroker } from '../../adapters/process/broker.ts'
import { LabError, messageOf } from '../../core/errors.ts'
import { withLock } from './broker-lock.ts'
import {
  bornAt,
  isAlive,
  liveRecord,
  persistentDirectory,
  readRecord,
  recordFile,
  type BrokerRecord,
} from './broker-record.ts'
import { reach, silent, start, type BrokerOptions } from './broker-start.ts'
import { onInterrupt } from '../interrupt.ts'

const READY_MS = 30_000
const STOP_MS = 10_000
const ASK_AGAIN_MS = 25

export interface PersistentBroker extends BrokerRecord {
  readonly already: boolean
}

export interface PersistentOptions extends BrokerOptions {
  readonly port?: number | undefined
}

/** `broker start`: starts the one broker of this state folder, or finds it running. */
export async function startPersistent(options: PersistentOptions): Promise<PersistentBroker> {
  const directory = persistentDirectory(options.stateDir)
  return withLock(directory, async () => {
    const live = liveRecord(directory)
    if (live !== undefined) return { ...(await whenReady(live, options.port)), already: true }
    let record: BrokerRecord | undefined
    let kill: (() => void) | undefined
    const forget = onInterrupt(() => kill?.())
    try {
      const broker = await start({
        dataDir: directory,
        port: options.port,
        preferredPort: portOf(readRecord(directory)),
        tie: false,
        say: options.say ?? silent,
        onSpawn: (spawned) => {
          kill = () => spawned.kill()
          record = recordOf(spawned, directory)
          writeFileSync(recordFile(directory), JSON.stringify(record))
        },
      })
      return { ...(record ?? recordOf(broker, directory)), already: false }
    } finally {
      forget()
    }
  })
}

const recordOf = (broker: SpawnedBroker, dataDir: string): BrokerRecord => ({
  pid: broker.pid,
  born: bornAt(broker.pid),
  brokers: broker.brokers,
  proxied: broker.proxied,
  dataDir,
  started: new Date().toISOString(),
})

const portOf = (record: BrokerRecord | undefined): number | undefined =>
  record === undefined ? undefined : Number(record.brokers.split(':')[1])

async function whenReady(record: BrokerRecord, port: number | undefined): Promise<BrokerRecord> {
  if (port !== undefined && port !== portOf(record)) {
    throw new LabError('USAGE', `the broker already runs at ${record.brokers}, not on port ${port}`, {
      hint: 'Stop it first: eoslab broker stop',
    })
  }
  const deadline = performance.now() + READY_MS
  for (;;) {
    try {
      await reach(record.brokers, 'It may hang. Stop it: eoslab broker stop')
      return record
    } catch (error) {
      if (performance.now() > deadline || !isAlive(record.pid, record.born)) throw error
    }
    await delay(ASK_AGAIN_MS)
  }
}

/** `broker stop`: ends it and keeps its data. Resolves with what was stopped, or undefined if none ran. */
export async function stopPersistent(options: BrokerOptions): Promise<BrokerRecord | undefined> {
  const directory = persistentDirectory(options.stateDir)
  if (readRecord(directory) === undefined) return undefined
  return withLock(directory, async () => {
    const record = liveRecord(directory)
    if (record === undefined) return undefined
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      if (isAlive(record.pid, record.born)) process.kill(record.pid, signal)
      const deadline = performance.now() + STOP_MS
      while (isAlive(record.pid, record.born) && performance.now() < deadline) await delay(ASK_AGAIN_MS)
    }
    return record
  })
}

export interface BrokerStatus {
  readonly running: boolean
  readonly brokers: string | null
  readonly kind: 'given' | 'started' | null
  readonly clusterId: string | null
  /** Of a broker of ours. */
  readonly pid: number | null
  readonly proxied: BrokerRecord['proxied'] | null
  readonly dataDir: string | null
  readonly started: string | null
  /** Why it does not answer. */
  readonly problem: string | null
}

export async function brokerStatus(options: BrokerOptions): Promise<BrokerStatus> {
  const given = options.brokers === undefined || options.brokers === '' ? undefined : options.brokers
  const record = given === undefined ? liveRecord(persistentDirectory(options.stateDir)) : undefined
  const brokers = given ?? record?.brokers
  const known = {
    brokers: brokers ?? null,
    kind: given !== undefined ? ('given' as const) : record === undefined ? null : ('started' as const),
    pid: record?.pid ?? null,
    proxied: record?.proxied ?? null,
    dataDir: record?.dataDir ?? null,
    started: record?.started ?? null,
  }
  if (brokers === undefined) return { ...known, running: false, clusterId: null, problem: null }
  try {
    return { ...known, running: true, clusterId: await reach(brokers, ''), problem: null }
  } catch (error) {
    if (error instanceof LabError && error.code === 'USAGE') throw error
    return { ...known, running: false, clusterId: null, problem: messageOf(error) }
  }
}
