/**
 * What compare-changelog runs: every form of the changelog, before and after compaction, at each cadence.
 *
 * Promises: a pure function of its options, in the order of the table. With the changelog off there is
 * nothing to compact, so such a variant stands once per cadence.
 * Does not: run anything, or know whether a cadence is sensible for the number of orders.
 */
import type { ChangelogMode } from '../contracts/records.ts'
import { parseCadence } from '../scenario/units.ts'

/** As people say it: on is the after-image. */
export const CHANGELOG_FORMS = ['on', 'delta', 'off'] as const
export type ChangelogForm = (typeof CHANGELOG_FORMS)[number]

export const MODE_OF: Readonly<Record<ChangelogForm, ChangelogMode>> = {
  on: 'after-image',
  delta: 'delta-only',
  off: 'off',
}

export interface Cadence {
  readonly updates?: number
  readonly ms?: number
}

export interface Variant {
  /** Unique within the plan; fit for a prefix. */
  readonly name: string
  readonly changelog: ChangelogForm
  /** null: there is no changelog to compact. */
  readonly compaction: 'before' | 'after' | null
  /** As it was asked for; null: no snapshot at all. */
  readonly snapshotEvery: string | null
  readonly cadence: Cadence | null
}

/** The word for no snapshots. */
export const NO_SNAPSHOTS = 'none'

export function planVariants(forms: readonly ChangelogForm[], cadences: readonly string[]): Variant[] {
  const variants: Variant[] = []
  for (const changelog of CHANGELOG_FORMS.filter((form) => forms.includes(form))) {
    const moments = changelog === 'off' ? ([null] as const) : (['before', 'after'] as const)
    for (const compaction of moments) {
      for (const text of cadences) {
        const none = text === NO_SNAPSHOTS
        const place = [changelog, compaction, text].filter((part) => part !== null)
        variants.push({
          name: place.join('-'),
          changelog,
          compaction,
          snapshotEvery: none ? null : text,
          cadence: none ? null : parseCadence(text),
        })
      }
    }
  }
  return variants
}

/** The one variant that must lose money: deltas alone, replayed after the cleaner has been there. */
export const mustLose = (variant: Pick<Variant, 'changelog' | 'compaction'>): boolean =>
  variant.changelog === 'delta' && variant.compaction === 'after'
