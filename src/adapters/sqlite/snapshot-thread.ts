/**
 * Entry of the snapshot thread: one order, 'mid' on the way, one answer, then it ends. Copying, hashing and
 * scanning block, and here they block nobody who processes records.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { copyAndDescribe } from './copy.ts'
import type { CopyOrder, Written } from './copy.ts'
import { scanPartial } from './partial-write.ts'
import type { ScanOrder } from './partial-write.ts'

export type ThreadOrder = ({ readonly do: 'copy' } & CopyOrder) | ({ readonly do: 'scan' } & ScanOrder)

/** 'too many': a partial would not pay. */
export type ThreadAnswer = 'mid' | 'too many' | Written

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
const tell = (answer: ThreadAnswer): void => parentPort!.postMessage(answer)
const mid = (): void => tell('mid')

const work = async (order: ThreadOrder): Promise<ThreadAnswer> =>
  order.do === 'copy' ? await copyAndDescribe(order, mid) : (scanPartial(order, mid) ?? 'too many')

// No await at the top: inside the single executable a thread is CommonJS.
void work(workerData as ThreadOrder).then(tell)
