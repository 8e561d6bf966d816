/** JSON of made artefacts: `gen --to artefacts`, and `evidence p3`, which recovers on them. */
import * as z from 'zod'
import type { ArtefactResult } from '../workload/artefacts.ts'
import { count } from './run.ts'

const text = z.string()

export const artefacts: z.ZodType<ArtefactResult> = z.object({
  prefix: text,
  keys: count,
  window_s: z.number(),
  snapshots: z.array(z.object({ snapshot_id: text, kind: text, bytes: count, keys: count })),
  snapshot_dir: text,
  changelog: text,
  changelog_records: count,
  changelog_end: count,
  aborted_records: count,
  compacted: z.boolean(),
  replay_records: count.nullable(),
  applied: count.nullable(),
  skipped: count.nullable(),
  resume_offset: count,
  unread: count,
  state_hash: text,
  wall_ms: z.number(),
  brokers: text,
})
