/**
 * What `--json` prints, command by command: contracts/cli.schema.json is made from this.
 *
 * Promises: the compiler holds each schema against the type that the command returns; the tests of the command
 * line hold every document they get against its schema, unknown fields included.
 * Does not: describe what lies in results folders; those documents have fields of their own.
 */
import * as z from 'zod'
import { snapshotEntry } from '../../core/contracts/schemas.ts'
import { ERROR_TABLE, type ErrorCode } from '../../core/errors.ts'
import type { MutationScore } from '../../core/scenario/score.ts'
import type { BrokerStatus } from '../broker/broker.ts'
import type { PersistentBroker } from '../broker/broker-persistent.ts'
import type { Diagnosis } from '../doctor/doctor.ts'
import type { CheckReport } from '../judge/check.ts'
import type { JudgedAgain } from '../judge/judge-again.ts'
import type { OperatorResult } from '../operator/operator.ts'
import type { RecoverResult } from '../recovery/recover.ts'
import type { PruneResult } from '../recovery/snapshot-prune.ts'
import type { VerifyResult } from '../recovery/snapshot-verify.ts'
import type { ListResult, TakeResult } from '../recovery/snapshot.ts'
import type { GenResult } from '../workload/gen.ts'
import { artefacts } from './artefacts.ts'
import { advice, compared, evidence } from './compared.ts'
import { completion, explained, freezable, frozen, initialised } from './looked-at.ts'
import {
  anomaly,
  anomalyName,
  checkResult,
  count,
  expectation,
  operator,
  overcharge,
  run,
  verdict,
} from './run.ts'
import { replay, shrunk, simulation } from './simulated.ts'

const text = z.string()
const maybe = z.string().nullable()
const proxied = z.object({ listen: text, advertised: text })
const source = z.enum(['local', 'snapshot', 'none'])

export const errorDocument = z.object({
  error: z.object({
    code: z.enum(Object.keys(ERROR_TABLE) as ErrorCode[]),
    message: text,
    hint: maybe,
    exit: z.int(),
  }),
})

const brokerStart: z.ZodType<PersistentBroker> = z.object({
  pid: z.int(),
  born: text,
  brokers: text,
  proxied,
  dataDir: text,
  started: text,
  already: z.boolean(),
})

const brokerStatus: z.ZodType<BrokerStatus> = z.object({
  running: z.boolean(),
  brokers: maybe,
  kind: z.enum(['given', 'started']).nullable(),
  clusterId: maybe,
  pid: z.int().nullable(),
  proxied: proxied.nullable(),
  dataDir: maybe,
  started: maybe,
  problem: maybe,
})

const check: z.ZodType<CheckReport> = z.object({
  verdict,
  prefix: text,
  pipeline: text,
  window_s: z.number(),
  clean_end: z.boolean(),
  anomalies: z.array(anomalyName),
  findings: z.array(anomaly),
  checks: z.array(checkResult),
  totals: z.record(text, z.number()),
  overcharge: z.array(overcharge),
  overcharge_total: z.number(),
  oracle_version: text,
})

const judgedAgain: z.ZodType<JudgedAgain> = z.object({
  verdict,
  results: text,
  experiment: text,
  oracle_then: maybe,
  oracle_version: text,
  mutation_score: text,
  cells: z.array(
    z.object({
      cell: text,
      before: verdict,
      now: verdict,
      anomalies_before: z.array(anomalyName),
      anomalies: z.array(anomalyName),
      problem: maybe,
    }),
  ),
  expectations: z.array(expectation),
  missing: z.array(text),
})

const score: z.ZodType<MutationScore> = z.object({
  oracle_version: text,
  caught: count,
  of: count,
  verdict,
  measured: text,
  eoslab: text,
  commit: maybe,
  mutants: z.array(
    z.object({
      mutant: text,
      wrong: text,
      killed_at: z.array(text),
      primary: anomalyName,
      found: z.array(anomalyName),
      outcome: z.enum(['as-predicted', 'beyond-prediction', 'survived']),
      results: text,
    }),
  ),
})

const doctor: z.ZodType<Diagnosis> = z.object({
  fine: z.boolean(),
  findings: z.array(
    z.object({ what: text, state: z.enum(['fine', 'note', 'missing']), found: text, todo: maybe }),
  ),
})

const gen: z.ZodType<GenResult> = z.object({
  topic: text,
  partitions: count,
  orders: count,
  held_before: count,
  bytes: count,
  per_partition: z.array(count),
  dirty: count.nullable(),
  untidy: count.nullable(),
  duplicate_ids: count.nullable(),
  left_out: count,
  seed: count.nullable(),
  from: maybe,
  wall_ms: z.number(),
  orders_per_second: z.number(),
  truth: maybe,
  brokers: text,
})

const operatorRun: z.ZodType<OperatorResult> = z.object({
  operator,
  prefix: text,
  tasks: z.array(count),
  records: count,
  next: z.record(text, z.number().nullable()),
  ended: text,
  exit: z.int(),
})

const recover: z.ZodType<RecoverResult> = z.object({
  prefix: text,
  chosen: text,
  brokers: text,
  rehearsal: z.boolean(),
  restored_keys: count,
  applied: count,
  skipped: count,
  tasks: z.array(
    z.object({
      partition: count,
      epoch: z.number().nullable(),
      snapshot_id: maybe,
      restore_source: source,
      restored_keys: count,
      snapshot_bytes: count,
      replay_from: z.number(),
      replay_to: z.number(),
      applied: count,
      skipped: count,
      replay_bytes: count,
      replay_rate: z.number().nullable(),
      resume_offset: z.number(),
      keys: count,
      state_hash: text,
      state: text,
      phases: z.object({
        fence_ms: z.number(),
        manifest_ms: z.number(),
        restore_ms: z.number(),
        replay_ms: z.number(),
        resume_ms: z.number(),
      }),
      total_ms: z.number(),
    }),
  ),
})

const ofPrefix = { prefix: text, chosen: text }

const snapshotList: z.ZodType<ListResult> = z.object({
  ...ofPrefix,
  snapshots: z.array(
    z.object({
      ...snapshotEntry.shape,
      newest: z.boolean(),
      known_from: z.enum(['manifest', 'file']),
      file: z.enum(['there', 'missing', 'wrong size']),
    }),
  ),
})

const snapshotTake: z.ZodType<TakeResult> = z.object({
  ...ofPrefix,
  snapshots: z.array(
    z.object({
      partition: count,
      snapshot_id: text,
      kind: z.enum(['full', 'partial']),
      bytes: count,
      snapshot_time_ms: z.number(),
      by: text,
    }),
  ),
})

const snapshotPrune: z.ZodType<PruneResult> = z.object({
  ...ofPrefix,
  tasks: z.array(
    z.object({
      partition: count,
      kept: z.array(text),
      removed: z.array(text),
      prune_time_ms: z.number(),
    }),
  ),
})

const snapshotVerify: z.ZodType<VerifyResult> = z.object({
  ...ofPrefix,
  ok: z.boolean(),
  snapshots: z.array(
    z.object({
      partition: count,
      snapshot_id: maybe,
      kind: z.enum(['full', 'partial', 'log']),
      links: count,
      keys: count.nullable(),
      state_hash: maybe,
      applied: count.nullable(),
      verdict: z.enum(['ok', 'damaged', 'differs', 'not compared']),
      reason: maybe,
    }),
  ),
})

const topics = z.object({ prefix: text, topics: z.array(text) })
const runs = z.object({ verdict, runs: z.array(run) })
const points = z.object({
  points: z.array(z.looseObject({ point: text, sentence: text })),
  faults: z.array(z.looseObject({ fault: text, sentence: text })),
  full: z.array(text),
})
const comparison = z.object({
  a: text,
  b: text,
  differences: z.array(z.record(text, text)),
})

/** By the words of the command. */
export const COMMAND_JSON = {
  advise: advice,
  'broker fetch': z.object({ cache: text }),
  'broker start': brokerStart,
  'broker status': brokerStatus,
  'broker stop': z.object({ stopped: z.boolean(), brokers: maybe }),
  check: z.union([check, judgedAgain]),
  'compare-changelog': compared,
  completion,
  'crash-matrix': z.union([run, score, points, shrunk, simulation, replay]),
  doctor,
  evidence,
  explain: explained,
  freeze: z.union([frozen, freezable]),
  gen: z.union([gen, artefacts]),
  init: initialised,
  opa: operatorRun,
  opb: operatorRun,
  recover,
  report: z.union([runs, comparison]),
  run: z.union([run, runs]),
  'snapshot list': snapshotList,
  'snapshot prune': snapshotPrune,
  'snapshot take': snapshotTake,
  'snapshot verify': snapshotVerify,
  'topics create': topics,
  'topics delete': topics,
  'topics list': z.union([
    topics,
    z.object({ prefixes: z.array(z.object({ prefix: text, topics: z.array(text) })) }),
  ]),
} as const satisfies Record<string, z.ZodType>

/** The whole as one JSON Schema: what each command prints stands under its name in `$defs`. */
export function cliJsonSchema(io: 'input' | 'output' = 'input'): Record<string, unknown> {
  const schemas = { ...COMMAND_JSON, error: errorDocument }
  // For readers fields may be added later: `input` leaves objects open, `output` closes them for the tests.
  const one = z.toJSONSchema(z.object(schemas), { io, reused: 'ref' }) as {
    properties: Record<string, unknown>
    $defs?: Record<string, unknown>
  }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'eoslab --json',
    description: 'What each command prints with --json, by its name; `error` where it fails.',
    anyOf: Object.keys(schemas).map((name) => ({ $ref: `#/properties/${name.replaceAll(' ', '%20')}` })),
    properties: one.properties,
    $defs: one.$defs ?? {},
  }
}
