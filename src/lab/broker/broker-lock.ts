/**
 * One process at a time may start or stop the broker of a state folder.
 *
 * Promises: the work runs while this process holds the lock; a lock whose holder is dead is taken over;
 * waiting is bounded (TIMEOUT). Should two take over the same dead lock in the same instant, Kafka's own
 * lock on its data folder still keeps a second broker out.
 * Does not: work across hosts.
 */
import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { LabError, messageOf } from '../../core/errors.ts'
import { bornAt, isAlive } from './broker-record.ts'

/** The first start fetches and trains; the second of two waits for all of it. */
const WAIT_MS = 180_000
const ASK_AGAIN_MS = 25

export async function withLock<T>(directory: string, work: () => Promise<T>): Promise<T> {
  const file = path.join(directory, 'lock')
  const mine = JSON.stringify({ pid: process.pid, born: bornAt(process.pid) })
  const deadline = performance.now() + WAIT_MS
  makeDirectory(directory)
  while (!take(file, mine)) {
    if (performance.now() > deadline) {
      throw new LabError('TIMEOUT', `another eoslab has held ${file} for ${WAIT_MS / 1000} s`, {
        hint: 'If none is running, remove that file.',
      })
    }
    await delay(ASK_AGAIN_MS)
  }
  try {
    return await work()
  } finally {
    rmSync(file, { force: true })
  }
}

function take(file: string, mine: string): boolean {
  try {
    writeFileSync(file, mine, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unusable(file, error)
  }
  const theirs = read(file)
  if (theirs !== '' && !holderLives(theirs)) setAside(file, theirs)
  return false
}

function holderLives(text: string): boolean {
  try {
    const { pid, born } = JSON.parse(text) as { pid: number; born: string }
    return isAlive(pid, born)
  } catch {
    return true
  }
}

/** Moves a dead lock away; puts back what turns out to be a fresh one. */
function setAside(file: string, dead: string): void {
  const aside = `${file}.${randomUUID()}`
  try {
    renameSync(file, aside)
    if (read(aside) === dead) rmSync(aside)
    else renameSync(aside, file)
  } catch {
    // Another process was faster; the next round sees what it left.
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

export function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true })
  } catch (error) {
    throw unusable(directory, error)
  }
}

const unusable = (what: string, error: unknown): LabError =>
  new LabError('STATE_UNUSABLE', `${what} cannot be made: ${messageOf(error)}`, {
    hint: 'Choose another folder with --state-dir.',
    cause: error,
  })
