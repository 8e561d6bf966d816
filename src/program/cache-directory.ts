/** Where things are kept that can be brought or made again: the broker's files, the executable's addon. */
import os from 'node:os'
import path from 'node:path'

type Environment = Readonly<Record<string, string | undefined>>

export function cacheDirectory(env: Environment = process.env): string {
  const own = env['EOSLAB_CACHE']
  if (own !== undefined && own !== '') return path.resolve(own)
  const shared = env['XDG_CACHE_HOME']
  // The specification says a relative XDG_CACHE_HOME is invalid and to be ignored.
  if (shared !== undefined && path.isAbsolute(shared)) return path.join(shared, 'eoslab')
  return path.join(os.homedir(), '.cache', 'eoslab')
}
