/**
 * The record that a running lab broker leaves beside its data, so that other processes find it.
 *
 * Promises: a record whose process is gone, or whose process id now belongs to something else, is told from
 * a live one. Light: no adapter, no vendor; the help screen reads it.
 * Does not: ask the broker whether it answers; that is src/lab/broker/broker.ts.
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'

export interface BrokerRecord {
  readonly pid: number
  /** Start of the process as the system counts it; guards against a reused process id. Empty if unknown. */
  readonly born: string
  readonly brokers: string
  /** Where the second listener tells its clients to go: the port a wire proxy has to take. */
  readonly proxied: { readonly listen: string; readonly advertised: string }
  readonly dataDir: string
  readonly started: string
}

/** Folder of the broker of `broker start`. */
export const persistentDirectory = (stateDir: string): string => path.join(stateDir, 'broker')

/** Parent of the brokers that live as long as one command. */
export const ephemeralParent = (stateDir: string): string => path.join(stateDir, 'brokers')

export const recordFile = (directory: string): string => path.join(directory, 'broker.json')

export function readRecord(directory: string): BrokerRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(recordFile(directory), 'utf8')) as BrokerRecord
    return typeof record.pid === 'number' && typeof record.brokers === 'string' ? record : undefined
  } catch {
    return undefined
  }
}

/** The record, if its process lives. */
export function liveRecord(directory: string): BrokerRecord | undefined {
  const record = readRecord(directory)
  return record !== undefined && isAlive(record.pid, record.born) ? record : undefined
}

export function isAlive(pid: number, born: string): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  const now = bornAt(pid)
  return now !== 'gone' && (born === '' || now === '' || now === born)
}

/** Start of a process in the system's own ticks; empty where there is no /proc, `gone` for a zombie. */
export function bornAt(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold anything; what follows its last parenthesis starts with the state.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? 'gone' : (fields[19] ?? '')
  } catch {
    return ''
  }
}
