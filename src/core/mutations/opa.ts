/**
 * Mutations of OpA: wrong offsets, wrong identity, wrong place, wrong judgement, the wrong transaction.
 * Each function is one thing that a tired engineer would write.
 */
import { DLQ_HEADER, HEADER, decodeSource } from '../contracts/headers.ts'
import type { GroupOffset, OutputRecord } from '../ports/log.ts'
import type { Step } from '../primitives/transactional-loop.ts'
import { type MutationMaker, logWith, producerWith, withTransactions } from './mutation.ts'

const shifted =
  (by: number): MutationMaker =>
  () => ({
    log: withTransactions((txn) => ({
      addOffsets: (group, offsets) =>
        txn.addOffsets(
          group,
          offsets.map((o: GroupOffset) => ({ ...o, offset: o.offset + by })),
        ),
    })),
  })

/** Commits the offset after the next record. */
export const offsetOneTooFar = shifted(1)

/** Commits the offset of the last processed record, not the one after it. */
export const offsetOneTooFew = shifted(-1)

const outputsOf =
  (change: (outputs: OutputRecord[]) => OutputRecord[]) =>
  (step: Step): Step => ({
    compute: (records, identity) => change(step.compute(records, identity)),
    apply: (ranges, nextInput) => step.apply(ranges, nextInput),
  })

/** Writes its records without saying what they come from. */
export const noSource: MutationMaker = () => ({
  step: outputsOf((outputs) =>
    outputs.map((output) => {
      const { [HEADER.src]: _src, ...headers } = output.headers
      return { ...output, headers }
    }),
  ),
})

/** Writes to the partition it read from; the aggregate key should decide. */
export const ownPartition: MutationMaker = () => ({
  step: outputsOf((outputs) =>
    outputs.map((output) => ({
      ...output,
      partition: decodeSource(output.headers[HEADER.src])?.partition ?? output.partition,
    })),
  ),
})

/** Sorts each batch by key, say to compress better: the order of the input is gone. */
export const sortedBatch: MutationMaker = () => ({
  step: outputsOf((outputs) => outputs.toSorted((a, b) => String(a.key).localeCompare(String(b.key)))),
})

const RANGES = new Set(['negative-price', 'qty-below-one'])

/** Checks that price and quantity are numbers, not their ranges. */
export const rangesUnchecked: MutationMaker = ({ names }) => ({
  step: outputsOf((outputs) =>
    outputs.map((output) => {
      if (!RANGES.has(output.headers[DLQ_HEADER.errorCode] ?? '')) return output
      const order = JSON.parse(String(output.value)) as Record<string, string | number>
      const value = {
        ...order,
        price: Number(order['price']),
        qty: Number(order['qty']),
        validated: true,
        normTs: Number(order['ts']),
      }
      const { [HEADER.src]: src = '', [HEADER.txn]: txn = '' } = output.headers
      return {
        ...output,
        topic: names.enriched,
        key: String(order['orderId']),
        value: JSON.stringify(value),
        headers: { [HEADER.src]: src, [HEADER.txn]: txn },
      }
    }),
  ),
})

/** Hands rejected orders to a producer of their own, which commits at once. */
export const dlqOutside: MutationMaker = ({ names }) => ({
  log: (log) => {
    const outside = log.producer({ transactionalId: `${names.dlq}-outside`, timeoutMs: 10_000 })
    let fenced: Promise<unknown> | undefined
    return withTransactions((txn) => ({
      produce: async (records) => {
        const rejected = records.filter((r) => r.topic === names.dlq)
        if (rejected.length > 0) {
          await (fenced ??= outside.fence())
          const own = await outside.begin()
          await own.produce(rejected)
          await own.commit()
        }
        const rest = records.filter((r) => r.topic !== names.dlq)
        return rest.length > 0 ? txn.produce(rest) : []
      },
    }))(log)
  },
})

/** Ends, asked to stop, with a transaction begun and not ended; its timeout is a minute. */
export const openAtStop: MutationMaker = ({ names }) => ({
  log: (log) => {
    const longer = logWith(log, {
      producer: (options) => log.producer({ ...options, timeoutMs: 60_000 }),
    })
    let leave: (() => Promise<unknown>) | undefined
    let last: readonly OutputRecord[] = []
    const kept = withTransactions((txn, producer) => ({
      produce: (records) => {
        last = records
        // Without the identity of the batch they repeat: what is left open belongs to no other transaction.
        const left = last.filter((r) => r.topic === names.enriched).map((r) => ({ ...r, headers: {} }))
        leave = async () => (await producer.begin()).produce(left)
        return txn.produce(records)
      },
    }))(longer)
    return logWith(kept, {
      close: async () => {
        await leave?.()
        // The connection is left to the end of the process: closing it would end the transaction.
      },
    })
  },
})

/** Takes a transactional id of its own at each start, so that nobody fences anybody. */
export const ownTransactionalId: MutationMaker = (_spec, incarnation) => ({
  log: (log) =>
    logWith(log, {
      producer: (options) =>
        log.producer({ ...options, transactionalId: `${options.transactionalId}-${incarnation}` }),
    }),
})

/**
 * Reads the committed offset, and only then fences; what the former life had in flight may end in between.
 * So that this is no matter of luck it waits until nothing is open: at the latest the broker ends it.
 */
export const offsetsBeforeFence: MutationMaker = ({ names, group }, _incarnation, journal) => ({
  log: (log) => {
    const early = new Map<number, number | undefined>()
    const open = async (): Promise<boolean> => {
      const { lastStableOffset, highWatermark } = await log.offsets(names.enriched, 0)
      return lastStableOffset < highWatermark
    }
    return logWith(log, {
      committed: (of, topic, task) =>
        early.has(task) ? Promise.resolve(early.get(task)) : log.committed(of, topic, task),
      producer: (options) => {
        const producer = log.producer(options)
        const task = Number(options.transactionalId.split('-').pop())
        const fence = async () => {
          const offset = await log.committed(group, names.orders, task)
          early.set(task, offset)
          const at = { task, group, topic: names.orders, partition: task, offset: offset ?? null }
          journal.append({ f: 'committed-offset', type: 'ok', ...at })
          while (await open()) continue
          return producer.fence()
        }
        return producerWith(producer, { fence })
      },
    })
  },
})
