/** What p2 shows: a manifest, its snapshot, and why an overlapping replay changes nothing. */
import type { Manifest } from '../contracts/records.ts'
import { code, heading, text, type Block } from '../report/blocks.ts'
import { number } from '../report/numbers.ts'

export interface IdempotenceFound {
  readonly manifest: Manifest
  /** Path of the newest snapshot's file. */
  readonly snapshot: string
  /** Records of the changelog that were replayed onto a state that had them. */
  readonly overlap: number
  readonly applied: number
  readonly skipped: number
  readonly from: number
  readonly to: number
  readonly hash_before: string
  readonly hash_after: string
}

/** Nothing but what the state had is replayed, all of it is skipped, and the state stays. */
export const p2Valid = (found: IdempotenceFound): boolean =>
  found.overlap > 0 && found.skipped === found.overlap && found.hash_before === found.hash_after

export function p2Blocks(found: IdempotenceFound): Block[] {
  const { retained, ...newest } = found.manifest
  const same = found.hash_before === found.hash_after
  return [
    heading(2, `p2: manifest, snapshot and idempotence: ${p2Valid(found) ? 'valid' : 'invalid'}`),
    text(`The newest manifest, which names ${retained.length} earlier snapshots beside its own:`),
    code([JSON.stringify(newest)]),
    text(`Its snapshot: ${found.snapshot}`),
    text(
      `Idempotence by seq: every changelog record carries the number of its key's update. Replay applies a record only if its seq is above the one in the state, so a record that the state has already is skipped, whoever brings it and how often. Shown on this state: the changelog from the manifest's offset ${number(found.from)} to its end ${number(found.to)} was replayed onto a state that already had all of it. Of ${number(found.overlap)} records ${number(found.applied)} were applied and ${number(found.skipped)} skipped, and the state hash is ${same ? 'unchanged' : 'another one'}: ${found.hash_before}${same ? '' : ` before, ${found.hash_after} after`}.`,
    ),
  ]
}
