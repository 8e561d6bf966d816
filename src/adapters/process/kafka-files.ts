/**
 * The files a broker is made of: its jars and a formatted data folder; where the trained ones go.
 *
 * Promises: fetched by Maven once, checked against the pinned sums, and never asked for again while they are
 * there, so the second time works without a network. Safe when several processes do it at once.
 * Does not: start a broker, which training needs; broker.ts does.
 */
import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { execa } from 'execa'
import { LabError } from '../../core/errors.ts'
import { ownText } from '../../program/files.ts'
import { cacheDirectory, publish } from './cache.ts'
import { SETTINGS_FILE } from './jvm.ts'
import { findMaven, type Java } from './java.ts'
import { serverProperties } from './kafka-settings.ts'

export const KAFKA_VERSION = '4.3.0'

const PINS = 'src/adapters/process/kafka/jars.sha256'
const POM = 'src/adapters/process/kafka/pom.xml'

/** Never talked to: the settings need addresses to be whole. */
const PLACEHOLDER = { direct: 9092, proxied: 9094, advertised: 9095, controller: 9093 }

export interface KafkaFiles {
  readonly classpath: string
  /** A data folder as Kafka's tool formats it. */
  readonly formatted: string
  /** A data folder after its first transactions; every new broker gets a copy. */
  readonly template: string
  readonly archiveFile: string
}

interface Pin {
  readonly name: string
  readonly sha256: string
}

export const pins = (): Pin[] =>
  ownText(PINS)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => ({ sha256: line.slice(0, 64), name: line.slice(66) }))

/** Where everything of this Kafka version and jar list lives in the cache. */
export function kafkaHome(): string {
  const list = createHash('sha256').update(ownText(PINS)).digest('hex').slice(0, 12)
  return path.join(cacheDirectory(), `kafka-${KAFKA_VERSION}-${list}`)
}

const jarsOf = (home: string): string[] => pins().map(({ name }) => path.join(home, 'libs', name))

export const hasJars = (home = kafkaHome()): boolean => jarsOf(home).every((jar) => existsSync(jar))

/** Paths, whether the files are there or not. */
export function kafkaFiles(java: Java, home = kafkaHome()): KafkaFiles {
  const classpath = jarsOf(home).join(path.delimiter)
  // An archive fits one JVM build and one class path; another of either needs its own.
  const key = createHash('sha256')
    .update(`${java.version}\n${java.home}\n${classpath}`)
    .digest('hex')
    .slice(0, 12)
  return {
    classpath,
    formatted: path.join(home, 'formatted'),
    template: path.join(home, 'template'),
    archiveFile: path.join(home, 'archive', `java-${java.major}-${key}.jsa`),
  }
}

/** Brings the jars and the formatted data folder. */
export async function fetchKafka(java: Java, say: (text: string) => void): Promise<KafkaFiles> {
  const home = kafkaHome()
  const files = kafkaFiles(java, home)
  if (!hasJars(home)) {
    const maven = findMaven()
    say(`fetching Kafka ${KAFKA_VERSION} (44 MB, once) into ${home}`)
    // A folder that somebody cut holes into is not a finished entry any more.
    await rm(path.join(home, 'libs'), { recursive: true, force: true })
    await publish(path.join(home, 'libs'), (scratch) => fetchJars({ maven: maven.executable, java, scratch }))
  }
  await publish(files.formatted, (scratch) => format({ java, files, scratch }))
  return files
}

async function fetchJars(options: { maven: string; java: Java; scratch: string }): Promise<string> {
  const libs = path.join(options.scratch, 'libs')
  const pom = path.join(options.scratch, 'pom.xml')
  await writeFile(pom, ownText(POM))
  const answer = await execa(
    options.maven,
    ['--batch-mode', '--quiet', '--file', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${libs}`],
    {
      cwd: options.scratch,
      env: options.java.home === '' ? {} : { JAVA_HOME: options.java.home },
      all: true,
      reject: false,
      timeout: 600_000,
    },
  )
  if (answer.failed) {
    throw new LabError('BROKER_START', `Maven could not bring the broker:\n${lastLines(answer.all, 8)}`, {
      hint: 'It is needed once, with a network. Then: eoslab broker fetch\nWithout it: docker compose up -d, then export EOSLAB_BROKERS=localhost:9092',
      cause: answer,
    })
  }
  await verify(libs)
  return libs
}

async function verify(libs: string): Promise<void> {
  for (const { name, sha256 } of pins()) {
    const file = path.join(libs, name)
    const found = existsSync(file) ? await sumOf(file) : 'missing'
    if (found === sha256) continue
    throw new LabError('BROKER_START', `${name}, as Maven brought it, is not the pinned one (${found})`, {
      hint: 'Remove it from the local Maven repository and run: eoslab broker fetch',
    })
  }
}

async function sumOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

/** Kafka's own tool formats; that takes two seconds, so it is done once. */
async function format(options: { java: Java; files: KafkaFiles; scratch: string }): Promise<string> {
  await mkdir(path.join(options.scratch, 'data'))
  await writeFile(path.join(options.scratch, SETTINGS_FILE), serverProperties(PLACEHOLDER))
  const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'
  const tool = [
    '-cp',
    options.files.classpath,
    quiet,
    'kafka.tools.StorageTool',
    'format',
    '-c',
    SETTINGS_FILE,
  ]
  const answer = await execa(options.java.executable, [...tool, '-t', newUuid()], {
    cwd: options.scratch,
    all: true,
    reject: false,
    timeout: 60_000,
  })
  if (answer.failed) {
    throw new LabError('BROKER_START', `a data folder could not be formatted:\n${lastLines(answer.all, 8)}`, {
      hint: 'eoslab doctor says what is missing',
      cause: answer,
    })
  }
  return path.join(options.scratch, 'data')
}

/** Kafka's form of a UUID: 16 bytes in URL-safe base64, never with a dash in front. */
export function newUuid(): string {
  const text = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64url')
  return text.startsWith('-') ? newUuid() : text
}

export const lastLines = (text: string | undefined, count: number): string =>
  (text ?? '').trimEnd().split('\n').slice(-count).join('\n')
