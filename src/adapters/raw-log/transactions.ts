/**
 * What the transaction coordinator says about transactional ids (DescribeTransactions, KIP-664), through
 * @platformatic/kafka's protocol layer; the pipeline's own client doesn't speak it.
 *
 * Promises: one row per id that was asked for, in that order; an id that the coordinator has never seen is
 * `undefined` there. Each coordinator is asked over a connection of its own, which is closed again.
 * Does not: change anything, or keep a connection.
 */
import { LabError, messageOf } from '../../core/errors.ts'
import type { TransactionState } from '../../core/freeze/view.ts'

const CLIENT = 'eoslab-freeze'
/** FindCoordinator: of transactions, not of a group. */
const OF_TRANSACTIONS = 1
const BOUNDS = { connectTimeout: 3_000, requestTimeout: 5_000 }

type Client = typeof import('@platformatic/kafka')
type Link = InstanceType<Client['Connection']>

export async function describeTransactions(
  brokers: string,
  ids: readonly string[],
): Promise<(TransactionState | undefined)[]> {
  const client = await import('@platformatic/kafka')
  try {
    const found = await onFirst(client, brokers, (link) =>
      client.findCoordinatorV6.api.async(link, OF_TRANSACTIONS, [...ids]),
    )
    const byPlace = Map.groupBy(
      found.coordinators.filter(({ errorCode }) => errorCode === 0),
      ({ host, port }) => `${host}:${port}`,
    )
    const states = new Map<string, TransactionState>()
    for (const [place, coordinators] of byPlace) {
      const answer = await onLink(client, place, (link) =>
        client.describeTransactionsV0.api.async(
          link,
          coordinators.map(({ key }) => key),
        ),
      )
      for (const state of answer.transactionStates) {
        if (state.errorCode === 0) states.set(state.transactionalId, shown(state))
      }
    }
    return ids.map((id) => states.get(id))
  } catch (error) {
    throw new LabError('BROKER_LOST', `could not describe the transactions: ${messageOf(error)}`, {
      hint: 'Check that the broker is still there: eoslab broker status',
      cause: error,
    })
  }
}

type Described = Awaited<
  ReturnType<Client['describeTransactionsV0']['api']['async']>
>['transactionStates'][number]

const shown = (state: Described): TransactionState => ({
  transactionalId: state.transactionalId,
  state: state.transactionState,
  producerId: String(state.producerId),
  epoch: state.producerEpoch,
  timeoutMs: state.transactionTimeoutMs,
  // The coordinator remembers when the last one began, also when it is over.
  startedAt: state.transactionState === 'Ongoing' ? Number(state.transactionStartTimeMs) : undefined,
  partitions: state.topics.flatMap(({ topic, partitions }) => partitions.map((p) => `${topic}/${p}`)),
})

/** On the first of the bootstrap brokers that answers. */
async function onFirst<T>(client: Client, brokers: string, ask: (link: Link) => Promise<T>): Promise<T> {
  const [place, ...others] = brokers.split(',')
  try {
    return await onLink(client, place!, ask)
  } catch (error) {
    if (others.length === 0) throw error
    return onFirst(client, others.join(','), ask)
  }
}

async function onLink<T>(client: Client, place: string, ask: (link: Link) => Promise<T>): Promise<T> {
  const at = place.lastIndexOf(':')
  const link = new client.Connection(CLIENT, BOUNDS)
  try {
    await link.connect(place.slice(0, at), Number(place.slice(at + 1)))
    return await ask(link)
  } finally {
    await link.close().catch(() => {})
  }
}
