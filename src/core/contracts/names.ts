/**
 * Names on the broker and on disk, all derived from one prefix (design: the reference pipeline).
 *
 * Promises: people and cells with different prefixes never share a topic, group or transactional id.
 * The prefix is literal, its trailing dot included ("p1." gives the topic "p1.orders").
 */

export type Operator = 'opa' | 'opb'

export interface TopicNames {
  readonly orders: string
  readonly enriched: string
  readonly output: string
  readonly changelog: string
  readonly snapshots: string
  readonly dlq: string
}

export function topicNames(prefix: string, overrides: Partial<TopicNames> = {}): TopicNames {
  return {
    orders: `${prefix}orders`,
    enriched: `${prefix}orders.enriched`,
    output: `${prefix}orders.output`,
    changelog: `${prefix}opb-changelog`,
    snapshots: `${prefix}opb-snapshots`,
    dlq: `${prefix}orders.dlq`,
    ...overrides,
  }
}

/** Topics whose cleanup policy is `compact`; the others are `delete`. */
export const COMPACTED: readonly (keyof TopicNames)[] = ['changelog', 'snapshots']

export const groupName = (prefix: string, operator: Operator): string => `${prefix}${operator}`

export const transactionalId = (prefix: string, operator: Operator, partition: number): string =>
  `${prefix}${operator}-${partition}`

/** A prefix may hold what a topic name may hold; it must leave room for the longest topic name. */
export const PREFIX_PATTERN = /^[A-Za-z0-9._-]{0,200}$/

/** What the lab itself keeps below the state root, beside the directories of the prefixes. */
const OWN_NAMES: readonly string[] = ['_', 'broker', 'brokers', 'kept', 'kept.json']

/** Why a text cannot be a prefix; undefined if it can. One rule, wherever a prefix comes in. */
export function prefixProblem(prefix: string): string | undefined {
  if (!PREFIX_PATTERN.test(prefix)) {
    return 'up to 200 of the characters a topic name may have: letters, digits, dot, dash and underscore'
  }
  if (/^\.+$/.test(prefix)) return 'its state would lie in a directory that is not its own: add a letter'
  if (OWN_NAMES.includes(prefix)) return `the lab keeps things of its own under that name: try "${prefix}1."`
  return undefined
}

/** Directory of a prefix below the state root. The empty prefix is "_". */
export const prefixDirectory = (prefix: string): string => (prefix === '' ? '_' : prefix)

/** Folder of an instance below the prefix; the first instance is at home in the prefix itself. */
export const instanceFolder = (instance: string): string => (instance === 'a' ? '' : `instance-${instance}`)

/** The instance whose folder it is, if it is one. */
export const instanceOf = (folder: string): string | undefined => /^instance-([a-z]+)$/.exec(folder)?.[1]
