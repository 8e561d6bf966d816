/**
 * Commit strategies: how outputs and input offsets of one batch become visible.
 *
 *   exactly-once   outputs and offsets in one Kafka transaction (KIP-98)
 *   at-least-once  the transaction kept, offsets committed outside, after it
 *   at-most-once   the transaction kept, offsets committed outside, before it
 * "Outside" is an offsets-only transaction of the same producer; its commits count no hits.
 *
 * Promises: a commit is sent once. Any error after begin leaves here and ends the process: recovery decides
 * what happened, never this code. Does not: apply anything to a store.
 */
import type {
  GroupOffset,
  LogTransaction,
  OutputRecord,
  ProducedRange,
  TransactionalProducer,
} from '../ports/log.ts'
import type { Journal } from '../ports/journal.ts'
import type { Guarantee } from '../ports/workers.ts'
import type { CrashPoints } from './crash-points.ts'
import { endTransaction } from './end-transaction.ts'

export interface CommitContext {
  readonly task: number
  readonly producer: TransactionalProducer
  readonly journal: Journal
  readonly points: CrashPoints
  readonly group: string
}

export interface CommitRequest {
  readonly n: number
  readonly outputs: readonly OutputRecord[]
  readonly offset: GroupOffset
}

export type CommitStrategy = (context: CommitContext, request: CommitRequest) => Promise<ProducedRange[]>

async function addOffset(context: CommitContext, txn: LogTransaction, request: CommitRequest): Promise<void> {
  await txn.addOffsets(context.group, [request.offset])
  context.journal.append({
    f: 'offsets',
    type: 'ok',
    task: context.task,
    n: request.n,
    group: context.group,
    ...request.offset,
  })
}

async function offsetsOnly(context: CommitContext, request: CommitRequest): Promise<void> {
  context.journal.append({
    f: 'txn',
    type: 'invoke',
    task: context.task,
    n: request.n,
    kind: 'offsets',
    records: 0,
  })
  const txn = await context.producer.begin()
  await addOffset(context, txn, request)
  await endTransaction(context, txn, { n: request.n, kind: 'offsets' })
}

/**
 * The ordered end in the middle of producing: half of the records acknowledged, the others never sent. They are
 * returned for a process that was only halted there, and goes on.
 */
async function produceHalf(
  context: CommitContext,
  txn: LogTransaction,
  { n, outputs }: CommitRequest,
): Promise<{ ranges: ProducedRange[]; left: CommitRequest['outputs'] }> {
  const { task, journal, points } = context
  const cut = Math.ceil(outputs.length / 2)
  const ranges = await txn.produce(outputs.slice(0, cut))
  journal.append({ f: 'produce', type: 'ok', task, n, ranges, sent: cut, of: outputs.length })
  points.die(task)
  return { ranges, left: outputs.slice(cut) }
}

async function produceAll(
  context: CommitContext,
  txn: LogTransaction,
  request: CommitRequest,
): Promise<ProducedRange[]> {
  const { outputs } = request
  // Split only where the kill was ordered: otherwise a transaction is one request per broker.
  if (outputs.length < 2 || !context.points.due('produce.mid', context.task)) return txn.produce(outputs)
  const { ranges, left } = await produceHalf(context, txn, request)
  return joined([...ranges, ...(await txn.produce(left))])
}

/** Ranges that go on where an earlier one of their partition ends are one, unless somebody else wrote between. */
function joined(ranges: readonly ProducedRange[]): ProducedRange[] {
  const whole: ProducedRange[] = []
  for (const range of ranges) {
    const { topic, partition, baseOffset, count } = range
    const at = whole.findIndex(
      (r) => r.topic === topic && r.partition === partition && r.baseOffset + r.count === baseOffset,
    )
    if (at < 0) whole.push(range)
    else whole[at] = { ...whole[at]!, count: whole[at]!.count + count }
  }
  return whole
}

async function dataTransaction(
  context: CommitContext,
  request: CommitRequest,
  options: { withOffsets: boolean },
): Promise<ProducedRange[]> {
  const { task, journal, points, producer } = context
  const txn = await producer.begin()
  const ranges = await produceAll(context, txn, request)
  journal.append({ f: 'produce', type: 'ok', task, n: request.n, ranges })
  points.reach('produce.after', task)
  if (options.withOffsets) {
    await addOffset(context, txn, request)
    points.reach('offsets.after', task)
  }
  points.reach('commit.before', task)
  await points.armWire('commit.mid', task, producer.transactionalId)
  await points.armWire('commit.held', task, producer.transactionalId)
  await endTransaction(context, txn, { n: request.n, kind: 'data' })
  points.reach('commit.after', task)
  return ranges
}

export const COMMIT_STRATEGIES: Record<Guarantee, CommitStrategy> = {
  'exactly-once': (context, request) => dataTransaction(context, request, { withOffsets: true }),
  'at-least-once': async (context, request) => {
    const ranges = await dataTransaction(context, request, { withOffsets: false })
    await offsetsOnly(context, request)
    return ranges
  },
  'at-most-once': async (context, request) => {
    await offsetsOnly(context, request)
    return dataTransaction(context, request, { withOffsets: false })
  },
}
