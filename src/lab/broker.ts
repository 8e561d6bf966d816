/**
 * Which broker a command uses, and the lab's own brokers.
 *
 * Promises: resolution in this order and no other: `--brokers` or EOSLAB_BROKERS, the broker of
 * `eoslab broker start`, and, for whole experiments only, one that lives as long as the command. A broker
 * that was given is only talked to. An ephemeral one is stopped and removed on every way out: the end, an
 * error, Ctrl-C, and (by its own watch on us) our sudden death; what a dead run left is cleaned by the next.
 * Does not: load the process adapter or a client before it is needed.
 */
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cp, mkdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { LabError, messageOf } from '../core/errors.ts'
import type { Coordinators, RunningBroker, SpawnedBroker } from '../adapters/process/broker.ts'
import { makeDirectory, withLock } from './broker-lock.ts'
import {
  bornAt,
  ephemeralParent,
  isAlive,
  liveRecord,
  persistentDirectory,
  readRecord,
  recordFile,
  type BrokerRecord,
} from './broker-record.ts'
import { onInterrupt } from './interrupt.ts'

const REACH_MS = 8_000
const READY_MS = 30_000
const STOP_MS = 10_000
const ASK_AGAIN_MS = 25

export interface BrokerOptions {
  /** From `--brokers` or EOSLAB_BROKERS. */
  readonly brokers?: string | undefined
  readonly stateDir: string
  /** Progress, for stderr. */
  readonly say?: ((text: string) => void) | undefined
}

const silent = (): void => undefined

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

/** Resolves with the cluster id if one of the addresses answers; NO_BROKER, within ten seconds, if none. */
export async function reach(brokers: string, hint: string): Promise<string> {
  const addresses = brokers.split(',').map((address) => address.trim())
  for (const address of addresses) {
    if (/^.+:\d{1,5}$/u.test(address)) continue
    throw new LabError('USAGE', `"${address}" is no broker address`, {
      hint: 'Give host:port, several with commas.',
    })
  }
  const { probe } = await import('../adapters/process/metadata-probe.ts')
  try {
    const answer = await Promise.any(addresses.map((address) => probe(address, REACH_MS)))
    return answer.clusterId
  } catch (error) {
    const reasons =
      error instanceof AggregateError ? error.errors.map(messageOf).join('; ') : messageOf(error)
    throw new LabError('NO_BROKER', `no Kafka broker answers at ${brokers}: ${reasons}`, {
      hint,
      cause: error,
    })
  }
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
    if (own !== undefined) await rm(own, { recursive: true, force: true })
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
    if (own !== undefined && keepAs !== undefined) await keep(own, keepAs)
    await discard()
    forget()
  }
}

/** A folder of this process, after clearing those whose processes are gone. */
async function ephemeralDirectory(stateDir: string): Promise<string> {
  const parent = ephemeralParent(stateDir)
  makeDirectory(parent)
  for (const name of readdirSync(parent)) {
    const directory = path.join(parent, name)
    if (!ownerLives(directory)) await rm(directory, { recursive: true, force: true })
  }
  const directory = path.join(parent, `${process.pid}-${randomBytes(4).toString('hex')}`)
  makeDirectory(directory)
  writeFileSync(
    path.join(directory, 'owner.json'),
    JSON.stringify({ pid: process.pid, born: bornAt(process.pid) }),
  )
  return directory
}

function ownerLives(directory: string): boolean {
  try {
    const owner = JSON.parse(readFileSync(path.join(directory, 'owner.json'), 'utf8')) as {
      pid: number
      born: string
    }
    return isAlive(owner.pid, owner.born)
  } catch {
    // Not written yet: its maker is named by the folder.
    return isAlive(Number.parseInt(path.basename(directory), 10), '')
  }
}

async function keep(from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true })
  await mkdir(path.dirname(to), { recursive: true })
  try {
    await rename(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error
    await cp(from, to, { recursive: true })
  }
  await rm(path.join(to, 'owner.json'), { force: true })
}

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

/** `broker fetch`: everything a later start needs, so that it needs no network. Says where it is. */
export async function fetchFiles(say: (text: string) => void): Promise<{ cache: string }> {
  const { fetchBroker } = await import('../adapters/process/broker.ts')
  return { cache: await fetchBroker({ say, coordinators: await coordinators() }) }
}

type OwnStart = Omit<
  Parameters<typeof import('../adapters/process/broker.ts').startBroker>[0],
  'coordinators'
>

async function start(options: OwnStart): Promise<RunningBroker> {
  const { startBroker } = await import('../adapters/process/broker.ts')
  return startBroker({ ...options, coordinators: await coordinators() })
}

async function coordinators(): Promise<Coordinators> {
  return import('../adapters/kafka/warm-up.ts')
}
