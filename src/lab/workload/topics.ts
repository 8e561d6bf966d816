/**
 * The pipeline's topics of a prefix: made, listed, deleted.
 *
 * Promises: all six topics get the policy of the design, wherever they are made (`topics create`, `gen`, the
 * matrix); only topics under the prefix are ever deleted, and never all topics of a broker.
 * Does not: change topics that exist.
 */
import { COMPACTED, prefixProblem, topicNames, type TopicNames } from '../../core/contracts/names.ts'
import { LabError } from '../../core/errors.ts'
import type { TopicAdmin, TopicSpec } from '../../core/ports/topics.ts'
import { resolveBroker, type BrokerOptions } from '../broker/broker.ts'

export interface TopicsOptions extends BrokerOptions {
  readonly prefix: string
}

/** What the pipeline needs: six topics with as many partitions each. */
export function pipelineTopics(names: TopicNames, partitions: number): TopicSpec[] {
  return (Object.keys(names) as (keyof TopicNames)[]).map((role) => ({
    topic: names[role],
    partitions,
    config: { 'cleanup.policy': COMPACTED.includes(role) ? 'compact' : 'delete' },
  }))
}

/** The prefix itself, or USAGE: everything that takes a prefix asks here before it touches anything. */
export function checkPrefix(prefix: string): string {
  const problem = prefixProblem(prefix)
  if (problem === undefined) return prefix
  throw new LabError('USAGE', `--prefix ${JSON.stringify(prefix)} cannot be a prefix`, { hint: problem })
}

export async function createTopics(options: TopicsOptions & { partitions: number }): Promise<string[]> {
  const specs = pipelineTopics(topicNames(checkPrefix(options.prefix)), options.partitions)
  return withAdmin(options, async (admin) => {
    await admin.create(specs)
    return specs.map(({ topic }) => topic)
  })
}

export async function listTopics(options: TopicsOptions): Promise<string[]> {
  const prefix = checkPrefix(options.prefix)
  return withAdmin(options, (admin) => admin.list(prefix))
}

export interface PrefixFound {
  readonly prefix: string
  /** Topics of a pipeline under it. */
  readonly topics: readonly string[]
}

/** The prefixes of the pipelines on the broker, by the names that their topics have. */
export async function listPrefixes(options: BrokerOptions): Promise<PrefixFound[]> {
  const roles = Object.values(topicNames('')).sort((a, b) => b.length - a.length)
  const all = await withAdmin(options, (admin) => admin.list(''))
  const found = new Map<string, string[]>()
  for (const topic of all) {
    const role = roles.find((name) => topic.endsWith(name))
    if (role === undefined) continue
    const prefix = topic.slice(0, topic.length - role.length)
    found.set(prefix, [...(found.get(prefix) ?? []), topic])
  }
  return [...found]
    .map(([prefix, topics]) => ({ prefix, topics }))
    .sort((a, b) => (a.prefix < b.prefix ? -1 : 1))
}

export async function deleteTopics(options: TopicsOptions): Promise<string[]> {
  if (checkPrefix(options.prefix) === '') {
    throw new LabError('USAGE', 'an empty prefix stands for every topic of the broker; nothing was deleted', {
      hint: 'Give the prefix of the topics to delete: eoslab topics delete --prefix P',
    })
  }
  return withAdmin(options, async (admin) => {
    const names = await admin.list(options.prefix)
    await admin.remove(names)
    return names
  })
}

async function withAdmin<T>(options: BrokerOptions, use: (admin: TopicAdmin) => Promise<T>): Promise<T> {
  const { brokers } = await resolveBroker(options)
  const { openTopicAdmin } = await import('../../adapters/kafka/topic-admin.ts')
  const admin = openTopicAdmin({ brokers })
  try {
    return await use(admin)
  } finally {
    await admin.close()
  }
}
