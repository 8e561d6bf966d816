/**
 * Where orders come from: the seeded generator, or a file. A source is an iterator that the lab keeps open,
 * so that a load can stop at 40 %, let things happen, and go on with the very next record.
 */
export interface SourceRecord {
  readonly key: string | Buffer | null
  readonly value: string | Buffer | null
  readonly headers?: Record<string, string>
  /** Where the record belongs, if not where its key would put it. */
  readonly partition?: number
}

export type OrderSource = Iterator<SourceRecord, void> | AsyncIterator<SourceRecord, void>
