/**
 * One place where kafkajs is set up: quiet logger, socket factory (through the wire proxy if there is one),
 * retry timing, and the translation of its errors.
 *
 * Promises: every error that leaves is a LabError; "not committed for sure" and "nobody knows" stay apart.
 * kafkajs's transaction manager ignores the `retry` option and waits 300 ms first; the timing is set on its
 * own defaults instead (a fence over a dangling transaction then takes what the broker takes).
 */
import net from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import loggers from 'kafkajs/src/loggers/index.js'
import Cluster from 'kafkajs/src/cluster/index.js'
import retryDefaults from 'kafkajs/src/retry/defaults.js'
import { LabError, messageOf, type ErrorCode } from '../../core/errors.ts'

Object.assign(retryDefaults, {
  initialRetryTime: 8,
  multiplier: 1.25,
  factor: 0.1,
  maxRetryTime: 200,
  retries: 60,
})

export interface ConnectionOptions {
  /** "host:port" or several, separated by commas. */
  readonly brokers: string
  readonly clientId: string
  /** host:port of the wire proxy; frames then go through it to the broker they are meant for. */
  readonly proxy?: string | null
}

const REQUEST_TIMEOUT_MS = 10_000
export const OPERATION_TIMEOUT_MS = 20_000

let patienceMs = 0

/** From here on nothing in this process gives up on the broker earlier: it may be halted, and woken, meanwhile. */
export const bePatient = (ms: number): void => {
  patienceMs = ms
}

type SocketFactory = (options: { host: string; port: number; onConnect: () => void }) => net.Socket

/** Sockets that tell the proxy their real destination in one line before the first frame. */
export function socketFactory(proxy: string | null | undefined): SocketFactory {
  if (!proxy) {
    return ({ host, port, onConnect }) => {
      const socket = net.connect({ host, port }, onConnect)
      socket.setNoDelay(true)
      return socket
    }
  }
  const [proxyHost, proxyPort] = splitAddress(proxy)
  return ({ host, port, onConnect }) => {
    const socket = net.connect({ host: proxyHost, port: proxyPort }, () => {
      socket.write(`CONNECT ${host}:${port}\n`)
      onConnect()
    })
    socket.setNoDelay(true)
    return socket
  }
}

export function splitAddress(address: string): [host: string, port: number] {
  const at = address.lastIndexOf(':')
  const port = Number(address.slice(at + 1))
  if (at < 1 || !Number.isInteger(port) || port < 1 || port > 65535) {
    throw new LabError('USAGE', `"${address}" is no broker address`, {
      hint: 'give host:port, several with commas',
    })
  }
  return [address.slice(0, at), port]
}

const quietLogger = () => () => {}

/** Options for `new Kafka(...)` of the public API. */
export function kafkaConfig(options: ConnectionOptions) {
  return {
    clientId: options.clientId,
    brokers: options.brokers.split(','),
    connectionTimeout: 3000,
    requestTimeout: Math.max(REQUEST_TIMEOUT_MS, patienceMs),
    socketFactory: socketFactory(options.proxy) as never,
    logLevel: 0,
    logCreator: quietLogger,
  }
}

/** A cluster of the protocol layer: what kafkajs's own consumer and admin stand on. */
export function newCluster(options: ConnectionOptions): Cluster {
  for (const broker of options.brokers.split(',')) splitAddress(broker)
  return new Cluster({
    ...kafkaConfig(options),
    logger: loggers.createLogger({ level: 0, logCreator: quietLogger }),
    enforceRequestTimeout: true,
    metadataMaxAge: 300_000,
    allowAutoTopicCreation: false,
    retry: { retries: 8 },
  })
}

interface KafkaErrorShape {
  readonly type?: string
  readonly cause?: unknown
}

/** Protocol error name ("INVALID_PRODUCER_EPOCH") of whatever kafkajs threw, through its wrappers. */
export function protocolType(error: unknown): string | undefined {
  let current: unknown = error
  for (let depth = 0; depth < 6 && typeof current === 'object' && current !== null; depth++) {
    const { type, cause } = current as KafkaErrorShape
    if (type) return type
    current = cause
  }
  return undefined
}

const FENCED = new Set([
  'INVALID_PRODUCER_EPOCH',
  'PRODUCER_FENCED',
  'INVALID_PRODUCER_ID_MAPPING',
  'TRANSACTION_COORDINATOR_FENCED',
])

/** Wraps anything as a LabError; a fenced producer is always FENCED, whatever was asked for. */
export function asLabError(error: unknown, code: ErrorCode, what: string): LabError {
  if (error instanceof LabError) return error
  const type = protocolType(error)
  if (type !== undefined && FENCED.has(type)) {
    return new LabError(
      'FENCED',
      `${what}: refused by the broker (${type}): a newer incarnation has taken over`,
      { cause: error },
    )
  }
  if (type === 'UNKNOWN_TOPIC_OR_PARTITION') {
    return new LabError('MISSING_TOPIC', `${what}: the broker knows no such topic or partition`, {
      cause: error,
      hint: 'create the topics: eoslab topics create --prefix P',
    })
  }
  return new LabError(code, `${what}: ${messageOf(error)}`, { cause: error })
}

/** A new topic or group, or one whose leader is moving: the broker asks to come again, and says nothing happened. */
const UNSETTLED = new Set([
  'NOT_LEADER_FOR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'OFFSET_NOT_AVAILABLE',
  'NOT_COORDINATOR_FOR_GROUP',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'GROUP_LOAD_IN_PROGRESS',
])
const UNSETTLED_MS = 10_000
const ASK_AGAIN_MS = 10

/** Repeats a read while the leader or coordinator is not settled, bounded; `again` refreshes what is known of it. */
export async function whileUnsettled<T>(call: () => Promise<T>, again: () => Promise<void>): Promise<T> {
  const end = performance.now() + UNSETTLED_MS
  for (;;) {
    try {
      return await call()
    } catch (error) {
      const type = protocolType(error)
      if (type === undefined || !UNSETTLED.has(type) || performance.now() > end) throw error
      await delay(ASK_AGAIN_MS)
      await again()
    }
  }
}

/** Bounds an operation: a broker that stops answering must not hang us. */
export async function bounded<T>(
  promise: Promise<T>,
  usualMs: number,
  code: ErrorCode,
  what: string,
): Promise<T> {
  const ms = Math.max(usualMs, patienceMs)
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(
          new LabError(code, `${what}: no answer within ${ms / 1000} s`, {
            hint: 'is the broker still running? eoslab broker status',
          }),
        ),
      ms,
    )
  })
  try {
    return await Promise.race([promise, timeout])
  } finally {
    clearTimeout(timer)
  }
}
