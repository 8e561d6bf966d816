/** JSON of `crash-matrix --log simulated`, with and without --replay, and of `crash-matrix --shrink`. */
import * as z from 'zod'
import type { Replay, Simulation } from '../../core/sim/result.ts'
import type { Shrunk } from '../matrix/shrink.ts'
import { anomalyName, count, verdict } from './run.ts'

const text = z.string()
const maybe = z.string().nullable()
const texts = z.array(text)

export const simulation: z.ZodType<Simulation> = z.object({
  log: z.literal('simulated'),
  seed: count,
  schedules: count,
  mutant: maybe,
  verdict,
  verdicts: z.record(verdict, count),
  distinct: count,
  steps: count,
  lives: count,
  coverage: z.object({
    points: count,
    reached: count,
    killed_at: count,
    not_killed_at: texts,
    situations: count,
    states: count,
  }),
  failures: z.array(
    z.object({
      index: count,
      replay: text,
      verdict,
      anomalies: z.array(anomalyName),
      findings: texts,
      command: text,
      reduced: z
        .object({ replay: text, orders: count, faults: texts, runs: count, findings: texts, command: text })
        .nullable(),
    }),
  ),
  mutants: z.array(
    z.object({
      mutant: text,
      primary: anomalyName,
      schedules: count.nullable(),
      replay: maybe,
      also: z.array(anomalyName),
      command: maybe,
    }),
  ),
  not_simulated: z.record(text, text),
  threads: count,
  wall_ms: z.number(),
})

export const replay: z.ZodType<Replay> = z.object({
  log: z.literal('simulated'),
  replay: text,
  mutant: maybe,
  verdict,
  anomalies: texts,
  findings: texts,
  history: text,
  timeline: texts,
})

const size = { point: text, orders: count }

export const shrunk: z.ZodType<Shrunk> = z.object({
  verdict,
  results: text,
  cell: text,
  primary: anomalyName,
  before: z.object(size),
  after: z.object({ ...size, results: text }),
  tries: z.array(z.object({ ...size, verdict, kept: z.boolean() })),
  command: text,
})
