/**
 * A Kafka broker as a process of this host, from nothing or on a data folder that is there already.
 *
 * Promises: resolves when the broker answers with itself in its metadata, rejects within 30 s (the
 * first start, which fetches and trains, excepted) otherwise with
 * the end of its log; never leaves a JVM behind when it rejects. Every new data folder is a cluster of its
 * own id. Ports are free ones of loopback unless one is fixed.
 * Does not: remove data folders or decide who may stop a broker; src/lab/broker/broker.ts does.
 */
import { existsSync, readFileSync } from 'node:fs'
import { cp, mkdir, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import writeFileAtomic from 'write-file-atomic'
import { LabError, messageOf } from '../../core/errors.ts'
import { publish } from './cache.ts'
import { findJava, type Java } from './java.ts'
import { LOG_FILE, SETTINGS_FILE, startJvm, type Jvm } from './jvm.ts'
import {
  fetchKafka,
  hasJars,
  kafkaFiles,
  kafkaHome,
  lastLines,
  newUuid,
  type KafkaFiles,
} from './kafka-files.ts'
import { serverProperties, type BrokerPorts } from './kafka-settings.ts'
import { probe } from './metadata-probe.ts'
import { freePorts, isFree } from './ports.ts'

const READY_MS = 30_000
const ASK_AGAIN_MS = 15
const START_TRIES = 3
/** A JVM that writes its archive does so after SIGTERM, and takes a few seconds. */
const TRAINED_STOP_MS = 60_000

/** Gets a broker ready for transactions; a client does it, and clients are another adapter's. */
export interface Coordinators {
  /** On a data folder that never saw a transaction. */
  readonly warmUp: (brokers: string) => Promise<void>
  /** On every later start. */
  readonly awaken: (brokers: string) => Promise<void>
}

export interface StartOptions {
  readonly dataDir: string
  /** Client port; a free one without it. */
  readonly port?: number | undefined
  /** Client port to take if it is free: the one that people have in their environment. */
  readonly preferredPort?: number | undefined
  /** The JVM ends when this process does. */
  readonly tie: boolean
  readonly coordinators: Coordinators
  readonly say: (text: string) => void
  /** Called as soon as the process exists, before it is ready: whoever records it loses no orphan. */
  readonly onSpawn?: ((broker: SpawnedBroker) => void) | undefined
}

export interface SpawnedBroker {
  readonly brokers: string
  readonly proxied: { readonly listen: string; readonly advertised: string }
  readonly pid: number
  kill(): void
}

export interface RunningBroker extends SpawnedBroker {
  readonly clusterId: string
  readonly dataDir: string
  /** Time from the call until it was ready, fetching and training left out. */
  readonly startedInMs: number
  readonly exited: Promise<string>
  stop(): Promise<void>
}

interface Parts {
  readonly java: Java
  readonly files: KafkaFiles
}

export async function startBroker(options: StartOptions): Promise<RunningBroker> {
  const files = await bringFiles(options)
  const flags = existsSync(files.files.archiveFile)
    ? [`-XX:SharedArchiveFile=${files.files.archiveFile}`]
    : []
  await prepareData(options.dataDir, files.files.template)
  return launch({ ...options, ...files, flags, wake: options.coordinators.awaken })
}

/** Everything a start needs, brought into the cache; training that failed before is tried again. Says where. */
export async function fetchBroker(options: Pick<StartOptions, 'coordinators' | 'say'>): Promise<string> {
  const files = await fetchKafka(await findJava(), options.say)
  await rm(failedFile(files), { force: true })
  await bringFiles(options)
  return kafkaHome()
}

export interface CacheState {
  readonly jars: boolean
  readonly template: boolean
  readonly archive: boolean
  readonly directory: string
}

/** What of it is there, without starting or fetching anything. */
export function cacheState(java: Java): CacheState {
  const files = kafkaFiles(java)
  return {
    jars: hasJars(),
    template: existsSync(files.template),
    archive: existsSync(files.archiveFile),
    directory: kafkaHome(),
  }
}

const failedFile = (files: KafkaFiles): string => `${files.archiveFile}.failed`

async function bringFiles(options: Pick<StartOptions, 'coordinators' | 'say'>): Promise<Parts> {
  const java = await findJava()
  const files = await fetchKafka(java, options.say)
  const parts = { java, files }
  const trained = existsSync(files.archiveFile) || existsSync(failedFile(files))
  if (!trained || !existsSync(files.template)) await train(parts, options)
  return parts
}

/**
 * One run of a broker on a freshly formatted folder gives both: the classes it loaded become the archive,
 * the data folder it leaves, internal topics included, becomes the template.
 */
async function train(parts: Parts, options: Pick<StartOptions, 'coordinators' | 'say'>): Promise<void> {
  const { files } = parts
  options.say('training the broker for this Java (once; later starts take about a second)')
  try {
    await publish(files.archiveFile, async (scratch) => {
      const archive = path.join(scratch, 'kafka.jsa')
      await trainingRun(parts, { ...options, scratch, flags: [`-XX:ArchiveClassesAtExit=${archive}`] })
      await stat(archive)
      return archive
    })
  } catch (error) {
    options.say(`no class-data archive, so starts take a few seconds: ${messageOf(error)}`)
    // Remembered so that not every start tries again; a cache that cannot be written forgets it.
    await writeFile(failedFile(files), messageOf(error)).catch(() => undefined)
  }
  await publish(files.template, async (scratch) => {
    await trainingRun(parts, { ...options, scratch, flags: [] })
    return path.join(scratch, 'data')
  })
}

interface TrainingOptions extends Pick<StartOptions, 'coordinators' | 'say'> {
  readonly scratch: string
  readonly flags: readonly string[]
}

async function trainingRun(parts: Parts, options: TrainingOptions): Promise<void> {
  const { scratch, flags, coordinators } = options
  await cp(parts.files.formatted, path.join(scratch, 'data'), { recursive: true })
  const run = { ...options, ...parts, flags, dataDir: scratch, tie: true, stopMs: TRAINED_STOP_MS }
  const broker = await launch({ ...run, wake: coordinators.warmUp })
  await broker.stop()
  await publish(parts.files.template, async (beside) => {
    const left = path.join(beside, 'data')
    // Topics on their way out are not worth a place in every later broker.
    await cp(path.join(scratch, 'data'), left, {
      recursive: true,
      filter: (name) => !name.endsWith('-delete'),
    })
    return left
  })
}

interface Launch extends StartOptions, Parts {
  readonly flags: readonly string[]
  readonly wake: (brokers: string) => Promise<void>
  readonly stopMs?: number
}

async function launch(options: Launch): Promise<RunningBroker> {
  const began = performance.now()
  for (let tries = 1; ; tries += 1) {
    const ports = await choosePorts(options)
    await writeSettings(options.dataDir, ports)
    const jvm = await startJvm({ ...options, classpath: options.files.classpath })
    const spawned: SpawnedBroker = {
      brokers: `127.0.0.1:${ports.direct}`,
      proxied: { listen: `127.0.0.1:${ports.proxied}`, advertised: `127.0.0.1:${ports.advertised}` },
      pid: jvm.pid,
      kill: () => jvm.kill(),
    }
    try {
      options.onSpawn?.(spawned)
      const { clusterId } = await ready(jvm, spawned.brokers)
      await options.wake(spawned.brokers)
      return {
        ...spawned,
        clusterId,
        dataDir: options.dataDir,
        startedInMs: performance.now() - began,
        exited: jvm.exited,
        stop: () => jvm.stop(options.stopMs),
      }
    } catch (error) {
      await jvm.stop(1_000)
      const tail = logTail(options.dataDir)
      // Somebody took a port between our look and the broker's bind. With other ports it is worth a try.
      if (tries < START_TRIES && options.port === undefined && /already in use/u.test(tail)) continue
      throw startError(messageOf(error), options.dataDir, tail)
    }
  }
}

function startError(why: string, dataDir: string, tail: string): LabError {
  const log = path.join(dataDir, LOG_FILE)
  return new LabError('BROKER_START', `the broker did not start: ${why}${tail === '' ? '' : `\n${tail}`}`, {
    hint: `The whole log: ${log}\neoslab doctor says what is missing.`,
  })
}

function logTail(dataDir: string): string {
  try {
    return lastLines(readFileSync(path.join(dataDir, LOG_FILE), 'utf8'), 12)
  } catch {
    return ''
  }
}

/** A new data folder gets a copy of the template, under a cluster id of its own. */
async function prepareData(dataDir: string, template: string): Promise<void> {
  const data = path.join(dataDir, 'data')
  const identity = path.join(data, 'meta.properties')
  try {
    await mkdir(dataDir, { recursive: true })
    if (existsSync(identity)) return
    // Half a copy of a start that was killed.
    await rm(data, { recursive: true, force: true })
    await cp(template, data, { recursive: true, filter: (name) => path.basename(name) !== 'meta.properties' })
    const text = readFileSync(path.join(template, 'meta.properties'), 'utf8')
    await writeFileAtomic(identity, text.replace(/^cluster\.id=.*$/mu, `cluster.id=${newUuid()}`))
  } catch (error) {
    throw unusable(dataDir, error)
  }
}

async function writeSettings(dataDir: string, ports: BrokerPorts): Promise<void> {
  try {
    await writeFile(path.join(dataDir, SETTINGS_FILE), serverProperties(ports))
    await rm(path.join(dataDir, LOG_FILE), { force: true })
  } catch (error) {
    throw unusable(dataDir, error)
  }
}

const unusable = (dataDir: string, error: unknown): LabError =>
  new LabError(
    'STATE_UNUSABLE',
    `the broker's data folder ${dataDir} cannot be written: ${messageOf(error)}`,
    {
      hint: 'Choose another one with --state-dir.',
      cause: error,
    },
  )

async function choosePorts(options: StartOptions): Promise<BrokerPorts> {
  const [a = 0, proxied = 0, advertised = 0, controller = 0] = await freePorts(4)
  const wish = options.port ?? options.preferredPort
  if (wish === undefined) return { direct: a, proxied, advertised, controller }
  if (await isFree(wish)) return { direct: wish, proxied, advertised, controller }
  if (options.port === undefined) return { direct: a, proxied, advertised, controller }
  throw new LabError('BROKER_START', `port ${wish} is in use on 127.0.0.1`, {
    hint: 'Choose another --port, or leave it out and let the lab choose a free one.',
  })
}

async function ready(jvm: Jvm, brokers: string): Promise<{ clusterId: string }> {
  const deadline = performance.now() + READY_MS
  let last = 'nothing listens yet'
  while (performance.now() < deadline) {
    const ending = jvm.ended()
    if (ending !== undefined) throw new Error(`the JVM ended with ${ending}`)
    try {
      return await probe(brokers, 2_000)
    } catch (error) {
      last = messageOf(error)
    }
    await Promise.race([jvm.exited, new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS))])
  }
  throw new Error(`it was not ready within ${READY_MS / 1000} s: ${last}`)
}
