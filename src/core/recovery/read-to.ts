/**
 * Reads a partition up to a target position.
 *
 * Promises: done is measured on the reader's position, never on the last record (the tail may be control
 * records only); records at or beyond the target are not handed over; the wait is bounded: no progress for
 * `stallMs` is HUNG_TRANSACTION when an open transaction holds the last stable offset below the target.
 */
import { LabError } from '../errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { FetchedChunk, LogRecord, PartitionReader } from '../ports/log.ts'

/** Longer than the transaction timeout (10 s), after which the broker itself ends a dangling transaction. */
export const STALL_MS = 20_000

export interface ReadTo {
  readonly reader: PartitionReader
  readonly clock: Clock
  readonly stallMs?: number | undefined
  readonly maxBytes?: number | undefined
}

export interface ReadChunk {
  readonly records: readonly LogRecord[]
  readonly nextOffset: number
}

export async function readTo(
  how: ReadTo,
  target: number,
  onChunk: (chunk: ReadChunk) => void,
): Promise<void> {
  const { reader, clock } = how
  const stallMs = how.stallMs ?? STALL_MS
  let progressAt = clock.monotonicMs()
  const poll = (): Promise<FetchedChunk> => {
    const polled = reader.poll({ maxWaitMs: 100, ...(how.maxBytes ? { maxBytes: how.maxBytes } : {}) })
    // If a chunk cannot be applied, nobody waits for the one after it.
    polled.catch(() => undefined)
    return polled
  }
  let coming: Promise<FetchedChunk> | undefined
  // Looked at only between two polls: a reader may move on as soon as it is asked.
  let position = reader.position
  while (position < target) {
    const polled = await (coming ?? poll())
    coming = undefined
    if (reader.position > position) {
      position = reader.position
      progressAt = clock.monotonicMs()
      // The broker gets the next chunk ready while this one is applied.
      if (position < target) coming = poll()
      onChunk({
        records: polled.records.filter((record) => record.offset < target),
        nextOffset: Math.min(polled.nextOffset, target),
      })
      continue
    }
    if (clock.monotonicMs() - progressAt < stallMs) continue
    const place = `${reader.topic}/${reader.partition}`
    if (polled.lastStableOffset < target) {
      throw new LabError(
        'HUNG_TRANSACTION',
        `${place}: an open transaction holds the last stable offset at ${polled.lastStableOffset}; the high watermark is ${target} and nothing moved for ${stallMs} ms`,
        {
          hint: 'find its producer (kafka-transactions.sh find-hanging) and end or abort it, then start again',
        },
      )
    }
    throw new LabError(
      'TIMEOUT',
      `${place}: waited ${stallMs} ms for offset ${target}, still at ${position}`,
      {
        hint: 'is the broker well? try again, the state is as it was',
      },
    )
  }
}
