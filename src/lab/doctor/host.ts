/**
 * The machine itself: platform, open files, memory, clock, and the folders that are written to.
 *
 * Each is a function of what it looks at, so that a test can show it a machine that lacks something.
 */
import { existsSync, statSync } from 'node:fs'
import { access, constants, statfs } from 'node:fs/promises'
import path from 'node:path'
import { messageOf } from '../../core/errors.ts'
import { fine, missing, note, type Finding } from './finding.ts'

/** A full matrix with kept cells stays well below this. */
const ENOUGH_GIB = 2
/** Kafka keeps some files per partition, and a matrix makes a few hundred partitions. */
const ENOUGH_FILES = 4096
/** The broker's heap, its code, two workers and ourselves. */
const ENOUGH_MEMORY_GIB = 1.5
/** Older than the program itself: certificates look invalid, and records look expired to the broker. */
const PROGRAM_MS = Date.UTC(2025, 0, 1)

export function platform(name: string, arch: string, proc: string = '/proc/self/stat'): Finding {
  const found = `${name} ${arch}`
  if (name !== 'linux') {
    return missing(
      'platform',
      found,
      'Run it on Linux, x64 or arm64; on another system in a container or VM.',
    )
  }
  if (!existsSync(proc)) {
    return missing(
      'platform',
      `${found} without /proc`,
      'Mount /proc: how a process is told from another needs it.',
    )
  }
  return ['x64', 'arm64'].includes(arch)
    ? fine('platform', found)
    : note('platform', found, 'Only x64 and arm64 have been tried.')
}

/** `limits` is the text of /proc/self/limits. Node and Java raise the soft limit to the hard one themselves. */
export function openFiles(limits: string): Finding {
  const hard = /^Max open files\s+\S+\s+(\S+)/mu.exec(limits)?.[1]
  if (hard === undefined) return note('open files', 'the limit cannot be read', 'See: ulimit -Hn')
  const found = `up to ${hard}`
  return hard === 'unlimited' || Number(hard) >= ENOUGH_FILES
    ? fine('open files', found)
    : missing(
        'open files',
        found,
        `Raise the hard limit to ${ENOUGH_FILES} or more: ulimit -Hn, limits.conf.`,
      )
}

export function memory(availableBytes: number): Finding {
  const gib = availableBytes / 2 ** 30
  const found = `${gib.toFixed(1)} GiB to be had`
  return gib >= ENOUGH_MEMORY_GIB
    ? fine('memory', found)
    : note('memory', found, `Free some, or raise the container's limit: ${ENOUGH_MEMORY_GIB} GiB are enough.`)
}

export function clock(nowMs: number): Finding {
  const found = new Date(nowMs).toISOString()
  return nowMs >= PROGRAM_MS
    ? fine('clock', found)
    : missing(
        'clock',
        `${found} lies in the past`,
        'Set the clock: with it wrong, fetching and retention fail.',
      )
}

/** A folder that will be written to, whether it exists yet or not. */
export async function folder(what: string, directory: string, instead: string): Promise<Finding> {
  const nearest = existingParent(directory)
  try {
    await requireWritable(nearest)
    const { bavail, bsize } = await statfs(nearest)
    const gib = (bavail * bsize) / 2 ** 30
    const found = `${gib.toFixed(1)} GiB free below ${nearest}`
    return gib >= ENOUGH_GIB
      ? fine(what, found)
      : note(
          what,
          found,
          `Make room, or choose another folder with ${instead}; ${ENOUGH_GIB} GiB are plenty.`,
        )
  } catch (error) {
    return missing(what, messageOf(error), `Choose a folder that can be written: ${instead}`)
  }
}

/** Rejects with the reason. That a file can be written doesn't make it a folder. */
export async function requireWritable(directory: string): Promise<void> {
  if (!statSync(directory).isDirectory()) throw new Error(`${directory} is no folder`)
  await access(directory, constants.W_OK | constants.X_OK)
}

export function existingParent(directory: string): string {
  return existsSync(directory) ? directory : existingParent(path.dirname(directory))
}
