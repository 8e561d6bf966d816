/**
 * The store port in memory: for tests and for the simulated log.
 *
 * Promises: the same behaviour suite as SQLite (store.contract.ts), atomicity included: a request that is
 * refused, or whose rows throw halfway, changes nothing.
 * Does not: survive its process.
 */
import { createHash } from 'node:crypto'
import { LabError } from '../errors.ts'
import { stateHashLine } from '../contracts/records.ts'
import type { StateRow } from '../contracts/records.ts'
import type { ApplyRequest, StateStore, StoreLineage, StorePosition, StoreRow } from './store.ts'

export class MemoryStore implements StateStore {
  readonly lineage: StoreLineage
  readonly #rows = new Map<string, StoreRow>()
  #position: StorePosition = { nextInput: 0, nextChangelog: 0 }
  #owner: string | undefined

  constructor(lineage: StoreLineage) {
    this.lineage = lineage
  }

  get(key: string): StateRow | undefined {
    const row = this.#rows.get(key)
    return row && { key, sum: row.sum, count: row.count, seq: row.seq }
  }

  position(): StorePosition {
    return this.#position
  }

  owner(): string | undefined {
    return this.#owner
  }

  takeOwnership(owner: string): void {
    this.#owner = owner
  }

  apply(request: ApplyRequest): void {
    refuseStranger(this, request)
    // Drained before anything is written: an iterable that throws must leave no half of a batch behind.
    const rows = [...request.rows]
    request.mid?.()
    for (const row of rows) this.#rows.set(row.key, { ...row })
    this.#position = { ...request.next }
  }

  keyCount(): number {
    return this.#rows.size
  }

  rows(): Iterable<StoreRow> {
    return [...this.#rows.values()].sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)))
  }

  stateHash(): string {
    return hashRows(this.rows())
  }

  close(): void {
    // Nothing is held.
  }
}

/** SHA-256 over the lines of rows that are already sorted by key. */
export function hashRows(rows: Iterable<StateRow>): string {
  const hash = createHash('sha256')
  let lines = ''
  for (const row of rows) {
    lines += stateHashLine(row)
    // Hashing line by line costs a native call each; 64 KiB a call keeps a million rows cheap.
    if (lines.length > 65_536) {
      hash.update(lines)
      lines = ''
    }
  }
  return hash.update(lines).digest('hex')
}

/** The two checks that come first in every apply, whatever holds the rows. */
export function refuseStranger(
  store: Pick<StateStore, 'owner' | 'position' | 'lineage'>,
  request: ApplyRequest,
): void {
  const { partition, prefix } = store.lineage
  const owner = store.owner()
  if (owner !== request.owner) {
    throw new LabError(
      'OWNER_CHANGED',
      `state of ${prefix}opb-${partition} belongs to ${owner ?? 'nobody'} by now; ${request.owner} applied nothing`,
      { hint: 'a newer incarnation has taken over; this one has to end' },
    )
  }
  const { nextInput } = store.position()
  if (nextInput !== request.expectedNextInput) {
    throw new LabError(
      'RECOVERY_MISMATCH',
      `state of ${prefix}opb-${partition} stands at input offset ${nextInput}, expected ${request.expectedNextInput}; nothing was applied`,
      { hint: `run: eoslab recover --prefix ${prefix || '""'} --manifest latest` },
    )
  }
}
