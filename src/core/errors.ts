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
  readonly next: string
}

export const ERROR_TABLE = {
  USAGE: {
    exit: 2,
    definite: true,
    meaning: 'the command line or an input file is wrong; nothing was done',
    next: 'See --help of the command; then type it again.',
  },
  UNKNOWN_POINT: {
    exit: 2,
    definite: true,
    meaning: 'no crash point has that name',
    next: 'The points: eoslab crash-matrix --list',
  },
  BAD_INPUT_FILE: {
    exit: 2,
    definite: true,
    meaning: 'an input file is missing, unreadable or damaged; the message has the line',
    next: 'Mend the file at the place that the message names.',
  },
  SCENARIO: {
    exit: 2,
    definite: true,
    meaning: 'an experiment file does not follow the schema; the message has line and column',
    next: 'Mend the file there; its fields are described in contracts/scenario.schema.json.',
  },
  LIVE_OWNER: {
    exit: 2,
    definite: true,
    meaning: 'the task has a live owner and was not touched',
    next: 'Ask the owner to stop (kill -TERM its process), or work under another --prefix.',
  },
  STATE_MISMATCH: {
    exit: 2,
    definite: true,
    meaning: 'a state directory belongs to another prefix, changelog mode or schema version',
    next: 'Use the flags that the state was made with, or another --state-dir.',
  },
  STATE_UNUSABLE: {
    exit: 2,
    definite: true,
    meaning: 'a state or snapshot directory cannot be read or written',
    next: 'Make the folder readable and writable, or name another: --state-dir DIR.',
  },
  RESULTS_UNUSABLE: {
    exit: 2,
    definite: true,
    meaning: 'the results folder cannot be written or read',
    next: 'Name a folder that can be written: EOSLAB_RESULTS=DIR.',
  },
  NO_MANIFEST: {
    exit: 2,
    definite: true,
    meaning: 'no manifest of that name is known',
    next: 'The known ones: eoslab snapshot list --prefix P; or recover with --manifest none.',
  },
  MISSING_TOPIC: {
    exit: 2,
    definite: true,
    meaning: 'a topic that the command needs does not exist',
    next: 'Create the topics: eoslab topics create --prefix P (gen does so too).',
  },
  NOTHING_TO_SHOW: {
    exit: 3,
    definite: true,
    meaning: 'there is no run to report on',
    next: 'Make a run: eoslab crash-matrix --at mid-commit.',
  },
  CRASH_NOT_REACHED: {
    exit: 3,
    definite: true,
    meaning: 'the run ended before the asked crash point was hit',
    next: 'Give more --orders, or a smaller hit (POINT:1).',
  },
  NO_BROKER: {
    exit: 4,
    definite: true,
    meaning: 'no Kafka broker was given or found, or it does not answer',
    next: 'Start one: eoslab broker start; or name one: --brokers host:port.',
  },
  BROKER_LOST: {
    exit: 4,
    definite: false,
    meaning: 'the broker stopped answering midway; an open commit may or may not have happened',
    next: 'See whether it still runs: eoslab broker status. Then run it again: recovery settles what was open.',
  },
  CACHE_UNUSABLE: {
    exit: 4,
    definite: true,
    meaning: 'the cache folder cannot be written',
    next: 'Name one that can be: EOSLAB_CACHE=DIR.',
  },
  BROKER_START: {
    exit: 4,
    definite: true,
    meaning: 'the local broker could not be started',
    next: 'What it lacks: eoslab doctor.',
  },
  NO_JAVA: {
    exit: 4,
    definite: true,
    meaning: 'Java 17 or later was not found',
    next: 'Install Java 17 or later, or use a broker elsewhere: --brokers host:port.',
  },
  NO_MAVEN: {
    exit: 4,
    definite: true,
    meaning: 'Maven is needed once to fetch the broker and was not found',
    next: 'Install Maven, or use a broker elsewhere: --brokers host:port.',
  },
  NO_TOOL: {
    exit: 4,
    definite: true,
    meaning: 'a program of the system that this needs was not found or did not work',
    next: 'Install it (the message names it), or leave that cell out.',
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
    next: 'It ends at its timeout (10 s in eoslab); run it again then, or end the process that holds it.',
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
    next: 'Nothing was resumed. See what is committed: eoslab check --prefix P.',
  },
  CHANGELOG_DAMAGED: {
    exit: 1,
    definite: true,
    meaning: 'a changelog record cannot be read as one; the message has its offset',
    next: 'Nothing was resumed. See what is committed: eoslab check --prefix P.',
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
    next: 'See which are sound: eoslab snapshot verify --prefix P; or recover with --manifest none.',
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
    next: 'Let the other one work; or stop that one, and run this again.',
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
  INTERNAL: {
    exit: 70,
    definite: false,
    meaning: 'a bug of ours',
    next: 'Run it again with EOSLAB_DEBUG=1 to see where, and report that.',
  },
  INTERRUPTED: {
    exit: 130,
    definite: true,
    meaning: 'stopped by Ctrl-C or SIGTERM',
    next: 'Run it again; what was open is settled by recovery.',
  },
} as const satisfies Record<string, ErrorRow>

export type ErrorCode = keyof typeof ERROR_TABLE

export class LabError extends Error {
  readonly code: ErrorCode
  readonly hint: string

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
