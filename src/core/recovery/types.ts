/**
 * What recovery is given: ports and options. Types only.
 */
import type { ChangelogMode, StateRow } from '../contracts/records.ts'
import type { NewEvent } from '../history/event.ts'
import type { Clock } from '../ports/clock.ts'
import type { LogPort, LogRecord, TransactionalProducer } from '../ports/log.ts'
import type { SnapshotShelf, StateHome } from '../ports/state-home.ts'
import type { At, RecoveryStep } from './steps.ts'

/** The row that an input record leads to; undefined if it changes nothing. */
export type Fold = (record: LogRecord, get: (key: string) => StateRow | undefined) => StateRow | undefined

export interface RecoveryDeps {
  readonly log: LogPort
  /** Undefined in a rehearsal: nobody is fenced. */
  readonly producer: TransactionalProducer | undefined
  readonly home: StateHome
  readonly shelf: SnapshotShelf
  readonly journal: { append(event: NewEvent): unknown }
  readonly clock: Clock
  /** One JSON object per core log line. */
  readonly say: (line: Readonly<Record<string, unknown>>) => void
  /** For crash points. */
  readonly at?: At<RecoveryStep>
  /** Needed with the changelog off: what one input record does to the state. */
  readonly fold?: Fold
}

export interface RecoverOptions {
  readonly partition: number
  /** Incarnation that becomes the owner. */
  readonly owner: string
  readonly prefix: string
  /** Seconds. */
  readonly window: number
  readonly changelogMode: ChangelogMode
  readonly topics: { readonly input: string; readonly changelog: string; readonly snapshots: string }
  readonly group: string
  /** 'latest', 'none' or a snapshotId. */
  readonly manifest: string
  /** 'keep' (a boot): newer local state is kept; 'replace' (eoslab recover): the manifest is restored anyway. */
  readonly local: 'keep' | 'replace'
  /** 'manifest' replays from the manifest's offset onto newer local state, so that skipping can be seen. */
  readonly replayFrom?: 'state' | 'manifest'
  /** Bound of every wait for progress. */
  readonly stallMs?: number
  /** Bytes per replay chunk at most. */
  readonly chunkBytes?: number
}
