/**
 * The model of recovery: time to recover as the sum of its phases, each from a rate that was measured
 * (docs/recovery-model.md has the reasoning and what it means for other sizes).
 *
 *   warm  TTR = fixed + (one transaction of tail)                 flat in the number of keys
 *   cold  TTR = fixed + bytes / restore rate + tail / replay rate
 *   tail  at most arrival rate x cadence; at most the whole history without snapshots
 *   caught up = TTR / (1 - load), since what arrives meanwhile waits
 *
 * Promises: pure arithmetic; where a goal can't be met it says what stands in the way. Does not: measure, or
 * know disks, other hosts, or how death is detected.
 */
export interface Rates {
  /** Detect, boot, fence, manifest, resume and first commit together. */
  readonly fixedMs: number
  /** What a restore takes before the first byte: opening, checking, switching over. */
  readonly restoreStartMs: number
  readonly restoreBytesPerSecond: number
  readonly replayRecordsPerSecond: number
  readonly snapshotStartMs: number
  readonly snapshotBytesPerSecond: number
  readonly bytesPerKey: number
  /** Records per second that a task gets through at full speed. */
  readonly capacityPerSecond: number
}

export interface Load {
  readonly keys: number
  /** Records per second, all partitions together. */
  readonly rate: number
  /** Tasks that share keys and rate evenly, each recovering by itself. */
  readonly partitions: number
}

export interface Prediction {
  readonly fixed_ms: number
  readonly restore_ms: number
  readonly replay_ms: number
  readonly ttr_ms: number
  /** Null where records arrive faster than they can be processed. */
  readonly caught_up_ms: number | null
}

/** Time to recover one task whose local state is lost (cold) or kept (a tail of one transaction). */
export function predict(
  rates: Rates,
  load: Load,
  { tailRecords, cold }: { tailRecords: number; cold: boolean },
): Prediction {
  const bytes = cold ? (load.keys / load.partitions) * rates.bytesPerKey : 0
  const restore_ms = cold ? rates.restoreStartMs + (bytes / rates.restoreBytesPerSecond) * 1000 : 0
  const replay_ms = (tailRecords / rates.replayRecordsPerSecond) * 1000
  const ttr_ms = rates.fixedMs + restore_ms + replay_ms
  const busy = load.rate / load.partitions / rates.capacityPerSecond
  return {
    fixed_ms: rates.fixedMs,
    restore_ms,
    replay_ms,
    ttr_ms,
    caught_up_ms: busy < 1 ? ttr_ms / (1 - busy) : null,
  }
}

export interface Advice {
  /** Milliseconds between snapshots, the longest that keeps the goal; null where none does. */
  readonly snapshotEveryMs: number | null
  /** Updates per task between snapshots: the same, as a count. */
  readonly snapshotEveryUpdates: number | null
  /** Worst case at that cadence: death just before the next snapshot is published. */
  readonly worst: Prediction | null
  readonly warm: Prediction
  readonly snapshotMs: number
  readonly snapshotBytes: number
  /** Share of the time in which a full snapshot is being copied; above 1 it can't keep up. */
  readonly snapshotShare: number | null
  /** Share of a task's capacity that the load takes. */
  readonly load: number
  readonly reasons: readonly string[]
}

export function advise(rates: Rates, load: Load, ttrMs: number): Advice {
  const perTask = load.rate / load.partitions
  const snapshotBytes = (load.keys / load.partitions) * rates.bytesPerKey
  const snapshotMs = rates.snapshotStartMs + (snapshotBytes / rates.snapshotBytesPerSecond) * 1000
  const base = predict(rates, load, { tailRecords: 0, cold: true })
  const tail = ((ttrMs - base.ttr_ms) / 1000) * rates.replayRecordsPerSecond
  // A snapshot is of use only once it is published: while it is copied, the tail still grows on the one before.
  const every = (tail / perTask) * 1000 - snapshotMs
  const reasons = obstacles(rates, { load, ttrMs, base, every, snapshotMs })
  const possible = every > 0
  return {
    snapshotEveryMs: possible ? every : null,
    snapshotEveryUpdates: possible ? Math.floor((every / 1000) * perTask) : null,
    worst: possible ? predict(rates, load, { tailRecords: tail, cold: true }) : null,
    warm: predict(rates, load, { tailRecords: 0, cold: false }),
    snapshotMs,
    snapshotBytes,
    snapshotShare: possible ? snapshotMs / every : null,
    load: perTask / rates.capacityPerSecond,
    reasons,
  }
}

interface Reckoned {
  readonly load: Load
  readonly ttrMs: number
  readonly base: Prediction
  readonly every: number
  readonly snapshotMs: number
}

function obstacles(rates: Rates, { load, ttrMs, base, every, snapshotMs }: Reckoned): string[] {
  const reasons: string[] = []
  const ms = (value: number): string => `${Math.round(value).toLocaleString('en-US')} ms`
  if (ttrMs <= base.fixed_ms) reasons.push(`the phases that no cadence changes take ${ms(base.fixed_ms)}`)
  else if (ttrMs <= base.ttr_ms) {
    const room = ((ttrMs - base.fixed_ms - rates.restoreStartMs) / 1000) * rates.restoreBytesPerSecond
    const partitions = Math.ceil((load.keys * rates.bytesPerKey) / room)
    const cure = room > 0 ? `; from ${partitions} partitions on it fits` : ''
    reasons.push(`restoring alone takes ${ms(base.restore_ms)}${cure}`)
  } else if (every <= 0) {
    reasons.push(`a snapshot takes ${ms(snapshotMs)}, in which more arrives than can be replayed in time`)
  } else if (snapshotMs > every) {
    reasons.push(`a full snapshot takes ${ms(snapshotMs)}, longer than the cadence: take partial ones`)
  }
  const busy = load.rate / load.partitions / rates.capacityPerSecond
  if (busy >= 1) {
    const partitions = Math.ceil(load.rate / rates.capacityPerSecond) + 1
    reasons.push(
      `the load is ${busy.toFixed(1)} times a task's capacity, so it never catches up; give it at least ${partitions} partitions`,
    )
  }
  return reasons
}
