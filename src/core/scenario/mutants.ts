/**
 * The mutants: broken twins of the reference pipeline, one thing wrong in each (design: the oracle).
 *
 * Promises: an entry fixes everything that the anomaly needs in order to show: workload, kill points,
 * worker options, when the killed worker may restart; and predicts what the oracle must then say. With at
 * most 50 keys and about 50 updates each, no key is so rare that a lost or doubled update could hide.
 * Does not: tell the oracle anything. It judges the same raw logs whether a mutant ran or not.
 *
 * A new mutant is one entry here and one file in experiments/mutants/.
 */
import type { AnomalyName } from '../oracle/verdict.ts'
import type { MutationName } from '../mutations/index.ts'
import { SAFE_WORKER, type Mutant, type MutantWorkload } from './mutant.ts'

export { SAFE_WORKER } from './mutant.ts'
export type { Mutant, Restart, WorkerOptions } from './mutant.ts'

const FEW_KEYS: MutantWorkload = {
  orders: 2_000,
  partitions: 1,
  stores: 4,
  products: 10,
  window: 1_000_000_000,
}

/** Aborted orders that OpB counted were also counted when OpA produced them again. */
const AFTER_ABORTED_READ: readonly AnomalyName[] = ['over-count', 'dirty-state', 'divergence']

const opa = (mutation: MutationName): Mutant['workers'] => ({
  opa: { ...SAFE_WORKER, mutation },
  opb: SAFE_WORKER,
})

const opb = (mutation: MutationName): Mutant['workers'] => ({
  opa: SAFE_WORKER,
  opb: { ...SAFE_WORKER, mutation },
})

const AT_ONCE = { workload: FEW_KEYS, restart: 'at-once' } as const

/** So many keys that a lost change is not soon covered by a later one of its key. */
const MANY_KEYS: MutantWorkload = { ...FEW_KEYS, stores: 20, products: 100 }

export const MUTANTS = {
  'at-least-once': {
    name: 'at-least-once',
    wrong: 'OpA commits its input offsets outside its transaction, after it',
    workload: FEW_KEYS,
    points: ['opa.commit.mid', 'opa.commit.after'],
    workers: { opa: { ...SAFE_WORKER, guarantee: 'at-least-once' }, opb: SAFE_WORKER },
    restart: 'at-once',
    primary: 'duplicate',
    allowed: ['offset-behind', 'over-count', 'divergence'],
  },
  'at-most-once': {
    name: 'at-most-once',
    wrong: 'OpA commits its input offsets outside its transaction, before it',
    workload: FEW_KEYS,
    points: ['opa.commit.before'],
    workers: { opa: { ...SAFE_WORKER, guarantee: 'at-most-once' }, opb: SAFE_WORKER },
    restart: 'at-once',
    primary: 'lost-write',
    allowed: ['offset-ahead', 'under-count', 'divergence'],
  },
  'read-uncommitted': {
    name: 'read-uncommitted',
    wrong: 'OpB reads records of transactions that are still open',
    workload: FEW_KEYS,
    points: ['opa.commit.before'],
    workers: { opa: SAFE_WORKER, opb: { ...SAFE_WORKER, isolation: 'read_uncommitted' } },
    restart: 'when-opb-passed-open-records',
    primary: 'aborted-read',
    allowed: AFTER_ABORTED_READ,
  },
  'client-as-released': {
    name: 'client-as-released',
    wrong: 'OpB reads with kafkajs as released, whose read_committed filter forgets interleaved aborts',
    workload: { ...FEW_KEYS, partitions: 2 },
    points: ['opa.commit.before'],
    workers: {
      opa: { ...SAFE_WORKER, instances: 2 },
      opb: { ...SAFE_WORKER, client: 'kafkajs-as-released' },
    },
    restart: 'interleaved-two-instances',
    primary: 'aborted-read',
    allowed: AFTER_ABORTED_READ,
  },
  'offset-one-too-far': {
    ...AT_ONCE,
    name: 'offset-one-too-far',
    wrong: 'OpA commits the offset after the next record, which is then never read',
    points: ['opa.commit.after'],
    workers: opa('offsetOneTooFar'),
    primary: 'offset-ahead',
    allowed: ['lost-write', 'under-count', 'divergence'],
  },
  'offset-one-too-few': {
    ...AT_ONCE,
    name: 'offset-one-too-few',
    wrong: 'OpA commits the offset of the last record it has processed, not the one after it',
    points: ['opa.commit.after'],
    workers: opa('offsetOneTooFew'),
    primary: 'offset-behind',
    allowed: ['duplicate', 'over-count'],
  },
  'no-source': {
    ...AT_ONCE,
    name: 'no-source',
    wrong: 'OpA does not say which input a record comes from',
    points: ['opa.commit.mid'],
    workers: opa('noSource'),
    primary: 'phantom-output',
    allowed: ['lost-write', 'offset-ahead'],
  },
  'own-partition': {
    ...AT_ONCE,
    name: 'own-partition',
    wrong: 'OpA writes to the partition it read from, so that one key is counted by two tasks',
    workload: { ...FEW_KEYS, partitions: 2 },
    points: ['opa.commit.mid'],
    workers: opa('ownPartition'),
    primary: 'divergence',
    allowed: ['under-count', 'version-regression', 'version-gap'],
  },
  'sorted-batch': {
    ...AT_ONCE,
    name: 'sorted-batch',
    wrong: 'OpA sorts each batch by key before it writes it',
    points: ['opa.commit.mid'],
    workers: opa('sortedBatch'),
    primary: 'reorder',
    allowed: [],
  },
  'ranges-unchecked': {
    ...AT_ONCE,
    name: 'ranges-unchecked',
    wrong: 'OpA lets orders through whose price is below 0 or quantity below 1',
    points: ['opa.commit.mid'],
    workers: opa('rangesUnchecked'),
    primary: 'divergence',
    allowed: ['over-count', 'under-count', 'phantom-key'],
  },
  'dlq-outside': {
    ...AT_ONCE,
    name: 'dlq-outside',
    wrong: 'OpA writes rejected orders outside its transaction, before it',
    workload: { ...FEW_KEYS, dirty: 0.2 },
    points: ['opa.commit.before'],
    workers: opa('dlqOutside'),
    primary: 'torn-transaction',
    allowed: ['duplicate', 'offset-behind'],
  },
  'open-at-stop': {
    ...AT_ONCE,
    name: 'open-at-stop',
    wrong: 'OpA ends, asked to stop, with a transaction begun and not ended',
    points: ['opa.commit.after'],
    workers: opa('openAtStop'),
    primary: 'hung-transaction',
    allowed: [],
  },
  'own-transactional-id': {
    ...AT_ONCE,
    name: 'own-transactional-id',
    wrong: 'OpA takes a fresh transactional id at each start, so that nobody fences the former owner',
    points: ['opa.pause.commit.after'],
    workers: opa('ownTransactionalId'),
    primary: 'zombie-write',
    allowed: ['duplicate', 'reorder', 'offset-behind', 'over-count', 'divergence', 'offset-ahead'],
  },
  'offsets-before-fence': {
    name: 'offsets-before-fence',
    wrong: 'OpA reads its committed offset before it fences the former life',
    workload: FEW_KEYS,
    points: ['opa.commit.held'],
    workers: opa('offsetsBeforeFence'),
    restart: 'released-before-fence',
    primary: 'duplicate',
    allowed: ['offset-behind', 'over-count', 'divergence'],
  },
  'owner-unchecked': {
    ...AT_ONCE,
    name: 'owner-unchecked',
    wrong: 'OpB applies without asking whether the state still belongs to it',
    points: ['opb.pause.commit.after'],
    workers: opb('ownerUnchecked'),
    primary: 'divergence',
    allowed: ['state-behind', 'version-regression', 'under-count', 'checkpoint-ahead'],
  },
  'checkpoint-first': {
    ...AT_ONCE,
    name: 'checkpoint-first',
    wrong: 'OpB stores its next offsets in a transaction of their own, ahead of the rows',
    workload: MANY_KEYS,
    points: ['opb.apply.mid'],
    workers: opb('checkpointFirst'),
    primary: 'checkpoint-ahead',
    allowed: ['divergence', 'version-regression', 'under-count', 'path-dependence'],
  },
  'sqlite-first': {
    ...AT_ONCE,
    name: 'sqlite-first',
    wrong: 'OpB writes its state before it commits to Kafka',
    points: ['opb.commit.before'],
    workers: opb('sqliteFirst'),
    primary: 'dirty-state',
    allowed: ['divergence', 'checkpoint-ahead', 'stuck-recovery'],
  },
  'rows-late': {
    ...AT_ONCE,
    name: 'rows-late',
    wrong: 'OpB writes its offsets with each batch, and the rows of the batch with the next one',
    workload: MANY_KEYS,
    points: ['opb.commit.mid'],
    workers: opb('rowsLate'),
    primary: 'checkpoint-ahead',
    allowed: ['divergence', 'version-regression', 'under-count', 'path-dependence'],
  },
  'not-flushed': {
    ...AT_ONCE,
    name: 'not-flushed',
    wrong: 'OpB holds the last batch of its state in memory and forgets it when it stops',
    points: ['opb.commit.mid'],
    workers: opb('notFlushed'),
    primary: 'state-behind',
    // The killed life said that it had applied what it only held.
    allowed: ['non-idempotent-recovery'],
  },
  'overlay-forgotten': {
    ...AT_ONCE,
    name: 'overlay-forgotten',
    wrong: 'OpB forgets its overlay at the commit, while its state is written one batch later',
    points: ['opb.commit.mid'],
    workers: opb('overlayForgotten'),
    primary: 'version-regression',
    allowed: [
      'divergence',
      'under-count',
      'checkpoint-ahead',
      'version-gap',
      'over-count',
      'state-behind',
      'non-idempotent-recovery',
      // Its snapshots hold another state than the changelog below them adds up to.
      'path-dependence',
    ],
  },
  'last-output-only': {
    ...AT_ONCE,
    name: 'last-output-only',
    wrong: 'OpB sends only the last output of each key in a batch',
    points: ['opb.commit.mid'],
    workers: opb('lastOutputOnly'),
    primary: 'version-gap',
    allowed: ['lost-write', 'torn-transaction', 'offset-ahead'],
  },
  'raw-time': {
    ...AT_ONCE,
    name: 'raw-time',
    wrong: 'OpB opens its windows by the time as received, milliseconds included',
    workload: { ...FEW_KEYS, dirty: 0.05 },
    points: ['opb.commit.mid'],
    workers: opb('rawTime'),
    primary: 'phantom-key',
    allowed: ['divergence', 'under-count', 'checkpoint-ahead'],
  },
  'replay-skips-first': {
    ...AT_ONCE,
    name: 'replay-skips-first',
    wrong: 'OpB replays from the record after the one that is next',
    workload: MANY_KEYS,
    points: [],
    cells: [{ point: 'opb.commit.mid', hit: 1, mode: 'cold' }],
    workers: opb('replaySkipsFirst'),
    primary: 'divergence',
    allowed: ['checkpoint-ahead', 'version-regression', 'under-count', 'replay-gap'],
  },
  'replay-drops-last': {
    ...AT_ONCE,
    name: 'replay-drops-last',
    wrong: 'OpB replays up to the last record, exclusive',
    points: [],
    cells: [{ point: 'opb.commit.mid', mode: 'cold' }],
    workers: opb('replayDropsLast'),
    primary: 'replay-gap',
    allowed: ['divergence', 'checkpoint-ahead', 'stuck-recovery'],
  },
  'done-at-last-record': {
    ...AT_ONCE,
    name: 'done-at-last-record',
    wrong: 'OpB waits in its replay for a last record, though the log ends with control records',
    points: [],
    cells: [{ point: 'opb.commit.mid', mode: 'cold' }],
    workers: opb('doneAtLastRecord'),
    primary: 'stuck-recovery',
    allowed: [],
  },
  'seq-ignored': {
    ...AT_ONCE,
    name: 'seq-ignored',
    wrong: 'OpB replays an overlap of deltas without looking at seq',
    points: ['opb.commit.mid'],
    workers: {
      opa: SAFE_WORKER,
      opb: { ...SAFE_WORKER, changelog: 'delta-only', mutation: 'seqIgnored' },
    },
    primary: 'over-count',
    allowed: ['divergence', 'version-regression', 'version-gap', 'non-idempotent-recovery'],
  },
  'manifest-ahead': {
    ...AT_ONCE,
    name: 'manifest-ahead',
    wrong: 'OpB names in its manifest an offset that it read from the live state, after the copy',
    points: ['opb.commit.mid'],
    workers: opb('manifestAhead'),
    primary: 'checkpoint-ahead',
    allowed: ['torn-snapshot', 'path-dependence'],
  },
  'manifest-early': {
    ...AT_ONCE,
    name: 'manifest-early',
    wrong: 'OpB publishes the manifest of a snapshot before its file has its name',
    points: ['opb.snapshot-rename.before'],
    workers: opb('manifestEarly'),
    primary: 'dangling-manifest',
    allowed: [],
  },
  'copy-without-wal': {
    ...AT_ONCE,
    name: 'copy-without-wal',
    wrong: "OpB copies its database's main file, without the write-ahead log beside it",
    points: [],
    cells: [{ point: 'opb.commit.mid', mode: 'cold' }],
    workers: opb('copyWithoutWal'),
    primary: 'torn-snapshot',
    allowed: ['checkpoint-ahead', 'path-dependence'],
  },
  'delta-only': {
    name: 'delta-only',
    wrong: 'OpB writes deltas without the sums to a changelog that is compacted',
    workload: FEW_KEYS,
    points: [],
    cells: [{ point: 'opb.commit.mid', mode: 'cold' }],
    workers: { opa: SAFE_WORKER, opb: { ...SAFE_WORKER, changelog: 'delta-only' } },
    restart: 'compacted',
    primary: 'delta-compaction-loss',
    allowed: ['divergence', 'under-count', 'checkpoint-ahead', 'path-dependence'],
  },
} as const satisfies Readonly<Record<string, Mutant>>

export type MutantName = keyof typeof MUTANTS

export const MUTANT_NAMES = Object.keys(MUTANTS) as readonly MutantName[]

export const mutantOf = (name: MutantName): Mutant => MUTANTS[name]
