/** JSON of `compare-changelog`, `evidence` and `advise`. */
import * as z from 'zod'
import type { IdempotenceFound } from '../../core/compare/p2.ts'
import type { KillsFound } from '../../core/compare/p3.ts'
import type { ComparedResult } from '../../core/compare/result.ts'
import { CHANGELOG_FORMS } from '../../core/compare/variants.ts'
import { WAYS, type WayName, type WaysFound } from '../../core/compare/ways.ts'
import type { Manifest } from '../../core/contracts/records.ts'
import { snapshotEntry } from '../../core/contracts/schemas.ts'
import type { Prediction } from '../../core/model/recovery.ts'
import type { AdviceJson } from '../../core/report/advice.ts'
import type { P3 } from '../compare/evidence-p3.ts'
import { artefacts } from './artefacts.ts'
import { anomaly, anomalyName, count, phases, verdict } from './run.ts'

const text = z.string()
const maybe = z.string().nullable()
const number = z.number()
const ms = z.number().nullable()
const source = z.enum(['local', 'snapshot', 'none'])

const times = {
  phases: phases.nullable(),
  ttr_ms: ms,
  caught_up_ms: ms,
  lag_zero_ms: ms,
  held_ms: number,
}

export const compared: z.ZodType<ComparedResult> = z.object({
  kind: z.literal('compare-changelog'),
  verdict,
  seed: count,
  orders: count,
  window_s: number,
  repeat: count,
  results: text,
  brokers: text,
  rows: z.array(
    z.object({
      ...times,
      variant: text,
      repeat: count,
      prefix: text,
      changelog: z.enum(CHANGELOG_FORMS),
      compaction: z.enum(['before', 'after']).nullable(),
      snapshot_every: maybe,
      snapshots: count,
      snapshot_time_ms: ms,
      snapshot_bytes: number.nullable(),
      snapshot_kind: z.enum(['full', 'partial']).nullable(),
      records_before_kill: count,
      changelog_records: count.nullable(),
      changelog_records_compacted: count.nullable(),
      restore_source: source.nullable(),
      restored_keys: count,
      replay_records: count,
      replay_bytes: count,
      replay_rate: number.nullable(),
      applied: count,
      skipped: count,
      state_hash: maybe,
      verdict,
      anomalies: z.array(anomalyName),
      as_expected: z.boolean(),
      loss: anomaly.nullable(),
      problem: maybe,
      wall_ms: number,
    }),
  ),
  state_hashes: z.array(text),
  wall_ms: number,
})

/** The record's own schema, but closed: its loose form would let a field pass that nobody has described. */
const snapshot = z.object(snapshotEntry.shape)
const manifest: z.ZodType<Manifest> = snapshot.extend({ retained: z.array(snapshot) })

const stepOf = <K extends string>(kind: K) => ({ kind: z.literal(kind), verdict, seed: count, results: text })

const p2 = z.object({
  ...stepOf('evidence-p2'),
  manifest,
  snapshot: text,
  overlap: count,
  applied: count,
  skipped: count,
  from: number,
  to: number,
  hash_before: text,
  hash_after: text,
})

const kills: z.ZodType<KillsFound['kills'][number]> = z.object({
  ...times,
  kill: count,
  at_offset: number,
  lag_at_kill: number,
  lines: z.array(text),
  snapshot_dir: text,
  lag: z.array(z.tuple([number, number])),
})

const p3 = z.object({
  ...stepOf('evidence-p3'),
  artefacts,
  kills: z.array(kills),
  state_hash: text,
  replay_hash: text,
})

const ways = z.object({
  ...stepOf('evidence-ways'),
  orders: count,
  from: maybe,
  window_s: number,
  repeats: z.array(
    z.object({
      repeat: count,
      seed: count,
      killed_at: number,
      last_event: text,
      snapshots: count,
      keys: count,
      ways: z.array(
        z.object({
          way: z.enum(Object.keys(WAYS) as WayName[]),
          restore_source: source,
          snapshot_id: maybe,
          applied: count,
          skipped: count,
          ms: number,
          state_hash: text,
          sqlite3_hash: maybe,
          objection: maybe,
          note: text,
        }),
      ),
      final_hash: text,
      final_keys: count,
      state: text,
    }),
  ),
})

/** The compiler's word that each step's findings are all there; `kind` and the like stand beside them. */
type Steps = readonly [z.ZodType<IdempotenceFound>, z.ZodType<P3>, z.ZodType<WaysFound>]
const steps = [p2, p3, ways] as const satisfies Steps

export const evidence = z.union(steps)

const prediction: z.ZodType<Prediction> = z.object({
  fixed_ms: number,
  restore_ms: number,
  replay_ms: number,
  ttr_ms: number,
  caught_up_ms: ms,
})

export const advice: z.ZodType<AdviceJson> = z.object({
  ttr_goal_ms: number,
  keys: count,
  rate: number,
  partitions: count,
  snapshot_every_ms: ms,
  snapshot_every_updates: count.nullable(),
  snapshot_share: number.nullable(),
  snapshot_ms: number,
  snapshot_bytes: number,
  load: number,
  worst: prediction.nullable(),
  warm: prediction,
  reasons: z.array(text),
  rates: z.object({
    fixed_ms: number,
    restore_start_ms: number,
    restore_bytes_per_s: number,
    replay_records_per_s: number,
    snapshot_start_ms: number,
    snapshot_bytes_per_s: number,
    bytes_per_key: number,
    capacity_per_s: number,
  }),
  measured: z.object({ keys: count, records: count, cells: count, from: text }),
})
