/**
 * Entry of the snapshot thread: one order, 'mid' on the way, one answer, then it ends. Copying and hashing block, and here
 * they block nobody who processes records.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { copyAndDescribe } from './copy.ts'
import type { CopyOrder } from './copy.ts'

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
const tell = (message: unknown): void => parentPort!.postMessage(message)
tell(copyAndDescribe(workerData as CopyOrder, () => tell('mid')))
