/**
 * A task without state: OpA, and the wrapper in OpB's place. Fence, committed offset, go.
 */
import { hostClock } from '../adapters/host/clock.ts'
import { transactionalId } from '../core/contracts/names.ts'
import { createOpa } from '../core/pipelines/reference/opa.ts'
import { createWrapper } from '../core/pipelines/reference/wrapper.ts'
import { COMMIT_STRATEGIES } from '../core/primitives/commit-strategy.ts'
import { TransactionalLoop, type Step } from '../core/primitives/transactional-loop.ts'
import { partitionsOf, send, type ReadyTask, type Run } from './run.ts'

async function createStep(run: Run): Promise<Step> {
  const { names, operator, prefix } = run.spec
  if (operator === 'opb') return createWrapper(names)
  const topics = await run.log.describe([names.enriched, names.dlq])
  return createOpa({
    names,
    enrichedPartitions: partitionsOf(topics, names.enriched, prefix),
    dlqPartitions: partitionsOf(topics, names.dlq, prefix),
    clock: hostClock,
  })
}

export async function statelessTask(run: Run, task: number): Promise<ReadyTask> {
  const { spec, journal, log } = run
  const topic = spec.operator === 'opa' ? spec.names.orders : spec.names.enriched
  const producer = log.producer({
    transactionalId: transactionalId(spec.prefix, spec.operator, task),
    timeoutMs: spec.transactionTimeoutMs,
  })
  const making = createStep(run)
  journal.append({ f: 'fence', type: 'invoke', task, transactionalId: producer.transactionalId })
  // The step's topics are asked for meanwhile; nothing that the fence could change is.
  const [identity, step] = await Promise.all([producer.fence(), making])
  journal.append({ f: 'fence', type: 'ok', task, transactionalId: producer.transactionalId, ...identity })
  run.points.reach('fence.after', task)
  const offset = (await log.committed(spec.group, topic, task)) ?? null
  journal.append({
    f: 'committed-offset',
    type: 'ok',
    task,
    group: spec.group,
    topic,
    partition: task,
    offset,
  })
  const from = offset ?? (await log.offsets(topic, task)).logStart
  journal.append({ f: 'resume', type: 'info', task, topic, partition: task, offset: from })
  send({ type: 'recovered', task })
  const loop = new TransactionalLoop({
    context: { task, producer, journal, points: run.points, group: spec.group },
    incarnation: journal.incarnation,
    reader: log.reader({ topic, partition: task, from, isolation: spec.isolation }),
    step: run.mutation.step(step),
    strategy: COMMIT_STRATEGIES[spec.guarantee],
    clock: hostClock,
    batch: spec.batch,
    commitIntervalMs: spec.commitIntervalMs,
    ...(spec.fixedBatches ? { inputEnd: () => run.inputEnds.get(task) } : {}),
    untilCaughtUp: spec.untilCaughtUp,
    stateful: false,
    between: async () => {},
    onProgress: (progress) => send({ type: 'progress', task, ...progress }),
    onLagZero: (position) => send({ type: 'lag-zero', task, position }),
  })
  run.loops.push(loop)
  return { start: () => loop.run() }
}
