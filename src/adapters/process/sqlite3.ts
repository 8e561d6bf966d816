/**
 * The state hash by other people's tools: sqlite3 and sha256sum.
 *
 * Promises: undefined where one of them is not installed or can't read the file; nothing is written.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** SHA-256 of what sqlite3 prints for the query. */
export async function shellHash(file: string, query: string): Promise<string | undefined> {
  try {
    const pipe = 'set -o pipefail; sqlite3 -readonly "$1" "$2" | sha256sum'
    const { stdout } = await run('bash', ['-c', pipe, 'bash', file, query])
    return /^[0-9a-f]{64}/.exec(stdout)?.[0]
  } catch {
    return undefined
  }
}
