/**
 * Mutations of OpB's recovery and of its snapshots: boundaries by one record, waits for what never comes,
 * updates counted twice, manifests that say something else than the file.
 */
import type { LogRecord, PartitionReader } from '../ports/log.ts'
import { type Mutation, type MutationMaker, logWith, readerWith, storeWith, withStores } from './mutation.ts'

/** Readers of the changelog, changed: nothing but replay reads it. */
const replayReader =
  (changelog: string, change: (reader: PartitionReader) => PartitionReader): Mutation['log'] =>
  (log) =>
    logWith(log, {
      reader: (options) => {
        const reader = log.reader(options)
        return options.topic === changelog ? change(reader) : reader
      },
    })

const keeping = (
  reader: PartitionReader,
  keep: (records: readonly LogRecord[], first: boolean) => readonly LogRecord[],
): PartitionReader => {
  let first = true
  return readerWith(reader, {
    poll: async (options) => {
      const chunk = await reader.poll(options)
      const records = keep(chunk.records, first)
      if (chunk.records.length > 0) first = false
      return { ...chunk, records }
    },
  })
}

/** Replays from the record after the one that is next. */
export const replaySkipsFirst: MutationMaker = ({ names }) => ({
  log: replayReader(names.changelog, (reader) =>
    keeping(reader, (records, first) => (first ? records.slice(1) : records)),
  ),
})

/** Replays up to the last record, exclusive. */
export const replayDropsLast: MutationMaker = ({ names }) => ({
  log: replayReader(names.changelog, (reader) => keeping(reader, (records) => records.slice(0, -1))),
})

/** Is done when the last record has come, though the log ends with control records. The bound is cut short. */
export const doneAtLastRecord: MutationMaker = ({ names }) => ({
  recovery: { stallMs: 1_500 },
  log: replayReader(names.changelog, (reader) => {
    let position = reader.position
    return readerWith(reader, {
      position: () => position,
      poll: async (options) => {
        const chunk = await reader.poll(options)
        position = (chunk.records.at(-1)?.offset ?? position - 1) + 1
        return chunk
      },
    })
  }),
})

/** Replays the log from its beginning onto newer state, which is fine, and adds every delta again, which is not. */
export const seqIgnored: MutationMaker = ({ names }) => {
  let replaying = true
  return {
    recovered: () => (replaying = false),
    log: (log) =>
      logWith(log, {
        reader: (options) =>
          log.reader(options.topic === names.changelog ? { ...options, from: 0 } : options),
      }),
    home: withStores((store) =>
      storeWith(store, {
        get: (key) => {
          const row = store.get(key)
          return row && replaying ? { ...row, seq: 0 } : row
        },
      }),
    ),
  }
}

/** Names in the manifest the changelog offset of the live state, five updates beyond the copy. */
export const manifestAhead: MutationMaker = () => ({
  manifest: (manifest) => ({ ...manifest, lastChangelogOffset: manifest.lastChangelogOffset + 5 }),
})
