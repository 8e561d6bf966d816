/**
 * Everything that lies on the broker and on disk at one moment, next to each other, as data: logs in stretches
 * of one transaction and one fate, committed offsets, the coordinator's words, SQLite, the newest manifest.
 *
 * Promises: pure; fates come from the markers of the raw log, as the oracle reads them, never from a client's
 * filter. What could not be read is named in `problems`. Does not: judge, or know how it is drawn.
 */
import { HEADER, decodeTxn } from '../contracts/headers.ts'
import { groupName, transactionalId, type Operator, type TopicNames } from '../contracts/names.ts'
import { MANIFEST_KEY, type Manifest } from '../contracts/records.ts'
import type { HistoryEvent } from '../history/event.ts'
import type { OracleInput, RawPartition, StateDump } from '../oracle/input.ts'
import { committedOf, interpret } from '../oracle/raw.ts'

/** What the transaction coordinator says of one transactional id. */
export interface TransactionState {
  readonly transactionalId: string
  /** Kafka's own word: Empty, Ongoing, PrepareCommit, CompleteAbort and so on. */
  readonly state: string
  readonly producerId: string
  readonly epoch: number
  readonly timeoutMs: number
  /** Wall clock; undefined where none is ongoing. */
  readonly startedAt: number | undefined
  /** Partitions that belong to it, __consumer_offsets among them once offsets are staged. */
  readonly partitions: readonly string[]
}

export type StretchFate = 'committed' | 'aborted' | 'open' | 'COMMIT' | 'ABORT'

/** Neighbouring records of one transaction, or one marker. */
export interface Stretch {
  readonly from: number
  readonly to: number
  readonly records: number
  readonly fate: StretchFate
  /** `<incarnation>/<n>` of its records; undefined for a marker, or outside of transactions. */
  readonly transaction: string | undefined
  readonly producerId: string
  readonly epoch: number
  /** Keys of its last records. */
  readonly keys: readonly string[]
}

export interface LogView {
  readonly role: keyof TopicNames
  readonly topic: string
  readonly partition: number
  readonly lastStableOffset: number
  readonly highWatermark: number
  readonly committed: number
  readonly aborted: number
  readonly open: number
  /** In offset order. */
  readonly stretches: readonly Stretch[]
}

export interface GroupView {
  readonly operator: Operator
  readonly group: string
  readonly topic: string
  readonly partition: number
  /** Undefined before the first commit. */
  readonly offset: number | undefined
  /** Staged in a transaction that is not committed: what it would become. */
  readonly staged: number | undefined
  readonly lastStableOffset: number
}

export interface StateView {
  readonly task: number
  readonly rows: number
  readonly sum: number
  readonly nextInput: number
  readonly nextChangelog: number
  readonly owner: string | undefined
  /** Committed changelog records that it has not applied. */
  readonly behind: number
}

export interface ManifestView {
  readonly task: number
  readonly snapshotId: string
  readonly kind: 'full' | 'partial'
  readonly keys: number
  readonly bytes: number
  readonly nextInput: number
  readonly nextChangelog: number
  readonly retained: number
  /** Of the files that it names. */
  readonly files: { readonly named: number; readonly there: number }
}

export interface TaskTransaction {
  readonly operator: Operator
  readonly task: number
  readonly transactionalId: string
  /** Undefined if the coordinator does not know the id. */
  readonly found: TransactionState | undefined
}

export interface FreezeView {
  /** Wall clock. */
  readonly atMs: number
  readonly logs: readonly LogView[]
  readonly groups: readonly GroupView[]
  readonly transactions: readonly TaskTransaction[]
  readonly states: readonly StateView[]
  readonly manifests: readonly ManifestView[]
  readonly problems: Readonly<Record<string, string>>
}

/** The order in which the pipeline writes them. */
const ROLES = ['orders', 'enriched', 'dlq', 'output', 'changelog', 'snapshots'] as const
const KEYS_SHOWN = 2

/** Transactional ids of all tasks, in the order that `freezeView` expects the coordinator's answers. */
export function tasksOf(prefix: string, partitions: number): Omit<TaskTransaction, 'found'>[] {
  return (['opa', 'opb'] as const).flatMap((operator) =>
    Array.from({ length: partitions }, (_, task) => ({
      operator,
      task,
      transactionalId: transactionalId(prefix, operator, task),
    })),
  )
}

export function freezeView(
  input: OracleInput,
  more: { readonly transactions: readonly TaskTransaction[]; readonly atMs: number },
): FreezeView {
  const logs = ROLES.flatMap((role) =>
    (input.topics[role]?.partitions ?? []).map((raw) => logView(role, raw)),
  )
  return {
    atMs: more.atMs,
    logs,
    groups: groupsOf(input, logs),
    transactions: more.transactions,
    states: (input.states ?? []).map((state) => stateView(state, logs)),
    manifests: manifestsOf(input),
    problems: input.problems ?? {},
  }
}

function logView(role: keyof TopicNames, raw: RawPartition): LogView {
  const fated = interpret(raw)
  const count = (fate: string): number => fated.records.filter((r) => r.fate === fate).length
  return {
    role,
    topic: raw.topic,
    partition: raw.partition,
    lastStableOffset: raw.lastStableOffset,
    highWatermark: raw.highWatermark,
    committed: count('committed'),
    aborted: count('aborted'),
    open: count('open'),
    stretches: stretchesOf(raw),
  }
}

function stretchesOf(raw: RawPartition): Stretch[] {
  const fates = new Map(interpret(raw).records.map(({ record, fate }) => [record.offset, fate]))
  const stretches: Stretch[] = []
  for (const entry of raw.entries) {
    const { offset, producerId, epoch } = entry
    const alone = { from: offset, to: offset, producerId, epoch }
    if (entry.kind === 'marker') {
      stretches.push({ ...alone, records: 0, fate: entry.outcome, transaction: undefined, keys: [] })
      continue
    }
    const txn = decodeTxn(entry.headers[HEADER.txn])
    const transaction = txn && `${txn.incarnation}/${txn.n}`
    const fate = fates.get(offset) ?? 'open'
    const key = entry.key === null ? '(no key)' : entry.key.toString('utf8')
    const last = stretches.at(-1)
    const goesOn =
      last &&
      last.records > 0 &&
      last.fate === fate &&
      last.transaction === transaction &&
      last.producerId === producerId
    if (!goesOn) {
      stretches.push({ ...alone, records: 1, fate, transaction, keys: [key] })
      continue
    }
    const keys = [...last.keys, key].slice(-KEYS_SHOWN)
    stretches[stretches.length - 1] = { ...last, to: offset, records: last.records + 1, keys }
  }
  return stretches
}

/** The offset that a task's newest transaction has staged, while nothing says that it was committed. */
function stagedBy(
  journals: readonly HistoryEvent[],
  operator: Operator,
  task: number,
): HistoryEvent | undefined {
  const own = journals.filter((e) => e.who === operator && e.task === task)
  const life = own.at(-1)?.incarnation
  const staged = own.findLast((e) => e.f === 'offsets' && e.type === 'ok' && e.incarnation === life)
  return staged
}

function groupsOf(input: OracleInput, logs: readonly LogView[]): GroupView[] {
  const journals = input.journals ?? []
  const steps = [
    { operator: 'opa', topic: input.names.orders },
    { operator: 'opb', topic: input.names.enriched },
  ] as const
  return steps.flatMap(({ operator, topic }) =>
    logs
      .filter((log) => log.topic === topic)
      .map(({ partition, lastStableOffset }) => {
        const group = input.groups[operator] ?? groupName(input.prefix, operator)
        const found = input.groupOffsets?.find(
          (g) => g.group === group && g.topic === topic && g.partition === partition,
        )
        const staged = Number(stagedBy(journals, operator, partition)?.['offset'] ?? -1)
        const offset = found?.offset
        return {
          operator,
          group,
          topic,
          partition,
          offset,
          staged: staged > (offset ?? -1) ? staged : undefined,
          lastStableOffset,
        }
      }),
  )
}

function stateView(state: StateDump, logs: readonly LogView[]): StateView {
  const { partition: task, rows, nextInput, nextChangelog, owner } = state
  const changelog = logs.find((log) => log.role === 'changelog' && log.partition === task)
  const behind = (changelog?.stretches ?? [])
    .filter((s) => s.fate === 'committed' && s.to >= nextChangelog)
    .reduce((sum, s) => sum + (s.to - Math.max(s.from, nextChangelog) + 1), 0)
  const sum = rows.reduce((total, row) => total + row.sum, 0)
  return { task, rows: rows.length, sum, nextInput, nextChangelog, owner, behind }
}

function manifestsOf(input: OracleInput): ManifestView[] {
  return (input.topics.snapshots?.partitions ?? []).flatMap((raw) => {
    const newest = committedOf(interpret(raw)).findLast((r) => r.record.key?.toString() === MANIFEST_KEY)
    const manifest = parsed(newest?.record.value)
    if (!manifest) return []
    const own = (input.snapshots ?? []).filter((s) => s.partition === raw.partition)
    return [
      {
        task: raw.partition,
        snapshotId: manifest.snapshotId,
        kind: manifest.kind,
        keys: manifest.keys,
        bytes: manifest.bytes,
        nextInput: manifest.nextInputOffset,
        nextChangelog: manifest.lastChangelogOffset + 1,
        retained: manifest.retained.length,
        files: { named: own.length, there: own.filter((s) => s.exists).length },
      },
    ]
  })
}

function parsed(value: Buffer | null | undefined): Manifest | undefined {
  try {
    return value ? (JSON.parse(value.toString('utf8')) as Manifest) : undefined
  } catch {
    return undefined
  }
}
