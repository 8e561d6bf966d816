/**
 * Publishing a manifest: one record in a transaction of its own, by the task's own fenced producer, so that
 * a zombie cannot publish.
 *
 * Promises: called after the snapshot has its final name and is on disk; it is never retried here: of a
 * commit whose fate is unknown only the next incarnation's recovery may judge.
 * Does not: order itself between data transactions; the loop that calls it does.
 */
import { encodeTxn, HEADER } from '../contracts/headers.ts'
import type { TxnRef } from '../contracts/headers.ts'
import { MANIFEST_KEY } from '../contracts/records.ts'
import type { Manifest } from '../contracts/records.ts'
import type { NewEvent } from '../history/event.ts'
import type { TransactionalProducer } from '../ports/log.ts'
import { endTransaction } from '../primitives/end-transaction.ts'
import { encodeManifest } from './manifest.ts'
import type { ManifestStep } from './steps.ts'

export interface PublishOrder {
  /** The opb-snapshots topic. */
  readonly topic: string
  readonly partition: number
  readonly manifest: Manifest
  readonly txn: TxnRef
  /** For crash points. */
  readonly at?: (step: ManifestStep) => void | Promise<void>
}

export async function publishManifest(
  producer: Pick<TransactionalProducer, 'begin'>,
  journal: { append(event: NewEvent): unknown },
  order: PublishOrder,
): Promise<void> {
  const { topic, partition, manifest, txn } = order
  const common = { task: partition, n: txn.n } as const
  journal.append({
    f: 'txn',
    type: 'invoke',
    ...common,
    kind: 'manifest',
    records: 1,
    from: null,
    next: null,
  })
  const transaction = await producer.begin()
  const record = {
    topic,
    partition,
    key: MANIFEST_KEY,
    value: encodeManifest(manifest),
    headers: { [HEADER.txn]: encodeTxn(txn) },
  }
  const ranges = await transaction.produce([record])
  journal.append({ f: 'produce', type: 'ok', ...common, ranges })
  await order.at?.('manifest-produce.after')
  await order.at?.('manifest-commit.before')
  await endTransaction({ journal, task: partition }, transaction, { n: txn.n, kind: 'manifest' })
  await order.at?.('manifest-commit.after')
  journal.append({ f: 'manifest-commit', type: 'ok', ...common, snapshotId: manifest.snapshotId })
}
