/**
 * Entry of the single executable (`make binary`). It is several programs: the command line, and, told so by
 * its first argument, the worker that gets killed or the check of SQLite that doctor makes.
 *
 * Does not: exist in a checkout's build; there bin/run.js and dist/worker.js are these entries.
 */
import { EXIT, messageOf } from './core/errors.ts'
import type { CommandTable } from './program/embedded.ts'
import { SQLITE_ROLE, WORKER_ROLE } from './program/roles.ts'

export async function single(table: CommandTable): Promise<void> {
  process.env['KAFKAJS_NO_PARTITIONER_WARNING'] = '1'
  const role = process.argv[2]
  if (role === WORKER_ROLE) {
    // The worker reads its order where a script's first argument stands.
    process.argv.splice(2, 1)
    await import('./worker.ts')
  } else if (role === SQLITE_ROLE) {
    await sqliteVersion()
  } else {
    const { main } = await import('./cli.ts')
    await main(process.argv.slice(2), table)
  }
}

async function sqliteVersion(): Promise<void> {
  try {
    const { default: Database } = await import('better-sqlite3')
    const version = new Database(':memory:').prepare('select sqlite_version()').pluck().get()
    process.stdout.write(`${String(version)}\n`)
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`)
    process.exitCode = EXIT.environment
  }
}
