/**
 * The records of schema v1 as zod schemas; contracts/*.schema.json are generated from here.
 *
 * Promises: what an operator writes fits; every order that OpA accepts fits `order`. Extra fields fit
 * everywhere, since readers keep them out of meaning.
 * Does not: hold all rules. JSON Schema sees a parsed document, so bytes, duplicate keys, fractions that a
 * double swallows, price * qty, and numeric strings above 2^53-1 are out of its reach (schema-v1.md has them).
 * Nobody validates records with these at run time; operators and oracle have rules of their own.
 */
import * as z from 'zod'
import type { ChangelogValue, EnrichedOrder, Manifest, OutputValue, SnapshotEntry } from './records.ts'

/** 1 to 128 code points after spaces are cut, well-formed, without #. */
const ID = /^ *[^ #\uD800-\uDFFF](?:[^#\uD800-\uDFFF]{0,126}[^ #\uD800-\uDFFF])? *$/u
const CUT_ID = /^[^ #\uD800-\uDFFF](?:[^#\uD800-\uDFFF]{0,126}[^ #\uD800-\uDFFF])?$/u
const NOT_NEGATIVE = /^ *(?:[0-9]+|-0+) *$/
const POSITIVE = /^ *0*[1-9][0-9]* *$/
const KEY = /^[^#]+#[^#]+#[0-9]+$/
const HASH = /^[0-9a-f]{64}$/

const whole = z.int().min(0)
const positive = z.int().min(1)

const order = z
  .looseObject({
    orderId: z.string().regex(ID),
    productId: z.string().regex(ID),
    price: z.union([whole, z.string().regex(NOT_NEGATIVE)]).describe('Money in the smallest unit.'),
    qty: z.union([positive, z.string().regex(POSITIVE)]),
    storeId: z.string().regex(ID),
    ts: z
      .union([whole, z.string().regex(NOT_NEGATIVE)])
      .describe('Seconds since 1970; from 1e11 on, milliseconds.'),
  })
  .describe('orders: a raw order that OpA accepts.')

const enriched = z
  .looseObject({
    orderId: z.string().regex(CUT_ID),
    productId: z.string().regex(CUT_ID),
    price: whole,
    qty: positive,
    storeId: z.string().regex(CUT_ID),
    ts: z.union([whole, z.string().regex(NOT_NEGATIVE)]).describe('As received.'),
    validated: z.literal(true),
    normTs: whole.describe('Seconds.'),
  })
  .describe('orders.enriched: an order after OpA.') satisfies z.ZodType<EnrichedOrder>

const output = z
  .looseObject({
    key: z.string().regex(KEY).describe('storeId#productId#windowStart'),
    storeId: z.string(),
    productId: z.string(),
    windowStart: whole.describe('Seconds: floor(normTs / window) * window.'),
    sum: whole.describe('Sum of price * qty so far.'),
    count: positive.describe('Orders so far.'),
    seq: positive.describe('Number of this update of the key, from 1, without gaps.'),
  })
  .describe('orders.output: an aggregate after one more order.') satisfies z.ZodType<OutputValue>

const changelog = z
  .looseObject({
    key: z.string().regex(KEY),
    seq: positive,
    delta: whole.describe('price * qty of the order.'),
    ts: whole.describe('normTs of the order.'),
    sum: whole.exactOptional().describe('After the update; absent in delta-only mode.'),
    count: positive.exactOptional().describe('After the update; absent in delta-only mode.'),
  })
  .describe('opb-changelog: one state change of OpB.') satisfies z.ZodType<ChangelogValue>

export const snapshotEntry = z.looseObject({
  snapshotId: z.string().min(1),
  lastChangelogOffset: z.int().min(-1).describe('Last offset included; -1 when nothing is.'),
  createdAt: whole.describe('Seconds.'),
  partition: whole,
  kind: z.enum(['full', 'partial']),
  base: z.union([z.string(), z.null()]).describe('Snapshot that a partial one builds on.'),
  path: z.string().min(1).describe('Relative to the snapshot directory of the task.'),
  bytes: whole,
  sha256: z.string().regex(HASH),
  keys: whole.describe('Rows of the whole state.'),
  nextInputOffset: whole,
  stateHash: z
    .union([z.string().regex(HASH), z.null()])
    .describe('SHA-256 over key,sum,count,seq lines sorted by key; null for a partial one.'),
  changelogMode: z.enum(['after-image', 'delta-only', 'off']),
  schemaVersion: z.literal(1),
  clusterId: z.string(),
  inputTopicId: z.string(),
  changelogTopicId: z.string(),
}) satisfies z.ZodType<SnapshotEntry>

const manifest = snapshotEntry
  .extend({ retained: z.array(snapshotEntry).describe('Every snapshot still kept, chains included.') })
  .describe(
    'opb-snapshots: the newest snapshot of a task, and what may be fallen back to.',
  ) satisfies z.ZodType<Manifest>

/** By the name of the file under contracts/: `<name>.schema.json`. */
export const RECORD_SCHEMAS = { order, enriched, output, changelog, manifest } as const

export const recordJsonSchema = (name: keyof typeof RECORD_SCHEMAS): object =>
  z.toJSONSchema(RECORD_SCHEMAS[name], { target: 'draft-7', io: 'input' })
