/**
 * Reaching a broker, and starting one of ours: what the other broker files of the lab stand on.
 *
 * Promises: loads the process adapter or a client only when it is needed.
 * Does not: choose a broker; broker.ts does.
 */
import type { Coordinators, RunningBroker } from '../../adapters/process/broker.ts'
import { LabError, messageOf } from '../../core/errors.ts'

const REACH_MS = 6_000

export interface BrokerOptions {
  /** From `--brokers` or EOSLAB_BROKERS. */
  readonly brokers?: string | undefined
  readonly stateDir: string
  /** Progress, for stderr. */
  readonly say?: ((text: string) => void) | undefined
}

export const silent = (): void => undefined

/** A name, an IPv4 address or an IPv6 one in brackets, and a port that there is. */
function isAddress(text: string): boolean {
  const port = Number(/^(?:\[[\da-f:.]+\]|[^\s:/[\]]+):(\d{1,5})$/iu.exec(text)?.[1])
  return port >= 1 && port <= 65_535
}

/** Resolves with the cluster id if one of the addresses answers; NO_BROKER, within ten seconds, if none. */
export async function reach(brokers: string, hint: string): Promise<string> {
  const addresses = brokers.split(',').map((address) => address.trim())
  for (const address of addresses) {
    if (isAddress(address)) continue
    throw new LabError('USAGE', `"${address}" is no broker address (--brokers, or EOSLAB_BROKERS)`, {
      hint: 'Give host:port without http:// or the like, several with commas.',
    })
  }
  const { probe } = await import('../../adapters/process/metadata-probe.ts')
  try {
    const answer = await Promise.any(addresses.map((address) => probe(address, REACH_MS)))
    return answer.clusterId
  } catch (error) {
    const reasons =
      error instanceof AggregateError ? error.errors.map(messageOf).join('; ') : messageOf(error)
    throw new LabError('NO_BROKER', `no Kafka broker answers at ${brokers}: ${reasons}`, {
      hint,
      cause: error,
    })
  }
}

/** `broker fetch`: everything a later start needs, so that it needs no network. Says where it is. */
export async function fetchFiles(say: (text: string) => void): Promise<{ cache: string }> {
  const { fetchBroker } = await import('../../adapters/process/broker.ts')
  return { cache: await fetchBroker({ say, coordinators: await coordinators() }) }
}

type OwnStart = Omit<
  Parameters<typeof import('../../adapters/process/broker.ts').startBroker>[0],
  'coordinators'
>

/** Starts a broker whose coordinators are awake. */
export async function start(options: OwnStart): Promise<RunningBroker> {
  const { startBroker } = await import('../../adapters/process/broker.ts')
  return startBroker({ ...options, coordinators: await coordinators() })
}

async function coordinators(): Promise<Coordinators> {
  return import('../../adapters/kafka/warm-up.ts')
}
