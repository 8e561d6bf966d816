/**
 * Starts a thread of the program: from the file beside the module that wants it, or from its text inside the
 * single executable.
 */
import { existsSync } from 'node:fs'
import { getAsset } from 'node:sea'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { LabError } from '../core/errors.ts'
import { SINGLE } from './files.ts'

/** `candidates` are looked for in turn, relative to `base`; the executable knows the thread by its name. */
export function startThread(
  name: string,
  workerData: unknown,
  place: { readonly candidates: readonly string[]; readonly base: string },
): Worker {
  // Flags of the process (--input-type, a loader) are not for the thread: some would refuse its entry.
  const options = { workerData, execArgv: [] }
  if (SINGLE) return new Worker(getAsset(`threads/${name}.cjs`, 'utf8'), { ...options, eval: true })
  const file = place.candidates
    .map((candidate) => fileURLToPath(new URL(candidate, place.base)))
    .find((candidate) => existsSync(candidate))
  if (file !== undefined) return new Worker(file, options)
  throw new LabError('INTERNAL', `${name} is missing beside ${place.base}`, { hint: 'run: make build' })
}
