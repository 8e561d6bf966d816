/**
 * The rows changed since the last snapshot, with their after-image, in memory: what a partial snapshot of a
 * live task is written from, so that its cost follows the changes and not the state.
 *
 * Promises: while `state` is complete, the rows are exactly those changed since `restart`, each as the last apply
 * left it, and `cut` is the state of one committed position. More than `limit` rows are not kept (a full
 * snapshot is cheaper by then): the state is 'too many'.
 * Does not: know what was changed before this life; recovery's rows are found by their changelog offset.
 */
import type { StoreRow } from '../ports/store.ts'

export interface AppliedRow extends StoreRow {
  /** The key had no row before this apply. */
  readonly isNew: boolean
}

export interface Change {
  readonly row: StoreRow
  /** Its key had no row at the base. */
  readonly isNew: boolean
}

/** Taken in one step whatever its size; what it costs to go through it falls to the writer, piece by piece. */
export interface Cut {
  /** Changes at most. */
  readonly size: number
  readonly changes: Iterable<Change>
}

interface Tracked {
  readonly row: StoreRow
  /** Next input offset after the apply that changed it last, and after the one that made it. */
  readonly changedAt: number
  readonly madeAt: number
}

export class ChangedRows {
  #rows = new Map<string, Tracked>()
  #limit = 0
  #state: 'unknown' | 'complete' | 'too many' = 'unknown'

  /** 'unknown': something may have changed that is not here, as after a boot. */
  get state(): 'unknown' | 'complete' | 'too many' {
    return this.#state
  }

  get size(): number {
    return this.#rows.size
  }

  /** From now on everything is kept, up to `limit` rows. */
  restart(limit: number): void {
    this.#rows = new Map()
    this.#limit = limit
    this.#state = 'complete'
  }

  /** Narrows or widens what is kept, once the size of the new base is known. */
  limit(rows: number): void {
    this.#limit = rows
    this.#bound()
  }

  /** What was kept is of no use any more: a snapshot failed half-way. */
  forget(): void {
    this.#rows = new Map()
    this.#state = 'unknown'
  }

  add(rows: readonly AppliedRow[], nextInput: number): void {
    if (this.#state !== 'complete') return
    for (const { isNew, ...row } of rows) {
      const madeAt = isNew ? nextInput : (this.#rows.get(row.key)?.madeAt ?? -1)
      this.#rows.set(row.key, { row, changedAt: nextInput, madeAt })
    }
    this.#bound()
  }

  /**
   * The rows changed above the base's input position, and a new beginning. The base may have been read a
   * little after tracking began, so what it already holds is left out.
   */
  cut(baseNextInput: number): Cut {
    const tracked = this.#rows
    this.restart(this.#limit)
    return { size: tracked.size, changes: changesIn(tracked, baseNextInput) }
  }

  #bound(): void {
    if (this.#state !== 'complete' || this.#rows.size <= this.#limit) return
    this.#rows = new Map()
    this.#state = 'too many'
  }
}

function* changesIn(tracked: ReadonlyMap<string, Tracked>, baseNextInput: number): Generator<Change> {
  for (const { row, changedAt, madeAt } of tracked.values())
    if (changedAt > baseNextInput) yield { row, isNew: madeAt > baseNextInput }
}
