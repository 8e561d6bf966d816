/**
 * SQLite's addon out of the single executable: the loader of shared objects takes nothing but files.
 *
 * Promises: what is loaded has the digest that the build recorded, checked at every start; it is published by
 * rename, so that any number of first runs at once are safe; the folder is ours alone (0700). Where the cache
 * can't be written or isn't ours, a private folder below the temporary one serves, and is gone once loaded.
 * Does not: run in a checkout; there the package finds its addon by itself.
 */
import { createHash } from 'node:crypto'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { getRawAsset } from 'node:sea'
import { LabError, messageOf } from '../core/errors.ts'
import { cacheDirectory } from './cache-directory.ts'
import { refuseKernelFolder } from './real-folder.ts'
import { ownText } from './files.ts'

const PRIVATE = 0o700

let loaded: object | undefined

export function sqliteAddon(): object {
  loaded ??= load()
  return loaded
}

function load(): object {
  const digest = ownText('better_sqlite3.sha256').trim()
  try {
    return open(inCache(digest))
  } catch {
    return fromTemporary()
  }
}

function inCache(digest: string): string {
  const folder = path.join(cacheDirectory(), 'native')
  refuseKernelFolder(folder, 'EOSLAB_CACHE', 'CACHE_UNUSABLE')
  mkdirSync(folder, { recursive: true, mode: PRIVATE })
  if (lstatSync(folder).uid !== process.getuid?.()) throw new Error(`${folder} belongs to somebody else`)
  chmodSync(folder, PRIVATE)
  const file = path.join(folder, `better_sqlite3-${digest.slice(0, 16)}.node`)
  if (digestOf(file) === digest) return file
  const scratch = mkdtempSync(path.join(folder, '.making-'))
  try {
    const made = path.join(scratch, 'addon')
    write(made)
    renameSync(made, file)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
  return file
}

/** A loaded object stays loaded without its file. */
function fromTemporary(): object {
  let folder: string | undefined
  try {
    folder = mkdtempSync(path.join(os.tmpdir(), 'eoslab-native-'))
    const file = path.join(folder, 'better_sqlite3.node')
    write(file)
    return open(file)
  } catch (error) {
    throw new LabError(
      'CACHE_UNUSABLE',
      `SQLite cannot be loaded, neither from ${cacheDirectory()} nor from ${os.tmpdir()}: ${messageOf(error)}`,
      { hint: 'Set EOSLAB_CACHE to a folder that can be written and may hold programs.', cause: error },
    )
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
  }
}

const write = (file: string): void =>
  writeFileSync(file, Buffer.from(getRawAsset('better_sqlite3.node')), { mode: 0o500, flag: 'wx' })

function digestOf(file: string): string | undefined {
  try {
    return lstatSync(file).isFile()
      ? createHash('sha256').update(readFileSync(file)).digest('hex')
      : undefined
  } catch {
    return undefined
  }
}

function open(file: string): object {
  const module = { exports: {} }
  process.dlopen(module, file)
  return module.exports
}
