/**
 * `eoslab gen`: orders, generated or from a file, into `orders` or, already normalised, into
 * `orders.enriched`; missing topics of the pipeline are made first.
 *
 * Promises: flags and file are checked before a broker is looked for; the truth beside the state tells
 * exactly what the topic holds, or is not written, with the reason said. Ctrl-C ends after the batch in hand,
 * truth included.
 * Does not: make exactly-once of itself. Killed between an acknowledgement and the truth's line, the truth
 * lacks that batch; the next `gen` notices, and so does the oracle.
 */
import { existsSync } from 'node:fs'
import { checkOrders, readOrders } from '../../adapters/files/orders-file.ts'
import {
  openTruth,
  readTruth,
  setTruthAside,
  truthFile,
  type TruthWriter,
} from '../../adapters/files/truth.ts'
import { connectLog } from '../../adapters/kafka/log.ts'
import { openTopicAdmin } from '../../adapters/kafka/topic-admin.ts'
import { createProgress, type Progress } from '../../adapters/terminal/progress.ts'
import { type TopicNames, topicNames } from '../../core/contracts/names.ts'
import { LabError } from '../../core/errors.ts'
import type { LogPort } from '../../core/ports/log.ts'
import type { TopicAdmin } from '../../core/ports/topics.ts'
import { enrich } from '../../core/workload/enriched.ts'
import { generateOrders } from '../../core/workload/generator.ts'
import type { SourceRecord } from '../../core/workload/source.ts'
import { resolveBroker } from '../broker/broker.ts'
import { openFeeder } from '../cell/feeder.ts'
import type { GenPlan } from './gen-plan.ts'
import { onInterrupt } from '../interrupt.ts'
import { pipelineTopics } from './topics.ts'

export interface GenOptions {
  readonly plan: GenPlan
  readonly brokers: string | undefined
  readonly stateDir: string
  /** No talk and no live line on stderr. */
  readonly quiet: boolean
}

/** What `gen --json` prints. */
export interface GenResult {
  readonly topic: string
  readonly partitions: number
  readonly orders: number
  /** Records that the topic held before: these come on top. */
  readonly held_before: number
  readonly bytes: number
  readonly per_partition: readonly number[]
  /** Made to be rejected; null for a file, whose dirt only OpA knows. */
  readonly dirty: number | null
  readonly untidy: number | null
  readonly duplicate_ids: number | null
  /** `--to enriched`: orders that the rules reject, and that were therefore not sent. */
  readonly left_out: number
  readonly seed: number | null
  readonly from: string | null
  readonly wall_ms: number
  readonly orders_per_second: number
  readonly truth: string | null
  readonly brokers: string
}

interface Counts {
  dirty: number
  untidy: number
  duplicates: number
  leftOut: number
}

export async function gen(options: GenOptions): Promise<GenResult> {
  const { plan, stateDir, quiet } = options
  if (plan.source.kind === 'file') await checkOrders(plan.source.file)
  const progress = createProgress({ stream: process.stderr, env: process.env, quiet })
  const say = (text: string): void => progress.say(text)
  const { brokers } = await resolveBroker({ brokers: options.brokers, stateDir, say })
  const names = topicNames(plan.prefix)
  const topic = names[plan.to]
  const log = await connectLog({ brokers, clientId: 'eoslab-gen' })
  const admin = openTopicAdmin({ brokers, clientId: 'eoslab-gen' })
  try {
    const made = await makeTopics({ log, admin, names, topic, wanted: plan.partitions })
    const file = truthFile(stateDir, plan.prefix)
    const ends = await endsOf(made, log)
    const heldBefore = ends.reduce((sum, end) => sum + end, 0)
    const truth = plan.to === 'orders' ? await continueTruth({ ...made, file, ends, say }) : undefined
    progress.cell(topic, 1)
    try {
      return await load({ ...made, plan, admin, brokers, heldBefore, truth, progress })
    } finally {
      truth?.writer.close()
    }
  } finally {
    progress.close()
    await Promise.allSettled([log.close(), admin.close()])
  }
}

interface TopicsWanted {
  readonly log: LogPort
  readonly admin: TopicAdmin
  readonly names: TopicNames
  readonly topic: string
  readonly wanted: number | undefined
}

/** Makes what is missing; the topic to load, and whether it was there before. */
async function makeTopics({ log, admin, names, topic, wanted }: TopicsWanted) {
  const there = await log.describe(Object.values(names))
  const existing = there.find((t) => t.topic === topic)
  const partitions = existing?.partitions ?? wanted ?? there[0]?.partitions ?? 1
  if (wanted !== undefined && partitions !== wanted) {
    throw new LabError('USAGE', `--partitions ${wanted}: ${topic} exists with ${partitions}`, {
      hint: 'Leave out --partitions, use another --prefix, or delete the topics: eoslab topics delete',
    })
  }
  await admin.create(pipelineTopics(names, partitions))
  return { topic, partitions, isNew: existing === undefined }
}

interface Truthful {
  readonly writer: TruthWriter
  readonly file: string
}

interface TruthPlace {
  readonly file: string
  readonly topic: string
  readonly partitions: number
  readonly ends: readonly number[]
  readonly say: (text: string) => void
}

/** What each partition holds; a topic just made is empty, and its leader may not yet answer for it. */
async function endsOf(
  { topic, partitions, isNew }: { topic: string; partitions: number; isNew: boolean },
  log: LogPort,
): Promise<number[]> {
  const endOf = async (p: number) => (isNew ? 0 : (await log.offsets(topic, p)).highWatermark)
  return Promise.all(Array.from({ length: partitions }, (_, p) => endOf(p)))
}

/** The truth to go on with; undefined where the topic holds records that no truth tells of. */
async function continueTruth(place: TruthPlace): Promise<Truthful | undefined> {
  const { file, topic, partitions, ends, say } = place
  const told = readTruth(file)
  const agrees =
    told?.topic === topic &&
    told.partitions.length === partitions &&
    told.partitions.every((hashes, p) => hashes.length === ends[p])
  if (!agrees && existsSync(file)) {
    say(`the truth of earlier orders no longer fits ${topic}; moved to ${setTruthAside(file)}`)
  }
  if (!agrees && ends.some((end) => end > 0)) {
    say(`${topic} holds records that no truth tells of; source-mismatch cannot be checked`)
    return undefined
  }
  return { writer: openTruth(file, topic, partitions), file }
}

function* counted(source: ReturnType<typeof generateOrders>, counts: Counts): Generator<SourceRecord, void> {
  for (const record of source) {
    if (record.kind === 'rejected') counts.dirty++
    if (record.kind === 'untidy') counts.untidy++
    if (record.duplicateId) counts.duplicates++
    yield record
  }
}

async function* firstOf(
  source: AsyncIterable<SourceRecord>,
  limit: number,
): AsyncGenerator<SourceRecord, void> {
  let left = limit
  for await (const record of source) {
    if (left-- <= 0) return
    yield record
  }
}

interface Loading {
  readonly plan: GenPlan
  readonly admin: TopicAdmin
  readonly brokers: string
  readonly topic: string
  readonly partitions: number
  readonly heldBefore: number
  readonly truth: Truthful | undefined
  readonly progress: Progress
}

async function load(loading: Loading): Promise<GenResult> {
  const { plan, admin, topic, partitions, truth, progress } = loading
  const { source } = plan
  const counts: Counts = { dirty: 0, untidy: 0, duplicates: 0, leftOut: 0 }
  const generated = source.kind === 'generated'
  const raw = generated
    ? counted(generateOrders(source.profile), counts)
    : firstOf(readOrders(source.file), source.limit ?? Number.POSITIVE_INFINITY)
  const feeder = openFeeder({
    admin,
    topic,
    partitions,
    source: plan.to === 'enriched' ? enrich(raw, partitions, () => counts.leftOut++) : raw,
    ...(truth ? { truth: truth.writer } : {}),
    ...(plan.rate === undefined ? {} : { rate: plan.rate }),
    onBatch: (totals) => progress.update(`${totals.orders.toLocaleString('en')} orders`),
  })
  // the handler ends the process once the batch in hand is acknowledged and told
  const forget = onInterrupt(() => feeder.stop())
  const start = performance.now()
  await feeder.feed()
  forget()
  const wallMs = performance.now() - start
  const { orders, bytes, perPartition } = feeder.totals
  return {
    topic,
    partitions,
    orders,
    held_before: loading.heldBefore,
    bytes,
    per_partition: perPartition,
    dirty: generated ? counts.dirty : null,
    untidy: generated ? counts.untidy : null,
    duplicate_ids: generated ? counts.duplicates : null,
    left_out: counts.leftOut,
    seed: generated ? source.profile.seed : null,
    from: generated ? null : source.file,
    wall_ms: Math.round(wallMs),
    orders_per_second: Math.round((orders * 1000) / Math.max(wallMs, 1)),
    truth: truth?.file ?? null,
    brokers: loading.brokers,
  }
}
