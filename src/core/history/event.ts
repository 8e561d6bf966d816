/**
 * History events: what workers and supervisor write down, in Jepsen's form. An operation is an `invoke`
 * and then `ok`, `fail` (surely did not happen) or `info` (a fact, or an outcome nobody knows).
 * A commit in flight at a crash has an invoke and nothing after it: its outcome is unknown.
 *
 * Example, one killed life of OpB:
 *   {"f":"fence","type":"ok",...} {"f":"commit","type":"invoke","n":7} (nothing more)
 */

export type EventType = 'invoke' | 'ok' | 'fail' | 'info'

/** What happened. The fields that each carries are listed in EVENT_FIELDS. */
export type EventName =
  | 'boot'
  | 'own'
  | 'fence'
  | 'committed-offset'
  | 'manifest'
  | 'set-aside'
  | 'restore'
  | 'replay'
  | 'resume'
  | 'first-input'
  | 'txn'
  | 'produce'
  | 'offsets'
  | 'commit'
  | 'abort'
  | 'apply'
  | 'snapshot'
  | 'manifest-commit'
  | 'prune'
  | 'lag-zero'
  | 'kill'
  | 'pause'
  | 'halt'
  | 'hits'
  | 'stop'
  | 'error'
  // written by the supervisor
  | 'spawn'
  | 'exit'
  | 'feed'
  | 'arm'
  | 'frame'
  | 'sigkill'
  | 'sigcont'
  | 'fault'
  | 'drained'

/** Fields beside the common ones, per event (offsets are next-offsets unless the name says otherwise). */
export const EVENT_FIELDS: Record<EventName, string> = {
  boot: 'pid, operator, tasks, and the options that matter',
  own: 'info: tasks (at boot, and when tasks of another instance are taken over)',
  fence: 'invoke: transactionalId; ok: transactionalId, producerId, epoch',
  'committed-offset': 'ok: group, topic, partition, offset (null if none); always after the fence',
  manifest:
    'ok: snapshotId (null if none), lastChangelogOffset, older_manifests (known, in case it is of no use)',
  restore:
    'ok: source (local|snapshot|none), snapshotId, keys, bytes; nextInput, nextChangelog before replay',
  'set-aside': 'info: reason, where (its new name)',
  replay: 'invoke: from, to; ok: from, to, records, applied, skipped, bytes, ms',
  resume: 'info: topic, partition, offset',
  'first-input': 'info: offset',
  txn: 'invoke: n, kind (data|offsets|manifest), records, from, next',
  produce: 'ok: n, ranges [{topic, partition, baseOffset, count}]; sent and of where it was cut in two',
  offsets: 'ok: n, group, topic, partition, offset',
  commit: 'invoke (written before EndTxn is sent): n, kind; ok: n, kind; fail: n, code; info: n, code',
  abort: 'ok: n',
  apply: 'invoke: n; ok: n, nextInput, nextChangelog',
  snapshot: 'invoke: snapshotId; ok: snapshotId, bytes, keys, ms',
  'manifest-commit': 'ok: snapshotId',
  prune: 'ok: removed',
  'lag-zero': 'info: position',
  kill: 'info: point, hit (the last line before the worker kills itself)',
  hits: 'info: counts {<task>/<point>: times}, of a run without a kill',
  pause: 'invoke: point, hit (the last line before the worker stops itself); ok: woken',
  halt: 'invoke: point, hit (the last line before the worker stops itself, or the supervisor stops it); ok: it goes on; info, of the supervisor: worker, life, why, hit',
  stop: 'info: reason',
  error: 'info: code, message',
  spawn: 'info: worker, incarnation, pid',
  exit: 'info: worker, incarnation, code, signal',
  feed: 'info: orders, upTo',
  arm: 'ok: point, hit, task',
  frame: 'info: api, moment, transactionalId, producerId, epoch, commit, answer',
  sigkill: 'invoke/ok: worker, incarnation, why',
  sigcont: 'invoke: worker, life',
  fault: 'info: fault, and what was done',
  drained: 'info',
}

export interface EventCommon {
  readonly f: EventName
  readonly type: EventType
  /** Partition of the task, where the event belongs to one. */
  readonly task?: number
}

export interface NewEvent extends EventCommon {
  readonly [field: string]: unknown
}

export interface HistoryEvent extends NewEvent {
  /** CLOCK_MONOTONIC, milliseconds. */
  readonly t: number
  /** Wall clock, milliseconds. */
  readonly at: number
  /** Worker that wrote it ("opa", "opb", "supervisor") and its incarnation ("opb.a.2"). */
  readonly who: string
  readonly incarnation: string
  /** Line number within the journal, from 1. */
  readonly i: number
}
