/**
 * The folders of brokers that live as long as one command.
 *
 * Promises: every folder names its owner, so that the next run can clear those whose owner is dead, and no
 * others.
 * Does not: stop processes; a tied broker ends with its owner.
 */
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cp, mkdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { makeDirectory } from './broker-lock.ts'
import { bornAt, ephemeralParent, isAlive } from './broker-record.ts'

/** A folder of this process, after clearing those whose processes are gone. */
export async function ephemeralDirectory(stateDir: string): Promise<string> {
  const parent = ephemeralParent(stateDir)
  makeDirectory(parent)
  for (const name of readdirSync(parent)) {
    const directory = path.join(parent, name)
    if (!ownerLives(directory)) await rm(directory, { recursive: true, force: true })
  }
  const directory = path.join(parent, `${process.pid}-${randomBytes(4).toString('hex')}`)
  makeDirectory(directory)
  writeFileSync(
    path.join(directory, 'owner.json'),
    JSON.stringify({ pid: process.pid, born: bornAt(process.pid) }),
  )
  return directory
}

function ownerLives(directory: string): boolean {
  try {
    const owner = JSON.parse(readFileSync(path.join(directory, 'owner.json'), 'utf8')) as {
      pid: number
      born: string
    }
    return isAlive(owner.pid, owner.born)
  } catch {
    // Not written yet: its maker is named by the folder.
    return isAlive(Number.parseInt(path.basename(directory), 10), '')
  }
}

/** Moves a folder, over what was there, to where it stays. */
export async function keepDirectory(from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true })
  await mkdir(path.dirname(to), { recursive: true })
  try {
    await rename(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error
    await cp(from, to, { recursive: true })
  }
  await rm(path.join(to, 'owner.json'), { force: true })
}

export const removeDirectory = (directory: string): Promise<void> =>
  rm(directory, { recursive: true, force: true })
