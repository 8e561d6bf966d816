/**
 * verdict.json read back: is it a run, and of what shape?
 *
 * Promises: what a report needs is there and of its type, or the field that is not is named. Collections
 * that an older version did not write are empty, numbers that it did not write are "not measured".
 * Does not: check every field; results are ours, and a report must not fail for a field it does not show.
 */
import * as z from 'zod'
import type { RunResult } from '../matrix/result.ts'
import { VERDICTS } from '../oracle/verdict.ts'

const verdict = z.enum(VERDICTS)
const tally = z.record(z.string(), z.number()).default({})

const cell = z.looseObject({
  cell: z.string(),
  point: z.string(),
  verdict,
  hit: z.number().default(0),
  mutant: z.string().nullable().default(null),
  mode: z.enum(['warm', 'cold']).default('warm'),
  prefix: z.string().default(''),
  anomalies: z.array(z.string()).default([]),
  findings: z
    .array(z.looseObject({ name: z.string(), message: z.string(), place: z.looseObject({}) }))
    .default([]),
  evidence: z.looseObject({ verdict: z.enum(['hit', 'vacuous', 'none']), summary: z.string() }),
  totals: z.looseObject({ uncommitted_dangling: tally, uncommitted_at_end: tally }).prefault({}),
  command: z.string().default(''),
  story: z.string().default(''),
  problem: z.string().nullable().default(null),
  checks: z.array(z.looseObject({ check: z.string(), verdict: z.string() })).default([]),
})

const run = z.looseObject({
  experiment: z.string(),
  verdict,
  seed: z.number(),
  results: z.string(),
  cells: z.array(cell),
  expectations: z.array(z.looseObject({ text: z.string(), met: z.boolean(), found: z.string() })).default([]),
  provenance: z.looseObject({
    eoslab: z.string(),
    node: z.string(),
    kafka: z.string(),
    client: z.string(),
    sqlite: z.string(),
    pragmas: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
    host: z.looseObject({ cpus: z.number(), cpu: z.string(), memory_gib: z.number(), os: z.string() }),
    started: z.string(),
  }),
  wall_ms: z.number().default(Number.NaN),
})

/** The run, or what is wrong with it. */
export function asRunResult(value: unknown): { readonly run: RunResult } | { readonly problem: string } {
  const parsed = run.safeParse(value)
  if (parsed.success) return { run: parsed.data as unknown as RunResult }
  const [issue] = parsed.error.issues
  return { problem: `${issue?.path.join('.') || 'the document'}: ${issue?.message ?? 'not a run'}` }
}
