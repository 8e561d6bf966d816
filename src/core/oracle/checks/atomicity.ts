/**
 * Atomicity of effects and offsets: offset-ahead and offset-behind, seen from the committed offset.
 * (The same harm seen from the records is lost-write and duplicate, in delivery.ts.)
 *
 * offset-ahead: a committed offset that its effects do not bear out.
 *   At the end: above the high watermark, or above the source of the last committed effect + 1 (an operator
 *   commits exactly "last processed data record + 1"). The group then stands for the key.
 *   In a journal: the offset that an incarnation fetched after its fence passes a committed input record
 *   without a committed effect.
 * offset-behind: effects are committed that the offset does not know of, so they will be made again.
 *   At a clean end: the group's offset is below the last effect's source + 1.
 *   In a journal: an earlier incarnation has a committed effect at or above the fetched offset.
 * Does not judge the order of records, nor a journal line of another group or topic.
 *
 *   effects of 0..9, group 11                             -> offset-ahead (10 is exact)
 *   effects of 0..9, group 8, clean end                   -> offset-behind
 *   a.1 made effects of 0..9, a.2 fetched 5 after fencing -> offset-behind at a.2
 *   a.1's effects of 5..9 aborted, a.2 fetched 5          -> fine
 */
import { HEADER, decodeTxn } from '../../contracts/headers.ts'
import type { HistoryEvent } from '../../history/event.ts'
import type { Check } from '../check.ts'
import { sourceOf } from '../raw.ts'
import type { Anomaly, AnomalyName } from '../verdict.ts'
import { type Step, type View } from '../view.ts'
import { withoutEffect } from './delivery.ts'

type Finding = Anomaly | undefined

function atTheEnd(view: View, step: Step, partition: number): Finding {
  const log = view.partition(step.input, partition)!
  const offset = view.groupOffset(step, partition)
  const end = view.effectsEnd(step, partition)
  const where = `${log.topic}/${partition}`
  const found = (name: AnomalyName, message: string, at: number): Anomaly => ({
    name,
    message,
    place: { topic: log.topic, partition, offset: at, key: step.group },
  })
  if (offset !== undefined && offset > log.highWatermark) {
    return found(
      'offset-ahead',
      `the committed offset ${offset} of ${step.group} on ${where} is above the high watermark ${log.highWatermark}`,
      offset,
    )
  }
  const exact = end ?? log.logStart
  if (offset !== undefined && offset > exact) {
    return found(
      'offset-ahead',
      `the committed offset of ${step.group} on ${where} is ${offset}; its committed effects end at ${exact}`,
      offset,
    )
  }
  if (view.input.cleanEnd && end !== undefined && (offset ?? -1) < end) {
    return found(
      'offset-behind',
      `the committed offset of ${step.group} on ${where} is ${offset ?? 'missing'}; its committed effects end at ${end}`,
      offset ?? log.logStart,
    )
  }
  return undefined
}

interface FetchedOffset {
  readonly event: HistoryEvent
  readonly partition: number
  readonly offset: number
  /** Incarnations that had the partition before. */
  readonly earlier: ReadonlySet<string>
}

/** The offsets that incarnations of a step fetched after their fence, oldest first. */
function* fetchedOffsets(view: View, step: Step): Generator<FetchedOffset> {
  const { journals } = view.input
  if (!journals) throw view.missing('journals', 'the journals could not be read')
  const topic = view.input.names[step.input]
  const lines = journals.filter(
    (e) => e.f === 'committed-offset' && e.type === 'ok' && e['group'] === step.group && e['topic'] === topic,
  )
  const fences = fenceOrder(journals)
  const owners = new Map<number, Set<string>>()
  for (const event of lines.sort((a, b) => a.t - b.t || a.i - b.i)) {
    const partition = Number(event['partition'])
    const before = new Set(owners.get(partition))
    before.delete(event.incarnation)
    const start = view.partition(step.input, partition)?.logStart ?? 0
    const offset = event['offset'] === null ? start : Number(event['offset'])
    if (!Number.isSafeInteger(partition) || !Number.isSafeInteger(offset)) continue
    const earlier = new Set([...before].filter((other) => !fences.later(other, event.incarnation, partition)))
    yield { event, partition, offset, earlier }
    owners.set(partition, new Set([...before, event.incarnation]))
  }
}

/**
 * Who fenced whom. A process that was stopped between the broker's answer and its journal writes its line
 * after those who took over from it; the epoch that it was given still says that it was there before them.
 */
function fenceOrder(journals: readonly HistoryEvent[]): {
  later(one: string, than: string, partition: number): boolean
} {
  const fences = new Map<string, readonly [producerId: number, epoch: number]>()
  for (const e of journals) {
    if (e.f !== 'fence' || e.type !== 'ok' || e.task === undefined) continue
    fences.set(`${e.incarnation}/${e.task}`, [Number(e['producerId']), Number(e['epoch'])])
  }
  return {
    later: (one, than, partition) => {
      const a = fences.get(`${one}/${partition}`)
      const b = fences.get(`${than}/${partition}`)
      return a !== undefined && b !== undefined && (a[0] - b[0] || a[1] - b[1]) > 0
    },
  }
}

function aheadInJournal(view: View, step: Step, fetched: FetchedOffset): Finding {
  const { event, partition, offset } = fetched
  const lost = [...withoutEffect(view, step, partition, offset)]
  if (lost.length === 0) return undefined
  const { topic, record } = lost[0]!
  return {
    name: 'offset-ahead',
    message: `${event.incarnation} found ${step.group} at ${topic}/${partition}/${offset} after its fence; ${lost.length} record(s) below it, the first at ${record.offset}, have no committed effect`,
    place: { topic, partition, offset: record.offset, key: step.group, incarnation: event.incarnation },
  }
}

function behindInJournal(view: View, step: Step, fetched: FetchedOffset): Finding {
  const { event, partition, offset, earlier } = fetched
  if (earlier.size === 0) return undefined
  let first: number | undefined
  let count = 0
  for (const effect of [...view.effects(step).values()].flat()) {
    const source = sourceOf(effect)!
    if (source.partition !== partition || source.offset < offset) continue
    const incarnation = decodeTxn(effect.record.headers[HEADER.txn])?.incarnation
    if (incarnation === undefined || !earlier.has(incarnation)) continue
    count++
    first = Math.min(first ?? source.offset, source.offset)
  }
  if (first === undefined) return undefined
  const topic = view.input.names[step.input]
  return {
    name: 'offset-behind',
    message: `${event.incarnation} found ${step.group} at ${topic}/${partition}/${offset} after its fence; earlier incarnations have ${count} committed effect(s) from ${first} on`,
    place: { topic, partition, offset: first, key: step.group, incarnation: event.incarnation },
  }
}

function* find(view: View, wanted: AnomalyName): Generator<Anomaly> {
  const inJournal = wanted === 'offset-ahead' ? aheadInJournal : behindInJournal
  for (const step of view.steps) {
    for (const { partition } of view.topic(step.input)) {
      const found = atTheEnd(view, step, partition)
      if (found?.name === wanted) yield found
    }
    for (const fetched of fetchedOffsets(view, step)) {
      const found = inJournal(view, step, fetched)
      if (found) yield found
    }
  }
}

export const offsetAhead: Check = {
  name: 'offset-ahead',
  proves: 'no committed offset, at the end or after a fence, passes an input without its effect',
  run: (view) => find(view, 'offset-ahead'),
}

export const offsetBehind: Check = {
  name: 'offset-behind',
  proves: 'no committed offset, at a clean end or after a fence, forgets committed effects',
  run: (view) => find(view, 'offset-behind'),
}
