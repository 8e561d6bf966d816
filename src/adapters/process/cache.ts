/**
 * The one way to put a broker's files into the cache.
 *
 * Promises: what has a final name is complete: it was made under a temporary name on the same file system
 * and renamed. Two processes that make the same thing at once end with one of the two, whole.
 * Does not: ever delete a finished entry.
 */
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { LabError, messageOf } from '../../core/errors.ts'
import { refuseKernelFolder } from '../../program/real-folder.ts'

export { cacheDirectory } from '../../program/cache-directory.ts'

/** Makes `target`, a file or a folder, unless it is there. `make` gets a fresh folder and returns what to
 *  move from it. */
export async function publish(target: string, make: (scratch: string) => Promise<string>): Promise<void> {
  if (existsSync(target)) return
  const scratch = await scratchBeside(target)
  try {
    const made = await make(scratch)
    await rename(made, target).catch((error: unknown) => {
      // Somebody else was faster; theirs is as good.
      if (!existsSync(target)) throw error
    })
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function scratchBeside(target: string): Promise<string> {
  refuseKernelFolder(path.dirname(target), 'EOSLAB_CACHE', 'CACHE_UNUSABLE')
  try {
    await mkdir(path.dirname(target), { recursive: true })
    return await mkdtemp(path.join(path.dirname(target), '.making-'))
  } catch (error) {
    throw new LabError('CACHE_UNUSABLE', `the cache cannot be written: ${messageOf(error)}`, {
      hint: 'Set EOSLAB_CACHE to a folder that can be written.',
      cause: error,
    })
  }
}
