/**
 * A Kafka broker as a process of this host, from nothing or on a data folder that is there already.
 *
 * Promises: resolves when the broker answers with itself in its metadata, rejects within 30 s otherwise with
 * the end of its log; never leaves a JVM behind when it rejects. Every new data folder is a cluster of its
 * own id. Ports are free ones of loopback unless one is fixed.
 * Does not: remove data folders or decide who may stop a broker; src/lab/broker.ts does.
 */
import { existsSync, readFileSync } from 'node:fs'
import { cp, mkdir, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { LabError, messageOf } from '../../core/errors.ts'
import { publish } from './cache.ts'
import { findJava, type Java } from './java.ts'
import { LOG_FILE, SETTINGS_FILE, startJvm, type Jvm } from './jvm.ts'
import { fetchKafka, kafkaFiles, lastLines, newUuid, type KafkaFiles } from './kafka-files.ts'
import { serverProperties, type BrokerPorts } from './kafka-settings.ts'
import { probe } from './metadata-probe.ts'
import { freePorts, isFree } from './ports.ts'

const READY_MS = 30_000
const ASK_AGAIN_MS = 15
const START_TRIES = 3
/** A JVM that writes its archive does so after SIGTERM, and takes a few seconds. */
const TRAINED_STOP_MS = 60_000

export type WarmUp = (brokers: string) => Promise<void>

export interface StartOptions {
  readonly dataDir: string
  /** Client port; a free one without it. */
  readonly port?: number | undefined
  /** Client port to take if it is free: the one that people have in their environment. */
  readonly preferredPort?: number | undefined
  /** The JVM ends when this process does. */
  readonly tie: boolean
  /** Called once on a new data folder, before the broker is handed out. */
  readonly warmUp?: WarmUp | undefined
  readonly say?: (text: string) => void
}

export interface RunningBroker {
  readonly brokers: string
  readonly clusterId: string
  readonly proxied: { readonly listen: string; readonly advertised: string }
  readonly pid: number
  readonly dataDir: string
  /** Time from the call until it was ready, fetching and training left out. */
  readonly startedInMs: number
  readonly exited: Promise<string>
  stop(): Promise<void>
  kill(): void
}

interface Parts {
  readonly java: Java
  readonly files: KafkaFiles
}

export async function startBroker(options: StartOptions): Promise<RunningBroker> {
  const say = options.say ?? (() => undefined)
  const java = await findJava()
  const files = await fetchKafka(java, say)
  await trainOnce({ java, files }, { say, warmUp: options.warmUp })
  const flags = existsSync(files.archiveFile) ? [`-XX:SharedArchiveFile=${files.archiveFile}`] : []
  return launch(options, { java, files }, flags)
}

/** Everything a start needs, brought into the cache. */
export async function fetchBroker(options: {
  say: (text: string) => void
  warmUp: WarmUp
}): Promise<KafkaFiles> {
  const java = await findJava()
  const files = await fetchKafka(java, options.say)
  await rm(failedFile(files), { force: true })
  await trainOnce({ java, files }, options)
  return files
}

/** What of it is there, without starting anything. */
export function cachedBroker(java: Java): KafkaFiles & { trained: boolean; formatted: boolean } {
  const files = kafkaFiles(java)
  return { ...files, trained: existsSync(files.archiveFile), formatted: existsSync(files.template) }
}

const failedFile = (files: KafkaFiles): string => `${files.archiveFile}.failed`

async function trainOnce(
  parts: Parts,
  options: { say: (text: string) => void; warmUp: WarmUp | undefined },
): Promise<void> {
  const { files } = parts
  if (existsSync(files.archiveFile) || existsSync(failedFile(files))) return
  options.say('training the class-data archive of this Java (once; later starts take about a second)')
  try {
    await publish(files.archiveFile, async (scratch) => {
      const archive = path.join(scratch, 'kafka.jsa')
      const dataDir = path.join(scratch, 'broker')
      const broker = await launch(
        { dataDir, tie: true, warmUp: options.warmUp },
        parts,
        [`-XX:ArchiveClassesAtExit=${archive}`],
        TRAINED_STOP_MS,
      )
      await broker.stop()
      await stat(archive)
      return archive
    })
  } catch (error) {
    options.say(`no archive, starts will take a few seconds: ${messageOf(error)}`)
    await writeFile(failedFile(files), messageOf(error))
  }
}

async function launch(
  options: StartOptions,
  parts: Parts,
  flags: readonly string[],
  stopMs?: number,
): Promise<RunningBroker> {
  const began = performance.now()
  const virgin = await prepareData(options.dataDir, parts.files)
  for (let tries = 1; ; tries += 1) {
    const ports = await choosePorts(options)
    await writeFile(path.join(options.dataDir, SETTINGS_FILE), serverProperties(ports))
    const jvm = await startJvm({
      ...parts,
      classpath: parts.files.classpath,
      flags,
      dataDir: options.dataDir,
      tie: options.tie,
    })
    const brokers = `127.0.0.1:${ports.direct}`
    try {
      const { clusterId } = await ready(jvm, brokers)
      if (virgin) await options.warmUp?.(brokers)
      return {
        brokers,
        clusterId,
        proxied: { listen: `127.0.0.1:${ports.proxied}`, advertised: `127.0.0.1:${ports.advertised}` },
        pid: jvm.pid,
        dataDir: options.dataDir,
        startedInMs: performance.now() - began,
        exited: jvm.exited,
        stop: () => jvm.stop(stopMs),
        kill: () => jvm.kill(),
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

/** A new data folder gets a copy of the formatted one under a cluster id of its own. Says if it is new. */
async function prepareData(dataDir: string, files: KafkaFiles): Promise<boolean> {
  const data = path.join(dataDir, 'data')
  try {
    await mkdir(dataDir, { recursive: true })
    await rm(path.join(dataDir, LOG_FILE), { force: true })
    if (existsSync(path.join(data, 'meta.properties'))) return false
    await cp(files.template, data, { recursive: true })
    const identity = { version: '1', 'cluster.id': newUuid(), 'node.id': '1', 'directory.id': newUuid() }
    const text = Object.entries(identity).map(([name, value]) => `${name}=${value}\n`)
    await writeFile(path.join(data, 'meta.properties'), text.join(''))
    return true
  } catch (error) {
    throw new LabError('BROKER_START', `the broker's data folder cannot be written: ${messageOf(error)}`, {
      hint: 'Choose another one with --state-dir.',
      cause: error,
    })
  }
}

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
