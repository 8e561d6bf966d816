/**
 * Errors as rows: one closed table of codes, each with its exit code and whether the outcome is sure.
 *
 * Promises: every error that crosses a port or reaches a user is a LabError with a code of this table;
 * `definite: false` means the thing may have happened (a commit in flight), never "it failed".
 * Does not: log, retry or print; the command's base class prints `message`, then `hint`.
 */

export const EXIT = {
  valid: 0,
  invalid: 1,
  usage: 2,
  unknown: 3,
  environment: 4,
  internal: 70,
  interrupted: 130,
} as const

interface ErrorRow {
  readonly exit: number
  readonly definite: boolean
  readonly meaning: string
  /** The next step, for an error that names none of its own. */
  readonly next?: string
}

export const ERROR_TABLE = {
  USAGE: { exit: 2, definite: true, meaning: 'the command line or an input file is wrong; nothing was done' },
  UNKNOWN_POINT: { exit: 2, definite: true, meaning: 'no crash point has that name' },
  BAD_INPUT_FILE: {
    exit: 2,
    definite: true,
    meaning: 'an input file is missing, unreadable or damaged; the message has the line',
  },
  SCENARIO: {
    exit: 2,
    definite: true,
    meaning: 'an experiment file does not follow the schema; the message has line and column',
  },
  LIVE_OWNER: { exit: 2, definite: true, meaning: 'the task has a live owner and was not touched' },
  STATE_MISMATCH: {
    exit: 2,
    definite: true,
    meaning: 'a state directory belongs to another prefix, changelog mode or schema version',
  },
  STATE_UNUSABLE: {
    exit: 2,
    definite: true,
    meaning: 'a state or snapshot directory cannot be read or written',
  },
  RESULTS_UNUSABLE: { exit: 2, definite: true, meaning: 'the results folder cannot be written or read' },
  NO_MANIFEST: { exit: 2, definite: true, meaning: 'no manifest of that name is known' },
  MISSING_TOPIC: {
    exit: 2,
    definite: true,
    meaning: 'a topic that the command needs does not exist',
    next: 'Create the topics: eoslab topics create --prefix P (gen does so too).',
  },
  NOTHING_TO_SHOW: { exit: 3, definite: true, meaning: 'there is no run to report on' },
  CRASH_NOT_REACHED: {
    exit: 3,
    definite: true,
    meaning: 'the run ended before the asked crash point was hit',
  },
  NO_BROKER: {
    exit: 4,
    definite: true,
    meaning: 'no Kafka broker was given or found, or it does not answer',
  },
  BROKER_LOST: {
    exit: 4,
    definite: false,
    meaning: 'the broker stopped answering midway; an open commit may or may not have happened',
    next: 'See whether it still runs: eoslab broker status. Then run it again: recovery settles what was open.',
  },
  CACHE_UNUSABLE: { exit: 4, definite: true, meaning: 'the cache folder cannot be written' },
  BROKER_START: { exit: 4, definite: true, meaning: 'the local broker could not be started' },
  NO_JAVA: { exit: 4, definite: true, meaning: 'Java 17 or later was not found' },
  NO_MAVEN: {
    exit: 4,
    definite: true,
    meaning: 'Maven is needed once to fetch the broker and was not found',
  },
  FENCED: {
    exit: 1,
    definite: true,
    meaning: 'a newer incarnation of the task has taken over; this one stopped without committing',
    next: 'Let the other one work; or stop that one, and run this again.',
  },
  COMMIT_UNKNOWN: {
    exit: 1,
    definite: false,
    meaning: 'the fate of a commit is unknown; the process stops and recovery decides',
    next: 'Run it again: recovery finds out what was committed.',
  },
  HUNG_TRANSACTION: {
    exit: 1,
    definite: true,
    meaning: 'the last stable offset did not reach the high watermark in time',
  },
  RECOVERY_GAP: {
    exit: 1,
    definite: true,
    meaning: 'what recovery needs is no longer in the log',
    next: 'The log was cut or the topic made anew. Start over under another --prefix, or with longer retention.',
  },
  RECOVERY_MISMATCH: {
    exit: 1,
    definite: true,
    meaning: 'the committed input offset is not where the replayed state stands',
  },
  CHANGELOG_DAMAGED: {
    exit: 1,
    definite: true,
    meaning: 'a changelog record cannot be read as one; the message has its offset',
  },
  STATE_DAMAGED: {
    exit: 1,
    definite: true,
    meaning: 'a row of the local state is not what was written; nothing was committed from it',
    next: 'Move that generation away (the message names it) and start again: the changelog has everything.',
  },
  SNAPSHOT_DAMAGED: {
    exit: 1,
    definite: true,
    meaning: 'a snapshot file is missing, torn or does not match its manifest',
  },
  SUM_OVERFLOW: {
    exit: 1,
    definite: true,
    meaning: 'a sum would pass 2^53-1; nothing was committed',
    next: 'Choose a smaller --window, or leave that order out.',
  },
  OWNER_CHANGED: {
    exit: 1,
    definite: true,
    meaning: 'the state belongs to another incarnation by now; nothing was applied',
  },
  TIMEOUT: {
    exit: 1,
    definite: false,
    meaning: 'a bounded wait ended; the message says what it waited for',
    next: 'See whether the broker still runs: eoslab broker status. On a busy machine, run it again.',
  },
  WORKER_DIED: {
    exit: 1,
    definite: true,
    meaning: 'a worker process ended when it should not have',
    next: 'Its log lies in the state directory, below <prefix>/logs.',
  },
  INTERNAL: { exit: 70, definite: false, meaning: 'a bug of ours' },
  INTERRUPTED: { exit: 130, definite: true, meaning: 'stopped by Ctrl-C or SIGTERM' },
} as const satisfies Record<string, ErrorRow>

export type ErrorCode = keyof typeof ERROR_TABLE

export class LabError extends Error {
  readonly code: ErrorCode
  readonly hint: string | undefined

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'LabError'
    this.code = code
    const row: ErrorRow = ERROR_TABLE[code]
    this.hint = options.hint ?? row.next
  }

  get exit(): number {
    return ERROR_TABLE[this.code].exit
  }

  get definite(): boolean {
    return ERROR_TABLE[this.code].definite
  }
}

/** Message of anything thrown, for wrapping. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
