/**
 * The log port as one simulated process sees it: every call is a step of the scheduler.
 *
 * Promises: a call takes effect at the broker in one step and is answered in the same or in a later one; what
 * a process had sent when it died may still take effect. A fetch brings `fetchBytes` at most.
 * Does not: change what the broker does; that is the log in memory, which passes the port's behaviour suite.
 */
import type {
  FetchedChunk,
  LogPort,
  LogTransaction,
  PartitionReader,
  TransactionalProducer,
} from '../ports/log.ts'
import type { SimProcess } from './process.ts'

export interface NetworkOptions {
  readonly process: SimProcess
  readonly client: LogPort
  readonly fetchBytes: number
  /** Something was added to a transaction of this id, or it has ended: for the coordinator's timeout. */
  readonly touched: (transactionalId: string, how: { openFor: number } | 'committed' | 'ended') => void
}

export function simLog(options: NetworkOptions): LogPort {
  const { process, client } = options
  const { scheduler } = process.world
  const call = <T>(what: string, act: () => Promise<T>): Promise<T> => scheduler.request(process, what, act)
  return {
    connect: () => call('connect', () => client.connect()),
    close: () => Promise.resolve(),
    clusterId: () => call('cluster id', () => client.clusterId()),
    describe: (topics) => call('describe', () => client.describe(topics)),
    offsets: (topic, partition) =>
      call(`offsets ${topic}/${partition}`, () => client.offsets(topic, partition)),
    committed: (group, topic, partition) =>
      call(`committed ${group}`, () => client.committed(group, topic, partition)),
    reader: (from) => simReader(client.reader(from), options),
    producer: (of) => simProducer(client.producer(of), { ...options, timeoutMs: of.timeoutMs }),
  }
}

function simReader(inner: PartitionReader, { process, fetchBytes }: NetworkOptions): PartitionReader {
  const { scheduler } = process.world
  const what = `fetch ${inner.topic}/${inner.partition}`
  const poll = async (options: { maxWaitMs?: number; maxBytes?: number } = {}): Promise<FetchedChunk> => {
    const maxBytes = Math.min(options.maxBytes ?? fetchBytes, fetchBytes)
    const before = inner.position
    const first = await scheduler.request(process, what, () => inner.poll({ maxBytes }))
    if (first.nextOffset > before || !options.maxWaitMs) return first
    await scheduler.sleep(process, what, options.maxWaitMs)
    return inner.poll({ maxBytes })
  }
  return {
    topic: inner.topic,
    partition: inner.partition,
    get position() {
      return inner.position
    },
    seek: (offset) => inner.seek(offset),
    poll,
  }
}

function simProducer(
  inner: TransactionalProducer,
  options: NetworkOptions & { timeoutMs: number },
): TransactionalProducer {
  const { process, touched, timeoutMs } = options
  const { scheduler } = process.world
  const id = inner.transactionalId
  const call = <T>(what: string, act: () => Promise<T>): Promise<T> =>
    scheduler.request(process, `${what} ${id}`, act)
  const opening = async <T>(act: () => Promise<T>): Promise<T> => {
    const done = await act()
    touched(id, { openFor: timeoutMs })
    return done
  }
  const ending = async <T>(how: 'committed' | 'ended', act: () => Promise<T>): Promise<T> => {
    const done = await act()
    touched(id, how)
    return done
  }
  const transaction = (txn: LogTransaction): LogTransaction => ({
    produce: (records) => call('produce', () => opening(() => txn.produce(records))),
    addOffsets: (group, offsets) => call('add-offsets', () => opening(() => txn.addOffsets(group, offsets))),
    commit: () => call('commit', () => ending('committed', () => txn.commit())),
    abort: () => call('abort', () => ending('ended', () => txn.abort())),
  })
  return {
    transactionalId: id,
    fence: () => call('fence', () => ending('ended', () => inner.fence())),
    // Begin talks to nobody, so nothing can happen in it.
    begin: async () => transaction(await inner.begin()),
    close: () => Promise.resolve(),
  }
}
