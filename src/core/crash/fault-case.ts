/**
 * What a fault's proof is told, and how it reads it. Data and pure readers; the proofs are in fault-proofs.ts
 * (files, brokers) and fault-proofs-live.ts (a disk that fills up, a clock that is moved).
 */
import type { HistoryEvent } from '../history/event.ts'
import type { FrameSeen } from '../ports/proxy.ts'

export interface FileSeen {
  /** Below the state directory of the prefix. */
  readonly file: string
  readonly bytes: number
  readonly sha256: string
}

export interface Flip {
  readonly file: string
  readonly offset: number
  readonly from: number
  readonly to: number
}

export interface FaultSeen {
  readonly fault: string
  /** Files of the task, state and snapshots, between its death and the fault, and after the fault. */
  readonly before: readonly FileSeen[]
  readonly after: readonly FileSeen[]
  readonly flips: readonly Flip[]
  /** Changelog offset at which the state stood at the death, and after the fault. */
  readonly nextChangelogBefore?: number | undefined
  readonly nextChangelogAfter?: number | undefined
  readonly broker?: BrokerSeen | undefined
  /** The limit under which a life could not write any further. */
  readonly limit?: LimitSeen | undefined
  /** By how much the clock of the next life was moved. */
  readonly clockOffsetMs?: number | undefined
  /** A further life, which came without local state. */
  readonly afterwards?: string | undefined
  /** The life that met the fault, if it was to be refused, and how it ended. */
  readonly refused?: { readonly incarnation: string | undefined; readonly exit: number | null } | undefined
}

/** What was done to a broker. */
export interface BrokerSeen {
  /** Process ids. */
  readonly before: number
  readonly after: number
  /** How the process ended, where it was killed. */
  readonly ended: string | null
  readonly downMs: number
  /** CLOCK_MONOTONIC: when it was struck. */
  readonly at: number
}

/** A file-size limit on a living process. */
export interface LimitSeen {
  readonly bytes: number
  /** As the kernel had it, read back while it held. */
  readonly kernelSays: string
  /** What the limit was to meet, and how large it was then. */
  readonly file: string
  readonly fileBytes: number
}

/** A record that a life wrote. */
export interface Stamp {
  /** Milliseconds: the record's own timestamp, set by the client. */
  readonly timestamp: number
  /** Transaction of that life. */
  readonly n: number
}

export interface FaultFacts {
  /** EndTxn frames that the proxy saw. */
  readonly frames?: readonly FrameSeen[]
  /** Lines of the life that was inside the commit. */
  readonly struck?: readonly HistoryEvent[]
  readonly seen: FaultSeen
  readonly task: number
  /** Lines of the life that was refused, and of the one that came through. */
  readonly refused: readonly HistoryEvent[]
  readonly next: readonly HistoryEvent[]
  /** Lines of the further one. */
  readonly afterwards?: readonly HistoryEvent[]
  /** The first record that the one that came through wrote. */
  readonly stamp?: Stamp | undefined
}

export type Objection = string | undefined

export interface FaultProof {
  readonly objection: (facts: FaultFacts) => Objection
  readonly proven: (facts: FaultFacts) => string
}

export const restored = (facts: FaultFacts): HistoryEvent | undefined =>
  facts.next.find((e) => e.f === 'restore' && e.type === 'ok' && e.task === facts.task)

export const sourceOf = (facts: FaultFacts): string =>
  (restored(facts)?.['source'] as string | undefined) ?? 'nothing'

export const replayOf = (facts: FaultFacts): HistoryEvent | undefined =>
  facts.next.find((e) => e.f === 'replay' && e.type === 'ok' && e.task === facts.task)

export const replayFrom = (facts: FaultFacts): number => Number(replayOf(facts)?.['from'])

const STATE = /^opb-\d+\/(CURRENT$|gen-)/

export const files = (seen: readonly FileSeen[], which: RegExp): FileSeen[] =>
  seen.filter(({ file }) => which.test(file))

export const stateFiles = (seen: readonly FileSeen[]): FileSeen[] => files(seen, STATE)

export function deleted({ seen }: FaultFacts): Objection {
  if (stateFiles(seen.before).length === 0) return 'there was no state to delete'
  const left = stateFiles(seen.after)
  return left.length > 0 ? `${left[0]!.file} is still there` : undefined
}

/** A snapshot's files are named after it. */
export const nameOf = (snapshotId: string): string => snapshotId.replaceAll(/[^A-Za-z0-9._-]/g, '-')
