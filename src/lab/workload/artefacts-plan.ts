/**
 * The flags of `eoslab gen --to artefacts` as a plan; everything that can be wrong about them is found here.
 */
import { LabError } from '../../core/errors.ts'
import { parseCount, parseShare } from '../../core/scenario/units.ts'
import { dottedPrefix, type GenFlags } from './gen-plan.ts'

export interface ArtefactFlags extends GenFlags {
  readonly keys?: string | undefined
  readonly tail?: string | undefined
  readonly skipped?: string | undefined
  readonly partials?: string | undefined
  readonly compacted?: boolean | undefined
}

export interface ArtefactPlan {
  readonly prefix: string
  readonly seed: number
  readonly keys: number
  /** Changes behind the newest snapshot, repetitions included. */
  readonly tail: number
  /** Share of the tail that repeats a seq. */
  readonly skipped: number
  /** Partial snapshots on top of the full one. */
  readonly partials: number
  /** Run the cleaner over the changelog. */
  readonly compacted: boolean
  /** Enriched orders that nobody has processed. */
  readonly unread: number
}

const OWN = ['keys', 'tail', 'skipped', 'partials', 'compacted'] as const
/** What only makes sense for orders. */
const FOREIGN = [
  'rate',
  'stores',
  'products',
  'skew',
  'dirty',
  'duplicate-ids',
  'from',
  'partitions',
] as const
/** To see that the cleaner is done, the whole log is read again and again. */
const COMPACTABLE = 200_000
const MAX_KEYS = 5_000_000

/** Refuses flags of artefacts where orders are asked for. */
export function refuseArtefactFlags(flags: ArtefactFlags): void {
  const wrong = OWN.find((name) => flags[name] !== undefined && flags[name] !== false)
  if (wrong === undefined) return
  throw new LabError('USAGE', `--${wrong} is about artefacts, and orders were asked for`, {
    hint: 'Add --to artefacts, or leave it out.',
  })
}

export function planArtefacts(flags: ArtefactFlags): ArtefactPlan {
  const wrong = FOREIGN.find((name) => flags[name] !== undefined)
  if (wrong !== undefined) {
    throw new LabError('USAGE', `--${wrong} is about orders, and --to artefacts makes none of them`, {
      hint: 'Artefacts take --keys, --tail, --skipped, --partials, --compacted, --orders, --seed and --prefix.',
    })
  }
  const count = (name: 'keys' | 'tail' | 'partials' | 'orders' | 'seed', otherwise: number, max: number) =>
    flags[name] === undefined ? otherwise : parseCount(flags[name], `--${name}`, { max })
  const plan: ArtefactPlan = {
    prefix: dottedPrefix(flags.prefix ?? ''),
    seed: count('seed', 1, 2 ** 32 - 1),
    keys: count('keys', 10_000, MAX_KEYS),
    tail: count('tail', 1_000, 10_000_000),
    skipped: flags.skipped === undefined ? 0.05 : parseShare(flags.skipped, '--skipped'),
    partials: count('partials', 2, 20),
    compacted: flags.compacted ?? false,
    unread: count('orders', 0, 10_000_000),
  }
  if (plan.keys === 0)
    throw new LabError('USAGE', '--keys 0: there would be no state', { hint: 'at least 1' })
  if (plan.compacted && plan.keys + plan.tail > COMPACTABLE) {
    throw new LabError('USAGE', `--compacted: at most ${COMPACTABLE} records, keys and tail together`, {
      hint: 'Without it the changelog has one record per key and the tail; that is nearly the same.',
    })
  }
  return plan
}
