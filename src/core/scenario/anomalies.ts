/**
 * The anomalies an experiment file may name, each with the sentence that the report explains it with.
 * The definitions proper are the oracle's; the compiler keeps this table and its list of names equal.
 */
import type { AnomalyName } from '../oracle/verdict.ts'

export const ANOMALY_MEANING: Readonly<Record<AnomalyName, string>> = {
  'source-mismatch': 'orders does not hold what the generator wrote',
  'lost-write': 'an input that counts as done has no committed effect',
  duplicate: 'one input has two committed effects',
  'aborted-read': 'a committed effect comes from a record that was aborted',
  'torn-transaction': 'only a part of a transaction had effects',
  'phantom-output': 'a committed effect comes from no input',
  reorder: 'effects of one source partition stand in another order than their inputs',
  'zombie-write': 'a fenced incarnation has committed',
  'offset-ahead': 'the committed offset is beyond the committed effects',
  'offset-behind': 'the committed offset is short of the committed effects, so that they repeat',
  'under-count': 'a total is below the one that orders gives',
  'over-count': 'a total is above the one that orders gives',
  'version-gap': 'a key skips a sequence number',
  'version-regression': 'a key goes back in its sequence numbers',
  'dirty-state': 'the state holds effects of an aborted transaction',
  'state-behind': 'the state lacks committed updates after a clean end',
  'phantom-key': 'the state holds a key that no order has',
  divergence: 'two places that must agree do not',
  'delta-compaction-loss': 'the cleaner removed deltas that no later record of their key carries',
  'torn-snapshot': 'a snapshot file is damaged or incomplete',
  'dangling-manifest': 'a manifest names a snapshot that does not exist',
  'checkpoint-ahead': 'a recorded offset is beyond the content it stands for',
  'manifest-regression': 'a newer manifest stands for less than an older one',
  'replay-gap': 'a recovery went on with a part of the changelog missing',
  'path-dependence': 'a snapshot and its replay give another state than the whole log',
  'non-idempotent-recovery': 'two recoveries from one place gave two states',
  'hung-transaction': 'a transaction stayed open after a clean end',
  'never-zero-lag': 'everything is processed, and a worker never came to the end of its input',
  'stuck-recovery': 'a worker began to recover, was not killed, and never resumed',
  'no-progress': 'a worker resumed with input waiting, and committed nothing',
}

export const ANOMALY_NAMES = Object.keys(ANOMALY_MEANING) as [AnomalyName, ...AnomalyName[]]
