/**
 * The topics port: creating, listing and deleting topics, and bulk loading of `orders` by the generator.
 * Only tools and the supervisor use it; operators never do.
 */
export interface TopicSpec {
  readonly topic: string
  readonly partitions: number
  readonly config: Readonly<Record<string, string>>
}

export interface BulkRecord {
  readonly partition: number
  readonly key: string | Buffer | null
  /** null is a record without a value: dirt that OpA must know. */
  readonly value: string | Buffer | null
  readonly headers?: Record<string, string>
}

export interface TopicAdmin {
  list(prefix: string): Promise<string[]>
  /** Creates those that are missing; resolves when each has a leader. */
  create(topics: readonly TopicSpec[]): Promise<void>
  remove(topics: readonly string[]): Promise<void>
  /** Replaces the topic's own settings: what is not named goes back to the broker's default. */
  configure(topic: string, config: TopicSpec['config']): Promise<void>
  /** Appends with acks=all from an idempotent producer, in order per partition. */
  append(topic: string, records: readonly BulkRecord[]): Promise<void>
  close(): Promise<void>
}
