/**
 * Folders that nothing can be written to, told before anything is tried.
 *
 * Promises: a path below /proc or /sys is refused at once; Node's recursive mkdir never returns there.
 * Does not: say whether a folder is writable; whoever writes finds out.
 */
import { statfsSync } from 'node:fs'
import path from 'node:path'
import { LabError, type ErrorCode } from '../core/errors.ts'

/** File systems of the kernel, by statfs: proc, sysfs. */
const KERNEL = new Set([0x9fa0, 0x62656572])

export function refuseKernelFolder(folder: string, from: string, code: ErrorCode = 'STATE_UNUSABLE'): string {
  if (!KERNEL.has(fileSystemOf(path.resolve(folder)))) return folder
  throw new LabError(
    code,
    `${from} ${folder}: it lies in a file system of the kernel, which keeps no files`,
    {
      hint: `Name a folder on a disk: ${from}${/^[A-Z]/.test(from) ? '=' : ' '}DIR`,
    },
  )
}

/** Of the nearest folder above that there is. */
function fileSystemOf(folder: string): number {
  try {
    return statfsSync(folder).type
  } catch {
    const above = path.dirname(folder)
    return above === folder ? 0 : fileSystemOf(above)
  }
}
