/**
 * The stateless wrapper in OpB's place (`--stateless`): passes the enriched value through transactionally,
 * unchanged plus `src`, so that OpA can be studied alone. No state, no changelog, no snapshots.
 */
import type { TopicNames } from '../../contracts/names.ts'
import type { Step } from '../../primitives/transactional-loop.ts'

export function createWrapper(names: TopicNames): Step {
  return {
    compute: (records, identity) =>
      records.map((record) => ({
        topic: names.output,
        partition: record.partition,
        key: record.key,
        value: record.value,
        headers: identity(record),
      })),
    apply: () => {},
  }
}
