/**
 * The experiment file, first form: what a YAML file under experiments/ may say.
 *
 * Promises: `readScenario` accepts what contracts/scenario.schema.json describes (both come from the one
 * definition here) and turns durations into numbers; what it refuses comes back as problems, each with the
 * path of its field, so that the caller can name line and column.
 * Does not: read files, fill in defaults (resolve.ts), or know whether a crash point exists.
 *
 *   name: p1
 *   pipeline: reference-stateless
 *   points: [opa.commit.before, opa.commit.mid]
 *   expect: { verdict: valid, max: { ttr_ms: 3s } }
 */
import * as z from 'zod'
import { CHANGELOG_FORMS } from '../compare/variants.ts'
import { PREFIX_PATTERN, prefixProblem } from '../contracts/names.ts'
import { nearest } from '../crash/nearest.ts'
import { LabError } from '../errors.ts'
import { METRIC_NAMES } from '../report/metrics.ts'
import type { MetricName } from '../report/metrics.ts'
import { VERDICTS } from '../oracle/verdict.ts'
import { ANOMALY_NAMES } from './anomalies.ts'
import { MUTANT_NAMES } from './mutants.ts'
import { parseCadence, parseDurationMs, parseWindowSeconds } from './units.ts'

// "latest" is the link beside the experiments' folders.
const NAME_PATTERN = /^(?!latest$)[a-z0-9][a-z0-9._-]{0,79}$/
const DURATION_PATTERN = /^\d+(\.\d+)?(ms|s|m|h|d)$/

/** A text with a unit, read by one of the parsers that the flags use too. */
const measured = (read: (text: string) => number) =>
  z
    .string()
    .regex(DURATION_PATTERN, 'write a number and a unit: 100ms, 10s, 5m, 2h or 1d')
    .transform((text, context) => {
      try {
        return read(text)
      } catch (error) {
        if (!(error instanceof LabError)) throw error
        context.addIssue({ code: 'custom', message: error.hint ?? error.message })
        return z.NEVER
      }
    })

const time = z.union([z.number(), measured((text) => parseDurationMs(text, 'threshold'))])

/** Times may be written as durations, everything else is a plain number. */
const thresholds = (word: string) =>
  z
    .strictObject(
      Object.fromEntries(
        METRIC_NAMES.map((name) => [name, (name.endsWith('_ms') ? time : z.number()).optional()]),
      ) as Record<MetricName, z.ZodOptional<typeof time>>,
    )
    .describe(`The ${word} value that every cell may have, per field of a cell; *_ms may be durations (3s).`)

const duration = (what: string) =>
  measured((text) => {
    const ms = parseDurationMs(text, what)
    if (ms >= 1) return ms
    throw new LabError('USAGE', `${what}: ${text} is too short`, { hint: 'the shortest is 1ms' })
  })

const cadence = z.string().transform((text, context) => {
  try {
    return parseCadence(text, 'snapshot_every')
  } catch (error) {
    if (!(error instanceof LabError)) throw error
    context.addIssue({ code: 'custom', message: error.hint ?? error.message })
    return z.NEVER
  }
})

/** What a sweep may vary, one field each; a scenario gives one value, `matrix` a list of them. */
const SWEEPABLE = {
  seed: z.int().min(0).max(4_294_967_295),
  orders: z.int().min(1),
  partitions: z.int().min(1).max(100),
  guarantee: z.enum(['exactly-once', 'at-least-once', 'at-most-once']),
  window: measured((text) => parseWindowSeconds(text, 'window')),
  batch: z.int().min(1).max(100_000).describe('Records per transaction at most.'),
  commit_interval: duration('commit_interval').describe('A transaction waits this long for more records.'),
  transaction_timeout: duration('transaction_timeout').describe(
    'After this the broker aborts a transaction that nobody ends.',
  ),
  snapshot_every: cadence.describe('Cadence of snapshots beside the one asked for: 10s or 5000updates.'),
  changelog: z
    .enum(CHANGELOG_FORMS)
    .describe(
      'What OpB writes to its changelog: after-images (on), changes alone (delta), or nothing (off).',
    ),
  rate: z.number().positive().describe('Orders per second; as fast as the broker takes them where absent.'),
  keys: z.int().min(1).max(10_000_000).describe('Store-product pairs of the generated orders, evenly used.'),
  instances: z
    .int()
    .min(1)
    .max(10)
    .describe(
      'Processes per operator, tasks dealt by the work each has. With two or more, the tasks of a killed one are taken over.',
    ),
} as const

type SweepField = keyof typeof SWEEPABLE

const SWEEP_FIELDS = Object.keys(SWEEPABLE) as SweepField[]

const matrixSchema = z
  .strictObject(
    Object.fromEntries(
      SWEEP_FIELDS.map((name) => [
        name,
        z
          .array(SWEEPABLE[name] as z.ZodType)
          .min(1)
          .optional(),
      ]),
    ) as Record<SweepField, z.ZodOptional<z.ZodArray<z.ZodType>>>,
  )
  .describe('A sweep: a list of values per field; every combination is a run with a folder of its own.')

const expectSchema = z.strictObject({
  verdict: z
    .enum(VERDICTS)
    .optional()
    .describe('Verdict that every cell must have. Default: valid, or invalid where a primary is named.'),
  primary: z.enum(ANOMALY_NAMES).optional().describe('Anomaly that every cell must show.'),
  allowed: z.array(z.enum(ANOMALY_NAMES)).optional().describe('Anomalies that may show beside the primary.'),
  max: thresholds('largest').optional(),
  min: thresholds('smallest').optional(),
})

const cellSchema = z.strictObject({
  point: z.string().min(1).describe('One crash point, or "none": a cell without a kill, to compare with.'),
  hit: z.int().min(1).optional().describe('Kill at this hit instead of one drawn by the seed.'),
  mode: z.enum(['warm', 'cold']).optional().describe('cold: the local state is deleted before the restart.'),
})

export const scenarioSchema = z
  .strictObject({
    name: z
      .string()
      .regex(
        NAME_PATTERN,
        'lower-case letters, digits, dot, dash and underscore; it names a folder below results/',
      )
      .describe('Folder below results/; lower-case letters, digits, dot, dash, underscore.'),
    description: z.string().optional(),
    pipeline: z.enum(['reference', 'reference-stateless']).optional(),
    prefix: z
      .string()
      .regex(PREFIX_PATTERN, 'letters, digits, dot, dash and underscore, as in a topic name')
      .refine((prefix) => prefixProblem(prefix) === undefined, {
        error: ({ input }) => prefixProblem(String(input)) ?? 'it cannot be a prefix',
      })
      .optional()
      .describe(
        'Before every topic, group and transactional id; each cell adds its own part. Literal, dot included.',
      ),
    guarantee: SWEEPABLE.guarantee.optional().describe("OpA's guarantee. A mutant sets its own."),
    mutant: z.enum(MUTANT_NAMES).optional().describe('Run the broken twin of that name.'),
    points: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe(
        'Crash points: names, globs or <moment>-<step>, each with an optional :hit. Default: the whole matrix.',
      ),
    cells: z.array(cellSchema).min(1).optional().describe('Single cells, beside or instead of points.'),
    seed: SWEEPABLE.seed.optional(),
    orders: SWEEPABLE.orders.optional(),
    partitions: SWEEPABLE.partitions.optional(),
    batch: SWEEPABLE.batch.optional(),
    commit_interval: SWEEPABLE.commit_interval.optional(),
    transaction_timeout: SWEEPABLE.transaction_timeout.optional(),
    snapshot_every: SWEEPABLE.snapshot_every.optional(),
    rate: SWEEPABLE.rate.optional(),
    changelog: SWEEPABLE.changelog.optional(),
    keys: SWEEPABLE.keys.optional(),
    instances: SWEEPABLE.instances.optional(),
    matrix: matrixSchema.optional(),
    window: SWEEPABLE.window.optional().describe('Aggregation window, whole seconds: 60s.'),
    from: z
      .string()
      .min(1)
      .optional()
      .describe('Orders from this file (CSV or JSON Lines), relative to the experiment file.'),
    repeat: z.int().min(1).max(1_000).optional(),
    keep: z.boolean().optional().describe('Keep topics and state of all cells.'),
    expect: expectSchema.optional(),
  })
  .describe('An eoslab experiment: which cells to run, and what must come out.')

export type ScenarioFile = z.output<typeof scenarioSchema>
export type ScenarioCell = z.output<typeof cellSchema>

export interface Problem {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** The scenario in `value` (parsed YAML), or every problem found in it. */
export function readScenario(
  value: unknown,
): { readonly scenario: ScenarioFile } | { readonly problems: readonly Problem[] } {
  const parsed = scenarioSchema.safeParse(value)
  if (parsed.success) return { scenario: parsed.data }
  return { problems: parsed.error.issues.flatMap((issue) => problemsOf(issue, value)) }
}

function problemsOf(issue: z.core.$ZodIssue, value: unknown): Problem[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))
  const field = path.length > 0 ? `${path.join('.')}: ` : ''
  if (issue.code === 'unrecognized_keys') {
    const known = fieldsAt(path)
    const list = known.length > 0 ? `; known: ${known.join(', ')}` : ''
    return issue.keys.map((key) => ({
      path: [...path, key],
      message: `${field}unknown field "${key}"${meant(key, known)}${list}`,
    }))
  }
  if (issue.code === 'invalid_value') {
    const found = path.reduce<unknown>(
      (at, part) => (at as Record<string | number, unknown> | undefined)?.[part],
      value,
    )
    const near = typeof found === 'string' ? meant(found, issue.values.map(String)) : ''
    return [{ path, message: `${field}${issue.message}${near}` }]
  }
  // A union's own message is "Invalid input"; the reason is in its branches.
  if (issue.code === 'invalid_union')
    return [{ path, message: `${field}write a number, or a duration such as 3s` }]
  return [{ path, message: `${field}${issue.message}` }]
}

const meant = (written: string, known: readonly string[]): string => {
  const [near] = nearest(written, known)
  return near === undefined ? '' : `; did you mean ${near}?`
}

const fieldsAt = (path: readonly (string | number)[]): string[] => {
  if (path.length === 0) return Object.keys(scenarioSchema.shape)
  if (path[0] === 'expect' && path.length === 1) return Object.keys(expectSchema.shape)
  if (path[0] === 'matrix') return [...SWEEP_FIELDS]
  if (path[0] === 'expect') return [...METRIC_NAMES]
  return path[0] === 'cells' ? Object.keys(cellSchema.shape) : []
}

/** contracts/scenario.schema.json: what editors check experiment files with. */
export const scenarioJsonSchema = (): object =>
  z.toJSONSchema(scenarioSchema, { target: 'draft-7', io: 'input' })
