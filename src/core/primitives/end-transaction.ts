/**
 * The commit of a transaction, of whatever kind, and what is written down of it.
 *
 * Promises: EndTxn is sent once; the journal says ok, fail (surely not committed, which only FENCED is) or info
 * (nobody knows), and the error leaves here. Does not: decide what comes then.
 */
import { LabError } from '../errors.ts'
import type { NewEvent } from '../history/event.ts'
import type { LogTransaction } from '../ports/log.ts'

export async function endTransaction(
  { journal, task }: { readonly journal: { append(event: NewEvent): unknown }; readonly task: number },
  txn: Pick<LogTransaction, 'commit'>,
  of: { readonly n: number; readonly kind: 'data' | 'offsets' | 'manifest' },
): Promise<void> {
  journal.append({ f: 'commit', type: 'invoke', task, ...of })
  try {
    await txn.commit()
  } catch (error) {
    const code = error instanceof LabError ? error.code : 'INTERNAL'
    journal.append({ f: 'commit', type: code === 'FENCED' ? 'fail' : 'info', task, ...of, code })
    throw error
  }
  journal.append({ f: 'commit', type: 'ok', task, ...of })
}
