/**
 * The loop of one task: fetch a batch, compute on an overlay, commit by a strategy, apply, report.
 *
 * Promises: nothing durable is touched before the commit has been acknowledged, and the overlay is forgotten
 * only after `apply`; records below the task's position are dropped; an error between begin and the end of
 * apply leaves `run` and ends the process. A pipeline supplies its step and strategy; nothing here knows an
 * operator by name. Does not: recover (core/recovery) or decide ownership.
 */
import { encodeSource, encodeTxn, HEADER, type TxnRef } from '../contracts/headers.ts'
import type { LogRecord, OutputRecord, PartitionReader, ProducedRange } from '../ports/log.ts'
import type { Clock } from '../ports/clock.ts'
import type { CommitContext, CommitStrategy } from './commit-strategy.ts'

/** What a pipeline's operator does with one batch. */
export interface Step {
  /** Pure towards the outside: reads state, fills an overlay, returns what to produce. May throw: then nothing is sent. */
  compute(
    records: readonly LogRecord[],
    identity: (record: LogRecord) => Record<string, string>,
  ): OutputRecord[]
  /** Called once the commit is acknowledged; makes the overlay durable and forgets it. */
  apply(ranges: readonly ProducedRange[], nextInput: number): void
}

export interface LoopOptions {
  readonly context: CommitContext
  readonly incarnation: string
  readonly reader: PartitionReader
  readonly step: Step
  readonly strategy: CommitStrategy
  readonly clock: Clock
  /** Records per transaction at most. */
  readonly batch: number
  readonly commitIntervalMs: number
  /** Where batches are cut by count alone: the offset at which the input ends for now, once that is known. */
  readonly inputEnd?: () => number | undefined
  readonly untilCaughtUp: boolean
  /** Hits `apply.before` only where there is something to apply. */
  readonly stateful: boolean
  /** Runs between transactions, with nothing open: snapshots, manifests. */
  readonly between: (n: () => number) => Promise<void>
  readonly onProgress: (progress: LoopProgress) => void
  readonly onLagZero: (position: number) => void
}

export interface LoopProgress {
  /** Next input offset: everything below is committed. */
  readonly next: number
  readonly position: number
  readonly lso: number
  readonly records: number
}

const MAX_WAIT_MS = 100

export class TransactionalLoop {
  readonly #o: LoopOptions
  #buffer: LogRecord[] = []
  #lso = -1
  #n = 0
  #stopping = false
  #seenInput = false
  #atZero = false

  constructor(options: LoopOptions) {
    this.#o = options
  }

  /** Ends the loop after the transaction in hand. */
  stop(): void {
    this.#stopping = true
  }

  async run(): Promise<void> {
    const nextN = (): number => ++this.#n
    while (!this.#stopping) {
      await this.#o.between(nextN)
      const batch = await this.#collect()
      if (batch.length > 0) {
        this.#atZero = false
        await this.#process(batch, nextN())
      } else if (this.#caughtUp()) {
        if (!this.#atZero) this.#reportZero()
        if (this.#o.untilCaughtUp) break
      }
    }
    await this.#o.between(nextN)
  }

  #caughtUp(): boolean {
    return this.#buffer.length === 0 && this.#lso >= 0 && this.#o.reader.position >= this.#lso
  }

  #reportZero(): void {
    this.#atZero = true
    const { position } = this.#o.reader
    this.#o.context.journal.append({ f: 'lag-zero', type: 'info', task: this.#o.context.task, position })
    this.#o.onLagZero(position)
  }

  /** Up to `batch` records: at once when that many are there or nothing more is to come, else after the interval. */
  async #collect(): Promise<LogRecord[]> {
    const { batch, clock, reader, inputEnd } = this.#o
    const commitIntervalMs = inputEnd ? Infinity : this.#o.commitIntervalMs
    let deadline = this.#buffer.length > 0 ? clock.monotonicMs() + commitIntervalMs : Infinity
    while (this.#buffer.length < batch) {
      const left = deadline - clock.monotonicMs()
      if (left <= 0 || this.#stopping) break
      // Equal, not beyond: an end that was named before more came is no end any more.
      if (this.#buffer.length > 0 && reader.position === inputEnd?.()) break
      const before = reader.position
      const chunk = await reader.poll({ maxWaitMs: Math.max(1, Math.ceil(Math.min(MAX_WAIT_MS, left))) })
      this.#lso = chunk.lastStableOffset
      for (const record of chunk.records) if (record.offset >= before) this.#buffer.push(record)
      if (this.#buffer.length === 0) return []
      if (!this.#seenInput) this.#firstInput(this.#buffer[0]!.offset)
      if (deadline === Infinity) deadline = clock.monotonicMs() + commitIntervalMs
      if (this.#o.untilCaughtUp && chunk.nextOffset >= chunk.lastStableOffset) break
    }
    return this.#buffer.splice(0, batch)
  }

  #firstInput(offset: number): void {
    this.#seenInput = true
    this.#o.context.journal.append({ f: 'first-input', type: 'info', task: this.#o.context.task, offset })
  }

  async #process(records: readonly LogRecord[], n: number): Promise<void> {
    const { context, step, strategy, reader, incarnation, stateful } = this.#o
    const { journal, points, task } = context
    points.reach('poll.after', task)
    const from = records[0]!.offset
    const next = records.at(-1)!.offset + 1
    const txn: TxnRef = { transactionalId: context.producer.transactionalId, incarnation, n }
    const txnText = encodeTxn(txn)
    journal.append({ f: 'txn', type: 'invoke', task, n, kind: 'data', records: records.length, from, next })
    const outputs = step.compute(records, (record) => ({
      [HEADER.src]: encodeSource({ topic: reader.topic, partition: reader.partition, offset: record.offset }),
      [HEADER.txn]: txnText,
    }))
    points.reach('compute.after', task)
    const offset = { topic: reader.topic, partition: reader.partition, offset: next }
    const ranges = await strategy(context, { n, outputs, offset })
    if (stateful) {
      points.reach('apply.before', task)
      journal.append({ f: 'apply', type: 'invoke', task, n })
    }
    step.apply(ranges, next)
    if (stateful) {
      journal.append({ f: 'apply', type: 'ok', task, n, nextInput: next })
      points.reach('apply.after', task)
    }
    this.#o.onProgress({ next, position: reader.position, lso: this.#lso, records: records.length })
  }
}
