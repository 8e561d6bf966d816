/**
 * A limit on how far files may grow, on a process that runs already (prlimit of util-linux).
 *
 * Promises: what is told is what the kernel says afterwards; only the soft limit is touched, so that it can be
 * taken away again without rights. NO_TOOL where it can't be done. A write beyond it fails with EFBIG: Node
 * ignores the signal (SIGXFSZ) that would end other processes.
 */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { LabError, messageOf } from '../../core/errors.ts'

const run = promisify(execFile)

/** Sets the limit, or takes it away; resolves with the one that is now in force. */
export async function limitFileSize(pid: number, bytes: number | 'unlimited'): Promise<string> {
  try {
    await run('prlimit', ['--pid', String(pid), `--fsize=${bytes}:`])
    const limits = readFileSync(`/proc/${pid}/limits`, 'utf8')
    return /^Max file size +(\S+)/m.exec(limits)?.[1] ?? 'unknown'
  } catch (error) {
    throw new LabError('NO_TOOL', `no limit on the files of process ${pid}: ${messageOf(error)}`, {
      hint: 'fault.disk-full and fault.snapshot-disk-full need prlimit (util-linux); without it they are not available here',
      cause: error,
    })
  }
}
