/**
 * The kept cell: the last OpB cell of the last matrix, for `eoslab recover` without `--prefix`.
 *
 * Promises: `kept.json` names one cell whose state and topics are there; where the broker was a passing one,
 * its data folder is moved beside it. A new one replaces the old, whose data then go.
 */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { prefixDirectory, prefixProblem } from '../../core/contracts/names.ts'
import type { LentBroker } from '../broker/broker.ts'

export interface KeptCell {
  readonly prefix: string
  readonly stateRoot: string
  /** Address of the broker that has its topics; absent if `brokerData` is set. */
  readonly brokers?: string
  /** Data folder to start a broker on. */
  readonly brokerData?: string
  /** Seconds. */
  readonly window: number
  readonly point: string
  readonly cell: string
  readonly results: string
  /** Asked for with `--keep`: the next kept cell takes its place here, but nothing of it is removed. */
  readonly pinned?: boolean
}

export const keptFile = (stateDir: string): string => path.join(stateDir, 'kept.json')

export function readKept(stateDir: string): KeptCell | undefined {
  try {
    return JSON.parse(readFileSync(keptFile(stateDir), 'utf8')) as KeptCell
  } catch {
    return undefined
  }
}

/** Returns the cell it replaces if that one's topics are on the same, lasting broker: the caller removes them. */
export function keepCell(
  stateDir: string,
  cell: Omit<KeptCell, 'brokers' | 'brokerData'>,
  broker: LentBroker,
): KeptCell | undefined {
  const old = readKept(stateDir)
  const brokerData = path.join(stateDir, 'kept', cell.prefix.replace(/\.$/, ''))
  const where = broker.kind === 'ephemeral' ? { brokerData } : { brokers: broker.brokers }
  if (broker.kind === 'ephemeral') broker.keepDataAs(brokerData)
  const kept: KeptCell = { ...cell, ...where }
  const aside = `${keptFile(stateDir)}.${process.pid}`
  writeFileSync(aside, `${JSON.stringify(kept, null, 2)}\n`)
  renameSync(aside, keptFile(stateDir))
  if (!old || old.pinned === true || old.prefix === cell.prefix) return undefined
  // The file may have been edited; nothing but a cell's own directory is ever removed for it.
  if (prefixProblem(old.prefix) !== undefined) return undefined
  const ours = old.brokerData !== undefined || old.brokers === kept.brokers
  if (old.brokerData && existsSync(old.brokerData)) rmSync(old.brokerData, { recursive: true, force: true })
  if (ours) rmSync(path.join(old.stateRoot, prefixDirectory(old.prefix)), { recursive: true, force: true })
  return old.brokers !== undefined && ours ? old : undefined
}
