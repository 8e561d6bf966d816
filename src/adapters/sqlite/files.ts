/**
 * Small file steps that the store's promises stand on: durable renames, directories, hashes.
 * Promises: after `renameDurably` the new name survives a crash; a failure names the path and what to do.
 */
import { createHash, randomUUID } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import path from 'node:path'
import { LabError, messageOf } from '../../core/errors.ts'

export function fsyncPath(target: string): void {
  const fd = openSync(target, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

export function renameDurably(from: string, to: string): void {
  renameSync(from, to)
  fsyncPath(path.dirname(to))
}

/** Content is on disk under a temporary name before it gets its own. */
export function writeDurably(file: string, text: string): void {
  const aside = `${file}.tmp`
  writeFileSync(aside, text)
  fsyncPath(aside)
  renameDurably(aside, file)
}

/** Level by level, because mkdir's own recursion never ends below some virtual file systems. */
function makeDirectories(dir: string): void {
  if (existsSync(dir)) return
  const parent = path.dirname(dir)
  if (parent !== dir) makeDirectories(parent)
  try {
    mkdirSync(dir)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/** A kill may leave one behind; whoever tidies the directory knows them by this. */
export const PROBE = '.probe-'

/** Makes the directory and proves that files can be written in it; else STATE_UNUSABLE. */
export function requireWritable(dir: string, what: string): void {
  try {
    makeDirectories(dir)
    if (!statSync(dir).isDirectory()) throw new Error('it is no directory')
    const probe = path.join(dir, `${PROBE}${randomUUID()}`)
    writeFileSync(probe, '')
    rmSync(probe)
  } catch (error) {
    throw new LabError('STATE_UNUSABLE', `${what} ${dir} cannot be written: ${messageOf(error)}`, {
      hint: 'check owner, permissions and free space, or give another --state-dir or --snapshot-dir',
      cause: error,
    })
  }
}

/** SHA-256 of a file, read in pieces: a snapshot need not fit into memory. */
export function hashFile(file: string): string {
  const hash = createHash('sha256')
  const piece = Buffer.allocUnsafe(1 << 20)
  const fd = openSync(file, 'r')
  try {
    for (let n = readSync(fd, piece); n > 0; n = readSync(fd, piece)) hash.update(piece.subarray(0, n))
  } finally {
    closeSync(fd)
  }
  return hash.digest('hex')
}

const PAGE = Buffer.alloc(4096)

/**
 * SQLite does not hand on the system's error number. A page written beside the file, at the place where it
 * ends, meets the same refusal: a full disk (ENOSPC), a quota (EDQUOT) or limit (EFBIG). Undefined if it succeeds.
 */
export function refusalOf(file: string): string | undefined {
  const probe = path.join(path.dirname(file), `${PROBE}${randomUUID()}`)
  let fd: number | undefined
  try {
    let at = statSync(file, { throwIfNoEntry: false })?.size ?? 0
    fd = openSync(probe, 'w')
    // What fits is written, as any write would be; the rest then says why.
    for (let done = 0; done < PAGE.length;) {
      const n = writeSync(fd, PAGE, done, PAGE.length - done, at)
      done += n
      at += n
    }
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code
  } finally {
    if (fd !== undefined) closeSync(fd)
    rmSync(probe, { force: true })
  }
}

/** For the end of a message. */
export const toldRefusal = (file: string): string => {
  const code = refusalOf(file)
  return code === undefined ? '' : `; the system refuses such a write with ${code}`
}
