/**
 * The workers port: starting, stopping and killing the processes that get killed, and the messages between
 * a worker and its supervisor.
 *
 * Promises: a worker is the node executable itself in its own process group; `exited` resolves with the
 * signal that ended it, stamped when the process was gone; a worker whose supervisor is gone kills itself.
 */
import type { ChangelogMode } from '../contracts/records.ts'
import type { Operator, TopicNames } from '../contracts/names.ts'
import type { SnapshotKind } from '../recovery/snapshot-kind.ts'
import type { Isolation } from './log.ts'
import type { ProxyMoment } from './proxy.ts'

export type Guarantee = 'exactly-once' | 'at-least-once' | 'at-most-once'

/** Everything a worker is told; one JSON document. */
export interface WorkerSpec {
  readonly operator: Operator
  readonly pipeline: 'reference' | 'reference-stateless'
  readonly prefix: string
  readonly brokers: string
  /** host:port of the wire proxy, if frames go through one. */
  readonly proxy: string | null
  /** Serve Prometheus metrics on 127.0.0.1 there; 0 takes a free port. */
  readonly metricsPort?: number
  readonly names: TopicNames
  readonly group: string
  readonly tasks: readonly number[]
  readonly instance: string
  /** Absolute: `<state root>/<prefix>`. */
  readonly stateDir: string
  /** Absolute: parent of `opb-<partition>` snapshot directories. */
  readonly snapshotDir: string
  readonly guarantee: Guarantee
  readonly isolation: Isolation
  readonly client: 'kafkajs' | 'kafkajs-as-released'
  /** Records per transaction at most. */
  readonly batch: number
  readonly commitIntervalMs: number
  readonly untilCaughtUp: boolean
  /** Seconds. */
  readonly window: number
  readonly changelog: ChangelogMode
  readonly snapshotEvery: { readonly ms?: number; readonly updates?: number } | null
  readonly retain: number
  /** 'auto' if not said: partial while that is cheaper. */
  readonly snapshotKind?: SnapshotKind
  /** Compress partial snapshots; on if not said. */
  readonly snapshotZstd?: boolean
  readonly transactionTimeoutMs: number
  /** Give up on the broker no earlier: the worker may be halted for so long, and go on. */
  readonly patienceMs?: number
  readonly crashAt: CrashOrder | null
  /** Own the tasks though an earlier owner seems to live: it was stopped, and is to be fenced. */
  readonly takeOver?: boolean
  /** Cut batches by count alone; a shorter one only at an input end that the supervisor has named. */
  readonly fixedBatches?: boolean
  /** Bytes per chunk of a replay at most. */
  readonly replayChunkBytes?: number
  /** Its wall clock is off by so much (a fault); the monotonic one is not. */
  readonly clockOffsetMs?: number
  /** Check every row of a state when it is opened, however many there are. */
  readonly verifyState?: true
  /** What is wrong with it on purpose (core/mutations); absent in a correct worker. */
  readonly mutation?: string
}

/** Kill at the hit-th time (counted from when the order is given) that the task reaches the point. */
export interface CrashOrder {
  readonly point: string
  readonly hit: number
  readonly task: number
  /** Stop there instead (SIGSTOP), and go on when woken. */
  readonly halt?: true
}

export type ToWorker =
  | { readonly type: 'stop' }
  | { readonly type: 'crash'; readonly order: CrashOrder }
  | { readonly type: 'armed' }
  /** Nothing comes at or after this offset for now. */
  | { readonly type: 'input-end'; readonly task: number; readonly offset: number }
  /** Fence, recover and process these tasks too. */
  | { readonly type: 'own'; readonly tasks: readonly number[] }
  | { readonly type: 'snapshot'; readonly task: number; readonly request: number }

export type FromWorker =
  | { readonly type: 'ready'; readonly incarnation: string; readonly journal: string }
  | { readonly type: 'recovered'; readonly task: number }
  | {
      readonly type: 'progress'
      readonly task: number
      readonly next: number
      readonly position: number
      readonly lso: number
      readonly records: number
    }
  | { readonly type: 'lag-zero'; readonly task: number; readonly position: number }
  | { readonly type: 'crash-accepted' }
  /** Sent just before the process stops itself. */
  | { readonly type: 'pausing'; readonly point: string }
  | {
      readonly type: 'arm'
      readonly transactionalId: string
      readonly moment: ProxyMoment
      readonly point: string
      readonly hit: number
    }
  | {
      readonly type: 'snapshot-done'
      readonly task: number
      readonly request: number
      readonly snapshotId: string
      readonly bytes: number
      readonly ms: number
    }
  | { readonly type: 'log-line'; readonly line: string }
  | { readonly type: 'failed'; readonly code: string; readonly message: string; readonly hint?: string }

export interface WorkerExit {
  readonly code: number | null
  readonly signal: string | null
  /** CLOCK_MONOTONIC, milliseconds. */
  readonly t: number
}

export interface WorkerHandle {
  readonly pid: number
  readonly incarnation: string | undefined
  /** CLOCK_MONOTONIC at spawn. */
  readonly spawnedAt: number
  readonly exited: Promise<WorkerExit>
  send(message: ToWorker): void
  onMessage(listener: (message: FromWorker) => void): void
  kill(signal: 'SIGKILL' | 'SIGTERM' | 'SIGINT' | 'SIGSTOP' | 'SIGCONT'): void
}

export interface Workers {
  spawn(spec: WorkerSpec): WorkerHandle
}
