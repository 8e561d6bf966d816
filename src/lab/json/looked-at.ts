/** JSON of the commands that show and set up: `explain`, `freeze`, `init`, `completion`. */
import * as z from 'zod'
import { EVENT_FIELDS, type EventName, type HistoryEvent } from '../../core/history/event.ts'
import type { FreezeView } from '../../core/freeze/view.ts'
import type { Frozen } from '../freeze/freeze.ts'
import type { frozenJson } from '../freeze/show.ts'
import type { Initialised } from '../init.ts'
import type { CellsListed, ExplainedJson } from '../judge/explain.ts'
import type { AsJson } from './as-json.ts'
import { anomaly, anomalyName, cell, count, evidence, operator, verdict } from './run.ts'

const text = z.string()
const maybe = z.string().nullable()
const number = z.number()
const offset = z.number().exactOptional()
const texts = z.array(text)

export const initialised: z.ZodType<Initialised> = z.object({ folder: text, files: texts, next: texts })

export const completion = z.object({ shell: z.enum(['bash', 'zsh', 'fish']), script: text })

const event: z.ZodType<HistoryEvent> = z.looseObject({
  f: z.enum(Object.keys(EVENT_FIELDS) as EventName[]),
  type: z.enum(['invoke', 'ok', 'fail', 'info']),
  task: count.exactOptional(),
  t: number,
  at: number,
  who: text,
  incarnation: text,
  i: count,
})

/** Of a run that was stopped less is known. */
const told = z.object({
  cell: text,
  verdict,
  story: text,
  evidence,
  anomalies: z.array(anomalyName),
  command: text,
  prefix: text,
  findings: z.array(anomaly),
  point: text,
})

const oneCell: z.ZodType<ExplainedJson> = z.object({
  cell: z.union([cell, told]),
  results: text,
  events: z.array(event),
})

const cells: z.ZodType<CellsListed> = z.object({
  results: text,
  complete: z.boolean(),
  cells: z.array(z.object({ cell: text, verdict: verdict.nullable(), summary: text })),
})

export const explained = z.union([oneCell, cells])

const stretch = z.object({
  from: number,
  to: number,
  records: count,
  fate: z.enum(['committed', 'aborted', 'open', 'COMMIT', 'ABORT']),
  transaction: text.exactOptional(),
  producerId: text,
  epoch: number,
  keys: texts,
})

const view: z.ZodType<AsJson<FreezeView>> = z.object({
  atMs: number,
  logs: z.array(
    z.object({
      role: z.enum(['orders', 'enriched', 'dlq', 'output', 'changelog', 'snapshots']),
      topic: text,
      partition: count,
      lastStableOffset: number,
      highWatermark: number,
      committed: count,
      aborted: count,
      open: count,
      stretches: z.array(stretch),
    }),
  ),
  groups: z.array(
    z.object({
      operator,
      group: text,
      topic: text,
      partition: count,
      offset,
      staged: offset,
      lastStableOffset: number,
    }),
  ),
  transactions: z.array(
    z.object({
      operator,
      task: count,
      transactionalId: text,
      found: z
        .object({
          transactionalId: text,
          state: text,
          producerId: text,
          epoch: number,
          timeoutMs: number,
          startedAt: number.exactOptional(),
          partitions: texts,
        })
        .exactOptional(),
    }),
  ),
  states: z.array(
    z.object({
      task: count,
      rows: count,
      sum: number,
      nextInput: number,
      nextChangelog: number,
      owner: text.exactOptional(),
      behind: number,
    }),
  ),
  manifests: z.array(
    z.object({
      task: count,
      snapshotId: text,
      kind: z.enum(['full', 'partial']),
      keys: count,
      bytes: count,
      nextInput: number,
      nextChangelog: number,
      retained: count,
      files: z.object({ named: count, there: count }),
    }),
  ),
  problems: z.record(text, text),
})

const CHOICES = ['kill', 'continue', 'quit'] as const satisfies readonly Frozen['chosen'][]

export const frozen: z.ZodType<AsJson<ReturnType<typeof frozenJson>>> = z.object({
  chosen: z.enum(CHOICES).nullable(),
  halted: z
    .object({
      point: text,
      hit: count,
      task: count,
      incarnation: text,
      transaction: count.nullable(),
      known: z.array(z.object({ who: text, what: text })),
      view,
    })
    .nullable(),
  after: view.nullable(),
  changes: z.array(z.object({ what: text, before: text, after: text })),
  cell: cell.nullable(),
  results: maybe,
})

export const freezable = z.object({
  points: z.array(z.object({ point: text, sentence: text, precondition: text, made: text })),
})
