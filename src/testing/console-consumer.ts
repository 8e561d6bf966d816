/**
 * Kafka's own console consumer (org.apache.kafka.tools.consumer.ConsoleConsumer), as a second opinion on what
 * read_committed is.
 *
 * Promises: the class that `kafka-console-consumer.sh` starts, of the broker's version; its jar is not among
 * the broker's, so Maven brings it once into the cache, checked against the sum below. What it prints is
 * handed back record by record; it ends by itself when nothing has come for IDLE_MS.
 * Does not: choose partitions. A group with committed offsets says where each partition is read from.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { execa } from 'execa'
import { publish } from '../adapters/process/cache.ts'
import { findJava, findMaven } from '../adapters/process/java.ts'
import { KAFKA_VERSION, fetchKafka, kafkaHome } from '../adapters/process/kafka-files.ts'

const JAR = `kafka-tools-${KAFKA_VERSION}.jar`
const SHA256 = 'b88bc6ccc520d648142515526e4042c285612ce94b032434a88e3e936e38b600'
const FETCH = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy'
const IDLE_MS = 3_000
const BOUND_MS = 45_000

export interface Printed {
  readonly partition: number
  readonly offset: number
  readonly value: string
}

export interface ConsumeOrder {
  readonly brokers: string
  readonly topic: string
  readonly isolation: 'read_committed' | 'read_uncommitted'
  /** Starts where this group's committed offsets are; partitions without one at their beginning. */
  readonly group: string
}

/** Fetches what is missing, and says how to consume. */
export async function consoleConsumer(): Promise<(order: ConsumeOrder) => Promise<Printed[]>> {
  const java = await findJava()
  const { classpath } = await fetchKafka(java, (text) => process.stderr.write(`${text}\n`))
  const jar = path.join(kafkaHome(), JAR)
  await publish(jar, async (scratch) => {
    const artifact = `-Dartifact=org.apache.kafka:kafka-tools:${KAFKA_VERSION}`
    await execa(findMaven().executable, [
      '--batch-mode',
      '--quiet',
      FETCH,
      artifact,
      `-DoutputDirectory=${scratch}`,
    ])
    return path.join(scratch, JAR)
  })
  const found = createHash('sha256').update(readFileSync(jar)).digest('hex')
  if (found !== SHA256) throw new Error(`${jar} is not the pinned one (${found})`)
  const jvm = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', [classpath, jar].join(path.delimiter)]
  return (order) => consume(java.executable, [...jvm, ...flagsOf(order)])
}

const flagsOf = ({ brokers, topic, isolation, group }: ConsumeOrder): string[] => [
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=error',
  'org.apache.kafka.tools.consumer.ConsoleConsumer',
  `--bootstrap-server=${brokers}`,
  `--topic=${topic}`,
  `--group=${group}`,
  `--isolation-level=${isolation}`,
  `--timeout-ms=${IDLE_MS}`,
  // Only for partitions without a committed offset.
  '--from-beginning',
  '--formatter-property=print.partition=true',
  '--formatter-property=print.offset=true',
]

const LINE = /^Partition:(\d+)\tOffset:(\d+)\t(.*)$/

async function consume(java: string, args: readonly string[]): Promise<Printed[]> {
  const { stdout, stderr } = await execa(java, args, { reject: false, timeout: BOUND_MS })
  const lines = stdout.split('\n').filter((line) => line !== '')
  const printed = lines.map((line) => {
    const [, partition, offset, value] = LINE.exec(line) ?? []
    if (value === undefined) throw new Error(`the console consumer printed ${JSON.stringify(line)}`)
    return { partition: Number(partition), offset: Number(offset), value }
  })
  // It tells how many it has seen; without that line it did not come to its end.
  const total = /Processed a total of (\d+) messages/.exec(stderr)?.[1]
  if (Number(total) === printed.length) return printed
  throw new Error(`the console consumer printed ${printed.length} records and said:\n${stderr}`)
}
