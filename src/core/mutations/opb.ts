/**
 * Mutations of OpB while it processes: when its state is written, what is written, what is sent.
 * Each function is one thing that a tired engineer would write.
 */
import type { StateRow } from '../contracts/records.ts'
import type { LogRecord, OutputRecord, ProducedRange } from '../ports/log.ts'
import type { ApplyRequest, StoreRow } from '../ports/store.ts'
import type { Step } from '../primitives/transactional-loop.ts'
import { type MutationMaker, storeWith, withStores, withTransactions } from './mutation.ts'

/** Writes its state first and commits to Kafka afterwards. */
export const sqliteFirst: MutationMaker = ({ names }) => {
  let apply: Step['apply'] = () => {}
  let ranges: ProducedRange[] = []
  return {
    step: (step) => {
      apply = (produced, next) => step.apply(produced, next)
      return { compute: (records, identity) => step.compute(records, identity), apply: () => {} }
    },
    log: withTransactions((txn) => ({
      produce: async (records) => (ranges = await txn.produce(records)),
      addOffsets: async (group, offsets) => {
        await txn.addOffsets(group, offsets)
        const [own] = offsets.filter((o) => o.topic === names.enriched)
        if (own) apply(ranges, own.offset)
      },
    })),
  }
}

/** Writes the next offsets in a transaction of their own, ahead of the rows. */
export const checkpointFirst: MutationMaker = () => ({
  home: withStores((store) =>
    storeWith(store, {
      apply: ({ mid, rows, ...request }) => {
        store.apply({ ...request, rows: [] })
        mid?.()
        store.apply({ ...request, expectedNextInput: request.next.nextInput, rows })
      },
    }),
  ),
})

const copied = (request: ApplyRequest): ApplyRequest => {
  const { mid: _mid, ...rest } = request
  return { ...rest, rows: [...request.rows] }
}

/** Writes the offsets with each batch and its rows, held in memory, with the next one. */
export const rowsLate: MutationMaker = () => ({
  home: withStores((store) => {
    let held = new Map<string, StoreRow>()
    return storeWith(store, {
      get: (key) => held.get(key) ?? store.get(key),
      apply: (request) => {
        const rows = [...held.values()]
        held = new Map([...request.rows].map((row) => [row.key, row]))
        const { mid: _mid, ...rest } = request
        store.apply({ ...rest, rows })
      },
    })
  }),
})

/** Holds rows and offsets of the last batch in memory and forgets them when it is asked to stop. */
export const notFlushed: MutationMaker = () => ({
  home: withStores((store) => {
    let held: ApplyRequest | undefined
    let rows = new Map<string, StateRow>()
    return storeWith(store, {
      get: (key) => rows.get(key) ?? store.get(key),
      position: () => held?.next ?? store.position(),
      apply: (request) => {
        if (held) store.apply(held)
        held = copied(request)
        rows = new Map([...held.rows].map((row) => [row.key, row]))
      },
    })
  }),
})

/** Forgets the overlay at the commit while the state is written one batch later. */
export const overlayForgotten: MutationMaker = () => ({
  home: withStores((store) => {
    let held: ApplyRequest | undefined
    const flush = (): void => {
      if (held) store.apply(held)
      held = undefined
    }
    return storeWith(store, {
      apply: (request) => {
        flush()
        held = copied(request)
      },
      position: () => held?.next ?? store.position(),
      close: () => {
        flush()
        store.close()
      },
    })
  }),
})

/** Sends only the last output of each key in a batch, the others being outdated anyway. */
export const lastOutputOnly: MutationMaker = ({ names }) => ({
  step: (step) => ({
    compute: (records, identity) => {
      const outputs = step.compute(records, identity)
      const last = new Map<string, OutputRecord>()
      for (const output of outputs) if (output.topic === names.output) last.set(String(output.key), output)
      return outputs.filter((o) => o.topic !== names.output || last.get(String(o.key)) === o)
    },
    apply: (ranges, nextInput) => step.apply(ranges, nextInput),
  }),
})

const withTimeAsReceived = (record: LogRecord): LogRecord => {
  const order = JSON.parse(String(record.value)) as { ts: string | number; normTs: number }
  return { ...record, value: Buffer.from(JSON.stringify({ ...order, normTs: Number(order.ts) })) }
}

/** Opens its windows by the time as received, which is in milliseconds now and then. */
export const rawTime: MutationMaker = () => ({
  step: (step) => ({
    compute: (records, identity) => {
      const bySame = new Map(records.map((record) => [withTimeAsReceived(record), record]))
      return step.compute([...bySame.keys()], (record) => identity(bySame.get(record)!))
    },
    apply: (ranges, nextInput) => step.apply(ranges, nextInput),
  }),
})

/** Applies without asking whether the state is still its own, and where it stands. */
export const ownerUnchecked: MutationMaker = () => ({
  home: withStores((store) =>
    storeWith(store, {
      apply: (request) =>
        store.apply({
          ...request,
          owner: store.owner() ?? request.owner,
          expectedNextInput: store.position().nextInput,
        }),
    }),
  ),
})
