/**
 * The flags of `eoslab gen` as a plan: everything that can be wrong about them is found here, before any
 * file is opened or broker looked for.
 */
import { LabError } from '../../core/errors.ts'
import { parseCount, parseShare } from '../../core/scenario/units.ts'
import { DEFAULT_PROFILE, type WorkloadProfile } from '../../core/workload/profile.ts'
import { checkPrefix } from './topics.ts'

/** As typed; undefined where not given. */
export interface GenFlags {
  readonly prefix?: string | undefined
  readonly orders?: string | undefined
  readonly rate?: string | undefined
  readonly stores?: string | undefined
  readonly products?: string | undefined
  readonly skew?: string | undefined
  readonly dirty?: string | undefined
  readonly 'duplicate-ids'?: string | undefined
  readonly seed?: string | undefined
  readonly from?: string | undefined
  readonly partitions?: string | undefined
  readonly to?: string | undefined
}

export type GenTarget = 'orders' | 'enriched'

export type GenSource =
  | { readonly kind: 'generated'; readonly profile: WorkloadProfile }
  | { readonly kind: 'file'; readonly file: string; readonly limit: number | undefined }

export interface GenPlan {
  readonly prefix: string
  readonly to: GenTarget
  readonly source: GenSource
  /** Orders per second. */
  readonly rate: number | undefined
  /** Of topics that have to be made; undefined: as existing topics have it, else 1. */
  readonly partitions: number | undefined
}

/** Largest table of popularity that is built: 400 MB would be too much, 80 MB is fine. */
const MAX_PAIRS = 10_000_000
const MAX_SEED = 2 ** 32 - 1
/** What only the generator can vary. */
const GENERATOR_FLAGS = ['stores', 'products', 'skew', 'dirty', 'duplicate-ids', 'seed'] as const

export function planGen(flags: GenFlags): GenPlan {
  return {
    prefix: dottedPrefix(flags.prefix ?? ''),
    to: readTarget(flags.to ?? 'orders'),
    source: flags.from === undefined ? readProfile(flags) : readFile(flags, flags.from),
    rate: flags.rate === undefined ? undefined : parseCount(flags.rate, '--rate', { min: 1 }),
    partitions:
      flags.partitions === undefined
        ? undefined
        : parseCount(flags.partitions, '--partitions', { min: 1, max: 1000 }),
  }
}

/** A prefix is literal, so that one without a sign at its end would run into the names: p3orders. */
export function dottedPrefix(prefix: string): string {
  if (checkPrefix(prefix) === '' || /[._-]$/.test(prefix)) return prefix
  throw new LabError(
    'USAGE',
    `--prefix ${prefix} has no dot at its end: the topic would be ${prefix}orders`,
    {
      hint: `A prefix is taken literally. Write --prefix ${prefix}. and the same for the other commands.`,
    },
  )
}

function readTarget(to: string): GenTarget {
  if (to === 'orders' || to === 'enriched') return to
  throw new LabError('USAGE', `--to: ${JSON.stringify(to)} is no target`, { hint: 'orders or enriched' })
}

function readFile(flags: GenFlags, file: string): GenSource {
  const wrong = GENERATOR_FLAGS.find((name) => flags[name] !== undefined)
  if (wrong !== undefined) {
    throw new LabError('USAGE', `--${wrong} cannot change the orders of --from ${file}`, {
      hint: `Leave out --${wrong}, or leave out --from to generate orders.`,
    })
  }
  const limit = flags.orders === undefined ? undefined : parseCount(flags.orders, '--orders', { min: 1 })
  return { kind: 'file', file, limit }
}

function readSkew(text: string): number {
  const skew = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  if (skew <= 10) return skew
  throw new LabError('USAGE', `--skew: ${JSON.stringify(text)} is no Zipf exponent`, {
    hint: 'A number from 0 (all equally popular) to 10 (one takes nearly all); 1 is what shops look like.',
  })
}

function readProfile(flags: GenFlags): GenSource {
  const { skew, dirty, seed } = flags
  const duplicateIds = flags['duplicate-ids']
  const atLeastOne = (name: 'orders' | 'stores' | 'products'): number => {
    const text = flags[name]
    return text === undefined ? DEFAULT_PROFILE[name] : parseCount(text, `--${name}`, { min: 1 })
  }
  const profile: WorkloadProfile = {
    ...DEFAULT_PROFILE,
    orders: atLeastOne('orders'),
    stores: atLeastOne('stores'),
    products: atLeastOne('products'),
    ...(skew === undefined ? {} : { skew: readSkew(skew) }),
    ...(dirty === undefined ? {} : { dirty: parseShare(dirty, '--dirty') }),
    ...(duplicateIds === undefined ? {} : { duplicateIds: parseShare(duplicateIds, '--duplicate-ids') }),
    ...(seed === undefined ? {} : { seed: parseCount(seed, '--seed', { max: MAX_SEED }) }),
  }
  if (profile.stores * profile.products > MAX_PAIRS) {
    throw new LabError('USAGE', `--stores x --products is above ${MAX_PAIRS}`, {
      hint: 'Lower one of them; keys also multiply by the number of windows.',
    })
  }
  return { kind: 'generated', profile }
}
