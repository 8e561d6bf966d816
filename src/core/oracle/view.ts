/**
 * The view: one input of the oracle, indexed the way the checks ask for it. Everything is made on first use
 * and kept, so a missing piece stops the checks that need it and no others.
 *
 * Promises: operators are data here (`steps`): an input topic, the topics of its effects and its group.
 * Does not: judge.
 */
import type { Operator, TopicNames } from '../contracts/names.ts'
import type { EnrichedOrder } from '../contracts/records.ts'
import { HEADER, decodeTxn } from '../contracts/headers.ts'
import { type Judged, judgeOrder } from '../pipelines/reference/model.ts'
import type { OracleInput, StateDump } from './input.ts'
import { type FatedPartition, type FatedRecord, committedOf, interpretTopic, sourceOf } from './raw.ts'
import { readEnriched } from './values.ts'
import type { AnomalyPlace } from './verdict.ts'

export type Role = keyof TopicNames

/** Thrown by a check whose input is not there: its verdict is `unknown`, with this reason. */
export class MissingInput extends Error {}

export interface Step {
  readonly operator: Operator
  readonly group: string
  readonly input: Role
  readonly effects: readonly Role[]
}

/** One record that the step read, and the committed effects that name it as their source. */
export type EffectsBySource = ReadonlyMap<string, readonly FatedRecord[]>

export const sourceKey = (topic: string, partition: number, offset: number): string =>
  `${topic}/${partition}/${offset}`

export const srcOf = (fated: FatedRecord): string => fated.record.headers[HEADER.src] ?? ''

export const textOf = (key: Buffer | null): string => (key === null ? '' : key.toString('utf8'))

export class View {
  readonly input: OracleInput
  readonly steps: readonly Step[]
  readonly #kept = new Map<string, unknown>()
  /** Asked for by almost every check; an effect belongs to one step, so it has one source. */
  readonly #sources = new Map<FatedRecord, FatedRecord | null>()

  constructor(input: OracleInput) {
    this.input = input
    this.steps = [
      { operator: 'opa', group: input.groups.opa, input: 'orders', effects: ['enriched', 'dlq'] },
      { operator: 'opb', group: input.groups.opb, input: 'enriched', effects: ['output'] },
    ]
  }

  get opa(): Step {
    return this.steps[0]!
  }

  get opb(): Step {
    return this.steps[1]!
  }

  /** Makes a thing once. */
  keep<T>(name: string, make: () => T): T {
    if (!this.#kept.has(name)) this.#kept.set(name, make())
    return this.#kept.get(name) as T
  }

  missing(name: string, otherwise: string): MissingInput {
    return new MissingInput(this.input.problems?.[name] ?? otherwise)
  }

  topic(role: Role): readonly FatedPartition[] {
    return this.keep(`topic ${role}`, () => {
      const raw = this.input.topics[role]
      if (!raw) throw this.missing(role, `the topic ${this.input.names[role]} could not be read`)
      return interpretTopic(raw)
    })
  }

  partition(role: Role, partition: number): FatedPartition | undefined {
    return this.topic(role).find((p) => p.partition === partition)
  }

  committed(role: Role): readonly FatedRecord[] {
    return this.keep(`committed ${role}`, () => this.topic(role).flatMap(committedOf))
  }

  /** Throws if the head of a topic is gone, for what is counted from the beginning. */
  whole(role: Role): void {
    const cut = this.topic(role).find((p) => p.logStart > 0)
    if (cut)
      throw new MissingInput(`${cut.topic}/${cut.partition} begins at ${cut.logStart}: its head is gone`)
  }

  /** Every data record of a topic by its source key, whatever its fate. */
  recordsBySource(role: Role): ReadonlyMap<string, FatedRecord> {
    return this.keep(`by source ${role}`, () => {
      const all = this.topic(role).flatMap((p) => p.records)
      return new Map(all.map((f) => [sourceKey(f.topic, f.record.partition, f.record.offset), f]))
    })
  }

  /** Record that an effect of the step came from; undefined if its `src` names none. */
  sourceRecord(step: Step, effect: FatedRecord): FatedRecord | undefined {
    let source = this.#sources.get(effect)
    if (source === undefined) {
      source = this.recordsBySource(step.input).get(srcOf(effect)) ?? null
      this.#sources.set(effect, source)
    }
    return source ?? undefined
  }

  /** Committed effects of a step in log order, by source; those of no existing source are left out. */
  effects(step: Step): EffectsBySource {
    return this.keep(`effects ${step.operator}`, () => {
      for (const role of step.effects) this.whole(role)
      const found = new Map<string, FatedRecord[]>()
      for (const effect of step.effects.flatMap((role) => this.committed(role))) {
        if (!this.sourceRecord(step, effect)) continue
        const list = found.get(srcOf(effect))
        if (list) list.push(effect)
        else found.set(srcOf(effect), [effect])
      }
      return found
    })
  }

  /** Offset after the last record with a committed effect; undefined if the partition has none. */
  effectsEnd(step: Step, partition: number): number | undefined {
    const ends = this.keep(`ends ${step.operator}`, () => {
      const last = new Map<number, number>()
      for (const [effect] of this.effects(step).values()) {
        const source = sourceOf(effect!)!
        last.set(source.partition, Math.max(last.get(source.partition) ?? 0, source.offset + 1))
      }
      return last
    })
    return ends.get(partition)
  }

  /** Committed offset of the step's group; undefined if it has none. */
  groupOffset(step: Step, partition: number): number | undefined {
    const rows = this.input.groupOffsets
    if (!rows) throw this.missing('groupOffsets', 'the committed offsets could not be read')
    const topic = this.input.names[step.input]
    return rows.find((r) => r.group === step.group && r.topic === topic && r.partition === partition)?.offset
  }

  /** Everything below it counts as processed: the committed offset or the end of the effects, the later one. */
  processedEnd(step: Step, partition: number): number {
    return Math.max(this.groupOffset(step, partition) ?? 0, this.effectsEnd(step, partition) ?? 0)
  }

  /** What the model makes of every committed record of `orders`, by source key. */
  model(): ReadonlyMap<string, Judged> {
    return this.keep('model', () => {
      const judged = new Map<string, Judged>()
      for (const f of this.committed('orders')) {
        const key = sourceKey(f.topic, f.record.partition, f.record.offset)
        judged.set(key, judgeOrder(f.record.value, f.record.headers))
      }
      return judged
    })
  }

  enriched(fated: FatedRecord): EnrichedOrder | undefined {
    return readEnriched(fated)
  }

  states(): readonly StateDump[] {
    if (!this.input.states) throw this.missing('states', 'the SQLite files could not be read')
    return this.input.states
  }

  /** True if OpB writes a changelog: some state says so, or there is something in the topic. */
  get changelogInUse(): boolean {
    const modes = (this.input.states ?? []).map((s) => s.changelogMode)
    if (modes.length > 0) return modes.some((mode) => mode !== 'off')
    return this.topic('changelog').some((p) => p.records.length > 0)
  }

  place(fated: FatedRecord, key?: string): AnomalyPlace {
    const { record, topic } = fated
    const header = record.headers[HEADER.txn]
    const transaction = header ?? fated.transaction
    const incarnation = decodeTxn(header)?.incarnation
    const { partition, offset } = record
    return {
      topic,
      partition,
      offset,
      key: key ?? textOf(record.key),
      ...(transaction === undefined ? {} : { transaction }),
      ...(incarnation === undefined ? {} : { incarnation }),
    }
  }
}
