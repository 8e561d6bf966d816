/**
 * A task without state, OpA's or the wrapper's in OpB's place: fence, committed offset, go.
 *
 * Promises: what the committed offset is, is asked only after the fence has returned.
 */
import { transactionalId } from '../contracts/names.ts'
import { LabError } from '../errors.ts'
import { createOpa } from '../pipelines/reference/opa.ts'
import { createWrapper } from '../pipelines/reference/wrapper.ts'
import type { TopicIdentity } from '../ports/log.ts'
import type { Step } from '../primitives/transactional-loop.ts'
import type { Resumed, TaskRun } from './task.ts'

/** Partitions of a topic out of a description, else MISSING_TOPIC. */
function partitionsOf(topics: readonly TopicIdentity[], topic: string, prefix: string): number {
  const found = topics.find((t) => t.topic === topic)
  if (found) return found.partitions
  throw new LabError('MISSING_TOPIC', `topic ${topic} does not exist`, {
    hint: `create the topics: eoslab topics create --prefix '${prefix}'`,
  })
}

async function createStep({ spec, log, clock }: TaskRun): Promise<Step> {
  const { names, operator, prefix } = spec
  if (operator === 'opb') return createWrapper(names)
  const topics = await log.describe([names.enriched, names.dlq])
  return createOpa({
    names,
    enrichedPartitions: partitionsOf(topics, names.enriched, prefix),
    dlqPartitions: partitionsOf(topics, names.dlq, prefix),
    clock,
  })
}

export async function resumeStateless(run: TaskRun, task: number): Promise<Resumed> {
  const { spec, journal, log } = run
  const topic = spec.operator === 'opa' ? spec.names.orders : spec.names.enriched
  const producer = log.producer({
    transactionalId: transactionalId(spec.prefix, spec.operator, task),
    timeoutMs: spec.transactionTimeoutMs,
  })
  journal.append({ f: 'fence', type: 'invoke', task, transactionalId: producer.transactionalId })
  // The step's topics are asked for meanwhile; nothing that the fence could change is.
  const [identity, step] = await Promise.all([producer.fence(), createStep(run)])
  journal.append({ f: 'fence', type: 'ok', task, transactionalId: producer.transactionalId, ...identity })
  run.points.reach('fence.after', task)
  const offset = (await log.committed(spec.group, topic, task)) ?? null
  const at = { task, group: spec.group, topic, partition: task }
  journal.append({ f: 'committed-offset', type: 'ok', ...at, offset })
  const from = offset ?? (await log.offsets(topic, task)).logStart
  journal.append({ f: 'resume', type: 'info', task, topic, partition: task, offset: from })
  return { producer, topic, from, step, stateful: false, between: async () => {} }
}
