/** JSON of what was judged: runs and their cells, as zod schemas that the compiler holds against the types. */
import * as z from 'zod'
import type { CellResult, Evidence, Provenance, RunResult } from '../../core/matrix/result.ts'
import { PHASES } from '../../core/matrix/result.ts'
import { ANOMALY_NAMES, VERDICTS, type Anomaly, type CheckResult } from '../../core/oracle/verdict.ts'

export const verdict = z.enum(VERDICTS)
export const anomalyName = z.enum(ANOMALY_NAMES)
export const operator = z.enum(['opa', 'opb'])
export const count = z.int().min(0)
const marker = z.enum(['COMMIT', 'ABORT', 'none']).nullable()
const ms = z.number().nullable()

export const anomaly: z.ZodType<Anomaly> = z.object({
  name: anomalyName,
  message: z.string(),
  place: z.object({
    topic: z.string().exactOptional(),
    partition: z.number().exactOptional(),
    offset: z.number().exactOptional(),
    key: z.string().exactOptional(),
    transaction: z.string().exactOptional(),
    incarnation: z.string().exactOptional(),
  }),
})

export const checkResult: z.ZodType<CheckResult> = z.object({
  check: z.string(),
  verdict: z.enum([...VERDICTS, 'not-applicable']),
  anomalies: z.array(anomaly),
  count,
  reason: z.string().exactOptional(),
})

export const phases = z.object(
  Object.fromEntries(PHASES.map((name) => [name, z.number()])) as Record<
    (typeof PHASES)[number],
    z.ZodNumber
  >,
)

export const overcharge = z.object({
  orderId: z.string(),
  amount: z.number(),
  src: z.string(),
  cause: z.enum(['duplicate', 'aborted-read']),
})

const hitOrNot = z.enum(['hit', 'vacuous', 'none'])

export const evidence: z.ZodType<Evidence> = z.object({
  verdict: hitOrNot,
  summary: z.string(),
  exit_signal: z.string().nullable(),
  last_event: z.string().nullable(),
  marker,
  marker_at: z
    .object({ topic: z.string(), partition: z.number(), offset: z.number(), epoch: z.number() })
    .nullable(),
  transaction: z.string().nullable(),
  producer_id: z.string().nullable(),
  frames: z.array(z.object({ api: z.string(), moment: z.string(), at_ms: z.number(), detail: z.string() })),
  steps: z
    .array(
      z.object({
        point: z.string(),
        hit: z.number(),
        verdict: hitOrNot,
        summary: z.string(),
        marker,
        transaction: z.string().nullable(),
      }),
    )
    .exactOptional(),
})

const tally = z.record(z.string(), z.number())

const measured = {
  latency_p50_ms: ms.exactOptional(),
  latency_p95_ms: ms.exactOptional(),
  latency_p99_ms: ms.exactOptional(),
  latency_max_ms: ms.exactOptional(),
  throughput: ms.exactOptional(),
  lag_max: ms.exactOptional(),
  work_share_min: ms.exactOptional(),
  tasks: z
    .array(
      z.object({
        operator,
        task: z.number(),
        records: count,
        lag_max: z.number(),
        recovery: z
          .object({ by: z.string(), ttr_ms: ms, lag_zero_ms: ms, phases: phases.nullable() })
          .exactOptional(),
      }),
    )
    .exactOptional(),
  instances: z.array(z.object({ operator, instance: z.string(), records: count })).exactOptional(),
  transactions: z.record(z.string(), z.object({ committed: count, aborted: count })).exactOptional(),
}

export const cell: z.ZodType<CellResult> = z.object({
  ...measured,
  cell: z.string(),
  point: z.string(),
  hit: z.number(),
  hits: tally.exactOptional(),
  reached: z.boolean().exactOptional(),
  kills: z.array(z.object({ point: z.string(), hit: z.number() })).exactOptional(),
  operator,
  guarantee: z.string(),
  mutant: z.string().nullable(),
  mode: z.enum(['warm', 'cold']),
  repeat: z.number(),
  seed: z.number(),
  prefix: z.string(),
  verdict,
  anomalies: z.array(anomalyName),
  checks: z.array(checkResult),
  findings: z.array(anomaly),
  evidence,
  orders: count,
  rejected: count,
  orders_before_kill: count,
  orders_after_kill: count,
  restored_keys: count,
  restore_source: z.enum(['local', 'snapshot', 'none']).nullable(),
  uncommitted_seen: z.number(),
  ttr_ms: ms,
  caught_up_ms: ms,
  lag_zero_ms: ms,
  phases: phases.nullable(),
  snapshot_time_ms: ms,
  snapshot_bytes: z.number().nullable(),
  applied: count,
  skipped: count,
  replay_bytes: count,
  replay_rate: ms,
  totals: z.object({
    orders: count,
    enriched: count,
    dlq: count,
    output: count,
    sum_in: z.number(),
    sum_out: z.number(),
    uncommitted_dangling: tally,
    uncommitted_at_end: tally,
  }),
  command: z.string(),
  story: z.string(),
  overcharge_total: z.number(),
  overcharge: z.array(overcharge),
  problem: z.string().nullable(),
  wall_ms: z.number(),
})

export const expectation = z.object({ text: z.string(), met: z.boolean(), found: z.string() })

const provenance: z.ZodType<Provenance> = z.object({
  eoslab: z.string(),
  commit: z.string().nullable(),
  dirty: z.boolean().nullable(),
  node: z.string(),
  kafka: z.string(),
  client: z.string(),
  sqlite: z.string(),
  pragmas: z.record(z.string(), z.union([z.string(), z.number()])),
  host: z.object({ cpus: z.number(), cpu: z.string(), memory_gib: z.number(), os: z.string() }),
  seed: z.number(),
  started: z.string(),
  argv: z.array(z.string()),
})

export const run: z.ZodType<RunResult> = z.object({
  sweep: z
    .object({ of: z.string(), values: z.record(z.string(), z.union([z.string(), z.number()])) })
    .exactOptional(),
  experiment: z.string(),
  verdict,
  seed: z.number(),
  results: z.string(),
  brokers: z.string(),
  cells: z.array(cell),
  coverage: z
    .object({ points: count, reached: count, hit: count, vacuous: z.array(z.string()) })
    .exactOptional(),
  expectations: z.array(expectation),
  provenance,
  wall_ms: z.number(),
  oracle_version: z.string().exactOptional(),
  mutation_score: z.object({ caught: count, of: count, measured: z.string() }).nullable().exactOptional(),
  interrupted: z.literal(true).exactOptional(),
})
