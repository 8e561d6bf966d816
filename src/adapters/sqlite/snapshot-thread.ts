/**
 * Entry of the snapshot thread: one order, one answer, then it ends. Copying and hashing block, and here
 * they block nobody who processes records.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { copyAndDescribe } from './copy.ts'
import type { CopyOrder } from './copy.ts'

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
parentPort!.postMessage(copyAndDescribe(workerData as CopyOrder))
