/**
 * Provenance: phantom-output and aborted-read (G1a). Where does every committed effect say it comes from?
 *
 * phantom-output: no `src`, one that cannot be read, one into another topic, or one that names an offset
 *   where no record is (beyond the log, or a control record).
 * aborted-read: its `src` names a record of an aborted transaction, or of one that is still open.
 * A source that retention has removed cannot be judged and is passed over.
 *
 *   enriched 4 (aborted), output src=enriched/0/4    -> aborted-read
 *   enriched 5 (control), output src=enriched/0/5    -> phantom-output
 *   output without src                               -> phantom-output
 *   enriched 6 (committed), output src=enriched/0/6  -> fine
 */
import { decodeSource } from '../../contracts/headers.ts'
import type { Check } from '../check.ts'
import type { FatedRecord } from '../raw.ts'
import type { Anomaly, AnomalyName } from '../verdict.ts'
import { type Role, type Step, type View, srcOf } from '../view.ts'

interface Fault {
  readonly name: AnomalyName
  readonly why: string
}

const phantom = (why: string): Fault => ({ name: 'phantom-output', why })

function faultOf(view: View, step: Step, effect: FatedRecord): Fault | undefined {
  const text = srcOf(effect)
  if (text === '') return phantom('carries no src')
  const src = decodeSource(text)
  if (!src) return phantom(`carries the src ${JSON.stringify(text)}, which cannot be read`)
  const input = view.input.names[step.input]
  if (src.topic !== input) return phantom(`names a source in ${src.topic}; ${step.operator} reads ${input}`)
  const log = view.partition(step.input, src.partition)
  if (!log) return phantom(`names the source ${text}; there is no such partition`)
  if (src.offset < log.logStart) return undefined
  const source = view.sourceRecord(step, effect)
  if (source?.fate === 'committed') return undefined
  if (source) {
    const fate = source.fate === 'open' ? 'is not committed yet' : 'was aborted'
    return { name: 'aborted-read', why: `comes from ${text}, which ${fate} (${source.transaction})` }
  }
  return log.markers.has(src.offset)
    ? phantom(`names the source ${text}, which is a control record`)
    : phantom(`names the source ${text}, where there is no record (the log ends at ${log.highWatermark})`)
}

const topicsOf = (view: View, step: Step): Role[] =>
  step.operator === 'opb' && view.input.pipeline === 'reference'
    ? [...step.effects, 'changelog']
    : [...step.effects]

function* faults(view: View, wanted: AnomalyName): Generator<Anomaly> {
  for (const step of view.steps) {
    for (const effect of topicsOf(view, step).flatMap((role) => view.committed(role))) {
      const fault = faultOf(view, step, effect)
      if (fault?.name !== wanted) continue
      const { topic, record } = effect
      yield {
        name: wanted,
        message: `${topic}/${record.partition}/${record.offset} ${fault.why}`,
        place: view.place(effect),
      }
    }
  }
}

export const phantomOutput: Check = {
  name: 'phantom-output',
  proves: 'every committed effect names an input record that exists',
  run: (view) => faults(view, 'phantom-output'),
}

export const abortedRead: Check = {
  name: 'aborted-read',
  proves: 'no committed effect comes from a record that was not committed',
  run: (view) => faults(view, 'aborted-read'),
}
