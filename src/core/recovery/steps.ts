/**
 * Where a snapshot and a recovery can be interrupted. The names are those of the crash points without the
 * operator, so that a worker hands `at` straight to its crash points; nothing here kills.
 *
 * Promises: a callback is called synchronously where the name says, with nothing of the next step begun.
 */

export type SnapshotStep =
  /** A part of the file is written under its temporary name; nothing of it is known to be on disk. */
  | 'snapshot-copy.mid'
  /** The file is whole and on disk, its name still temporary. */
  | 'snapshot-rename.before'
  /** It has its name; the JSON beside it is not written, nothing is published. */
  | 'snapshot-rename.after'
  /** Of the first snapshot that goes, the JSON is removed and the file is not. */
  | 'prune.mid'

export type ManifestStep =
  /** Acknowledged in its open transaction; EndTxn not sent. */
  | 'manifest-produce.after'
  /** Journalled as about to commit; the one place that is waited for, so that the wire can be armed. */
  | 'manifest-commit.before'
  /** The commit is answered, nothing pruned. */
  | 'manifest-commit.after'

export type RecoveryStep =
  | 'fence.after'
  | 'manifest-load.after'
  /** The new generation holds the snapshot (with a chain: not all its partials); CURRENT still names the old one. */
  | 'restore.mid'
  | 'restore.after'
  /** At least one chunk is applied and at least one is to come. */
  | 'replay.mid'
  | 'replay.after'

export type At<Step> = (step: Step) => void
