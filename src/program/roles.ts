/** First argument by which the single executable is something else than the command line. No command has a colon. */
export const WORKER_ROLE = 'eoslab:worker'
export const SQLITE_ROLE = 'eoslab:sqlite-version'
